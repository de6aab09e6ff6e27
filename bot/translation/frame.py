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

# Blanks behind JSON mean nothing; with them the text is whole words for the mask.
_APPEND: Final = b'{"event_id":"event_%032x","type":"input_audio_buffer.append","audio":"%b"}%b'
_BLANKS: Final = tuple(b" " * count for count in range(8))
_APPEND_BYTES: Final = len(_APPEND % (0, b"", b""))
_TEXT: Final = 0x80 | websocket.ABNF.OPCODE_TEXT  # a whole message
_MASKED: Final = 0x80
_SHORT: Final = 126  # shorter payloads have their length in one byte, those marked by it in two
_LONG: Final = 127  # the mark of a length in eight bytes
_WORD: Final = np.dtype("<u8")
# numpy lets other threads run while it works on more than 500 elements. For a microsecond's work
# that costs more than it takes: the voice thread wakes up, and this one waits for it. A tenth of a
# second of speech makes 548 words.
_AT_ONCE: Final = 500


class Masks:
    """The keys that a client has to mask its frames with: random, drawn from the system in bulk.

    Asking the system for each frame would be a call into the kernel each time.
    """

    _IN_BULK: Final = 1024  # bytes

    def __init__(self) -> None:
        self._bytes = b""
        self._at = 0

    def __call__(self, size: int, /) -> bytes:
        """So many random bytes, none twice."""
        if self._at + size > len(self._bytes):
            self._bytes = os.urandom(max(size, self._IN_BULK))
            self._at = 0
        self._at += size
        return self._bytes[self._at - size : self._at]


class SpeechFrame(websocket.ABNF):
    """A whole text message of whole words (8 bytes each), masked by numpy."""

    def __init__(self, text: bytes, masks: Masks) -> None:
        super().__init__(fin=1, opcode=websocket.ABNF.OPCODE_TEXT, data=text)
        self.get_mask_key = masks
        self._text = text

    def format(self) -> bytes:
        """The frame's bytes."""
        text = self._text
        mask: bytes = self.get_mask_key(4)
        key = np.frombuffer(mask * 2, _WORD)
        words = np.frombuffer(text, _WORD)
        first, rest = words[:_AT_ONCE] ^ key, words[_AT_ONCE:] ^ key
        return _head(len(text)) + mask + first.tobytes() + rest.tobytes()


class SpeechEvents:
    """Numbers a connection's events: their ids are as unique as the SDK's, and as long."""

    def __init__(self) -> None:
        self._ids = itertools.count(int.from_bytes(os.urandom(8)) << 64)
        self._masks = Masks()

    def append(self, audio_b64: bytes) -> SpeechFrame:
        """An input_audio_buffer.append with audio in base64."""
        blanks = _BLANKS[-(_APPEND_BYTES + len(audio_b64)) % 8]
        return SpeechFrame(_APPEND % (next(self._ids), audio_b64, blanks), self._masks)


def _head(size: int) -> bytes:
    if size < _SHORT:
        return struct.pack("!BB", _TEXT, _MASKED | size)
    if size < 1 << 16:
        return struct.pack("!BBH", _TEXT, _MASKED | _SHORT, size)
    return struct.pack("!BBQ", _TEXT, _MASKED | _LONG, size)
