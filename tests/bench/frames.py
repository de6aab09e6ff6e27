"""What becomes of speech: 100 ms each in a masked websocket frame, dropped instead of sent.

The SDK's connection is what the bot sends with, and stands behind its way of hearing. The lean
writer does what the floor does and no more; it stands behind the peer, which has none of its own.
"""

import asyncio
import base64
import itertools
import os
import struct
from typing import Protocol

import numpy as np
import websocket

from bot.translation import limits
from bot.translation.backlog import Backlog
from bot.translation.faults import Fault
from bot.translation.sdk import Connection


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


class _Nobody:
    """Takes what a connection reports; there is none."""

    def opened(self) -> None: ...

    def admits(self, size: int) -> bool:
        raise AssertionError(f"nothing comes, and this has {size}")

    def overran(self) -> None: ...

    def received(self, message: object) -> None: ...

    def unreadable(self) -> None: ...

    def drained(self) -> None: ...

    def failed(self, fault: Fault) -> None: ...

    def closed(self) -> None: ...


class _Socket:
    """Makes the frame that would be sent, as the connection's own would."""

    connected = True

    def __init__(self) -> None:
        self.sock = self
        self.written = 0

    def send_frame(self, frame: websocket.ABNF) -> None:
        self.written += len(frame.format())


class Sdk:
    """The bot's own connection, over the official SDK."""

    def __init__(self) -> None:
        self._connection = Connection(
            url="ws://127.0.0.1",
            api_key="none",
            model="none",
            workspace="",
            receiver=_Nobody(),
            loop=asyncio.get_running_loop(),
        )
        self._connection._app = _Socket()  # type: ignore[assignment]

    def write(self, chunk: bytes) -> None:
        self._connection.append_audio(base64.b64encode(chunk).decode("ascii"))


class Frames:
    """The way of one member's speech to the wire, without the wire."""

    def __init__(self, writer: Writer) -> None:
        self._backlog = Backlog(limits.UNSENT_S, limits.KEPT_S)
        self._writer = writer

    def feed(self, pcm: bytes) -> None:
        """Take speech, PCM16 at 16 kHz mono."""
        backlog = self._backlog
        backlog.add(pcm)
        while (chunk := backlog.chunk()) is not None:
            self._writer.write(chunk)
            backlog.forget(backlog.position)
