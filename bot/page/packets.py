"""What is sent to readers, as the bytes of a WebSocket frame.

A server's frames are not masked (RFC 6455, 5.1), so that one frame is the same for all readers: it
is made once and written to each connection as it is.
"""

import json
import struct
from collections.abc import Iterable
from enum import IntEnum, IntFlag
from typing import Final

_FIN: Final = 0x80
_TEXT: Final = 0x1
_BINARY: Final = 0x2
_CLOSE: Final = 0x8


class CloseCode(IntEnum):
    """Why a reader's connection was closed; the page's live.js knows the same."""

    GOING_AWAY = 1001  # the bot stops or starts; come again
    BAD_REQUEST = 4400
    NO_SESSION = 4401
    NOT_ALLOWED = 4403
    ELSEWHERE = 4409  # too many windows of one member
    ENDED = 4410


class VoiceKind(IntEnum):
    """How the samples of a voice packet are coded."""

    OPUS = 1
    PCM = 2


class VoiceFlag(IntFlag):
    """What else a voice packet says."""

    NONE = 0
    LAST = 1  # of its utterance
    CUT = 2  # drop what is not heard yet


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", _FIN | opcode, size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", _FIN | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", _FIN | opcode, 127, size)
    return head + payload


def dumped(event: object) -> str:
    """Return an event as JSON."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def text(events: Iterable[str]) -> bytes:
    """Return a frame with events that are JSON already."""
    return _frame(_TEXT, f"[{','.join(events)}]".encode("utf-8", "replace"))


def voice(kind: VoiceKind, flags: VoiceFlag, first: int, frames: Iterable[bytes]) -> bytes:
    """Return a frame with voice.

    Args:
        kind: How it is coded.
        flags: What else it says.
        first: The number of its first frame of 20 ms; a gap in the numbers is a gap in the voice.
        frames: Each 20 ms long.
    """
    parts = [struct.pack("!BBxxI", kind, flags, first & 0xFFFFFFFF)]
    for frame in frames:
        parts += (struct.pack("!H", len(frame)), frame)
    return _frame(_BINARY, b"".join(parts))


def close(code: CloseCode) -> bytes:
    """Return a frame that ends the connection."""
    return _frame(_CLOSE, struct.pack("!H", code))
