"""What Qwen3-TTS speaks, with which voices, and what it charges for a text."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

LANGUAGES: Final[Mapping[str, str]] = {
    "zh": "Chinese",
    "en": "English",
    "de": "German",
    "it": "Italian",
    "pt": "Portuguese",
    "es": "Spanish",
    "ja": "Japanese",
    "ko": "Korean",
    "fr": "French",
    "ru": "Russian",
}
"""By our code, as the service names them."""

DEFAULT: Final = "Cherry"
# Voices of its own that conversations have too, under the same name; each speaks every language.
_SHARED: Final = frozenset(
    {
        "Cherry",
        "Serena",
        "Ethan",
        "Chelsie",
        "Nofish",
        "Jennifer",
        "Ryan",
        "Katerina",
        "Aiden",
        "Sohee",
        "Ono Anna",
        "Lenn",
        "Emilien",
        "Jada",
        "Dylan",
        "Peter",
        "Sunny",
        "Eric",
        "Kiki",
    }
)
# In the place of those that it does not have: others than conversations have, so that nobody gets
# the voice of somebody else.
_LIKE: Final = {"Tina": DEFAULT, "Cindy": "Maia"}

MOST_CHARACTERS: Final = 600
"""Of a request, as they are charged for."""
_HAN: Final = re.compile(
    "[\u2e80-\u2fdf\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_ENDS: Final = (
    re.compile(r"[.!?\u2026]+[\"'\u201d\u2019)]*\s+|[\u3002\uff01\uff1f]+|\n+"),  # sentences
    re.compile(r"[,;:]\s+|[\u3001\uff0c\uff1b\uff1a]"),
    re.compile(r"\s+"),
)


def voice_for(name: str | None) -> str:
    """Return the voice for whom conversations speak with the voice of this name."""
    if name in _SHARED:
        return name
    return _LIKE.get(name or "", DEFAULT)


def charged(text: str) -> int:
    """Return for how many characters a text is charged: a Chinese character counts as two."""
    return len(text) + len(_HAN.findall(text))


def parts(text: str) -> Iterator[str]:
    """Yield a text in pieces that fit a request each, cut between sentences where that is possible.

    What has nothing to say is left out.
    """
    rest = text.strip()
    while charged(rest) > MOST_CHARACTERS:
        longest = _longest(rest)
        cut = next((at for ends in _ENDS if (at := _last_end(ends, longest))), len(longest))
        if piece := rest[:cut].strip():
            yield piece
        rest = rest[cut:].strip()
    if rest:
        yield rest


def _longest(text: str) -> str:
    size = 0
    for at, sign in enumerate(text):
        size += charged(sign)
        if size > MOST_CHARACTERS:
            return text[:at]
    return text


def _last_end(ends: re.Pattern[str], text: str) -> int:
    """Return the end of the last match that does not reach the end; 0: there is none."""
    return max((found.end() for found in ends.finditer(text)), default=0)
