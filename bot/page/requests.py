"""What a page may ask over its connection."""

import json
from dataclasses import dataclass
from typing import Final

from bot.page.packets import VoiceKind

LONGEST: Final = 1024  # bytes of a message
_MOST: Final = 1 << 31
_VOICES: Final = {None: None, "opus": VoiceKind.OPUS, "pcm": VoiceKind.PCM}


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read, and from where on.

    Attributes:
        language: None: what the link was made for.
        voice: How the voice is wanted.
        epoch: Of the feed that `after` is a number of.
        after: The last change that the page has.
        number: Is said again where lines of another language or connection end.
    """

    language: str | None
    voice: VoiceKind | None
    epoch: str
    after: int
    number: int


def parse(message: str) -> ReadRequest | None:
    """Read a message as it came; None: it is not one of ours."""
    try:
        data = json.loads(message)
    except (ValueError, RecursionError):
        return None
    match data:
        case {
            "language": str() | None as language,
            "voice": "opus" | "pcm" | None as voice,
            "epoch": str(epoch),
            "after": int(after),
            "number": int(number),
        } if not isinstance(after, bool) and 0 <= number < _MOST:
            return ReadRequest(language, _VOICES[voice], epoch, after, number)
    return None
