"""What becomes of speech: 100 ms each in a masked websocket frame, dropped instead of sent.

The SDK's connection is what the bot sends with, and stands behind its way of hearing. The lean
writer does what the floor does and no more; it stands behind the peer, which has none of its own.
"""

import asyncio
import base64
import contextlib
import itertools
import os
import struct
from typing import Any, Protocol

import numpy as np
import pybase64
from aiohttp import WSMsgType
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_websocket import WebSocketWriter
from dashscope.audio.qwen_omni import OmniRealtimeCallback

from bot.translation import timeouts
from bot.translation.connection.sdk import SdkConversation
from bot.translation.speech.backlog import Backlog


class Writer(Protocol):
    """Makes frames."""

    def write(self, chunk: bytes) -> None:
        """One frame of 100 ms."""


class Lean:
    """base64 into a template, masked by numpy."""

    def __init__(self) -> None:
        self.written = 0
        self._numbers = itertools.count(1)

    def write(self, chunk: bytes) -> None:
        text = b'{"event_id":"event_%d","type":"input_audio_buffer.append","audio":"%b"}' % (
            next(self._numbers),
            base64.b64encode(chunk),
        )
        mask = os.urandom(4)
        size = len(text)
        words = np.frombuffer(text + bytes(-size % 4), "<u4") ^ np.frombuffer(mask, "<u4")
        frame = struct.pack(">BBH", 0x81, 0xFE, size) + mask + words.tobytes()[:size]
        self.written += len(frame)


class _Socket:
    """Stands where a connection has its websocket, and makes aiohttp's frame of each message."""

    connected = True

    def __init__(self) -> None:
        self.sock = self
        self.written = 0
        transport: Any = self  # in what is used of it
        protocol = BaseProtocol(asyncio.get_running_loop())
        self._writer = WebSocketWriter(protocol, transport, use_mask=True)

    def send(self, data: str) -> None:
        with contextlib.suppress(StopIteration):
            self._writer.send_frame(data.encode(), WSMsgType.TEXT).send(None)

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        self.written += len(data)


class Sdk:
    """The official SDK, as the bot's own connection uses it."""

    def __init__(self) -> None:
        self._conversation = SdkConversation(
            model="none", callback=OmniRealtimeCallback(), url="ws://127.0.0.1", api_key="none"
        )
        self._conversation.ws = _Socket()  # type: ignore[assignment] # the SDK declares it as None

    def write(self, chunk: bytes) -> None:
        self._conversation.append_audio(pybase64.b64encode_as_string(chunk))


class Frames:
    """The way of one member's speech to the wire, without the wire."""

    def __init__(self, writer: Writer) -> None:
        self._backlog = Backlog(timeouts.UNSENT_S, timeouts.KEPT_S)
        self._writer = writer

    def feed(self, pcm: bytes) -> None:
        """Take speech, PCM16 at 16 kHz mono."""
        backlog = self._backlog
        backlog.add(pcm)
        while (chunk := backlog.chunk()) is not None:
            self._writer.write(chunk)
            backlog.forget(backlog.position)
