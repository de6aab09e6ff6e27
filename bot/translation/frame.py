"""The message sent ten times a second in each conversation, as the bytes of a websocket frame.

The SDK's way (a dict through the JSON writer, a UUID, a mask in pure Python) costs 60 us for each
100 ms of speech; this costs a tenth. `SpeechFrame` is still a frame of the SDK's websocket library,
sent by its own `send_frame` under its own lock.
"""

import itertools
import os
import struct
from typing import Final

import numpy as np
import websocket

_APPEND: Final = b'{"event_id":"event_%032x","type":"input_audio_buffer.append","audio":"%b"}'
_TEXT: Final = 0x80 | websocket.ABNF.OPCODE_TEXT  # a whole message
_MASKED: Final = 0x80
_SHORT: Final = 126  # shorter payloads have their length in one byte, those marked by it in two
_LONG: Final = 127  # the mark of a length in eight bytes


class SpeechFrame(websocket.ABNF):
    """A whole text message, masked by numpy."""

    def __init__(self, text: bytes) -> None:
        super().__init__(fin=1, opcode=websocket.ABNF.OPCODE_TEXT, data=text)
        self._text = text

    def format(self) -> bytes:
        """The frame's bytes."""
        text, size = self._text, len(self._text)
        mask: bytes = self.get_mask_key(4)
        words = np.frombuffer(text + bytes(-size % 4), "<u4") ^ np.frombuffer(mask, "<u4")
        masked: bytes = words.tobytes()
        return _head(size) + mask + masked[:size]


class SpeechEvents:
    """Numbers a connection's events: their ids are as unique as the SDK's, and as long."""

    def __init__(self) -> None:
        self._ids = itertools.count(int.from_bytes(os.urandom(8)) << 64)

    def append(self, audio_b64: bytes) -> SpeechFrame:
        """An input_audio_buffer.append with audio in base64."""
        return SpeechFrame(_APPEND % (next(self._ids), audio_b64))


def _head(size: int) -> bytes:
    if size < _SHORT:
        return struct.pack("!BB", _TEXT, _MASKED | size)
    if size < 1 << 16:
        return struct.pack("!BBH", _TEXT, _MASKED | _SHORT, size)
    return struct.pack("!BBQ", _TEXT, _MASKED | _LONG, size)
