"""What is sent to readers: messages that are made once, whoever reads them."""

import json
import struct
from collections.abc import Iterable
from enum import IntEnum, IntFlag
from typing import NamedTuple

from aiohttp import WSMsgType


class CloseCode(IntEnum):
    """Why a reader's connection was closed; the page's live.js knows the same."""

    GOING_AWAY = 1001  # the bot stops or starts; come again
    BAD_REQUEST = 4400
    NO_SESSION = 4401
    NOT_ALLOWED = 4403
    ELSEWHERE = 4409  # too many windows of one member
    ENDED = 4410
    LEFT = 4411  # the member wants to read no longer


class VoiceKind(IntEnum):
    """How the samples of a voice packet are coded."""

    OPUS = 1
    PCM = 2


class VoiceFlag(IntFlag):
    """What else a voice packet says."""

    NONE = 0
    LAST = 1  # of its utterance
    CUT = 2  # drop what is not heard yet


class PageMessage(NamedTuple):
    """A message of the WebSocket, encoded."""

    kind: WSMsgType
    data: bytes


def dumped(event: object) -> str:
    """Return an event as JSON."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def text(events: Iterable[str]) -> PageMessage:
    """Return a message with events that are JSON already."""
    return PageMessage(WSMsgType.TEXT, f"[{','.join(events)}]".encode("utf-8", "replace"))


def voice(kind: VoiceKind, flags: VoiceFlag, first: int, frames: Iterable[bytes]) -> PageMessage:
    """Return a message with voice.

    Args:
        kind: How it is coded.
        flags: What else it says.
        first: The number of its first frame of 20 ms; a gap in the numbers is a gap in the voice.
        frames: Each 20 ms long.
    """
    parts = [struct.pack("!BBxxI", kind, flags, first & 0xFFFFFFFF)]
    for frame in frames:
        parts += (struct.pack("!H", len(frame)), frame)
    return PageMessage(WSMsgType.BINARY, b"".join(parts))
