"""The Markdown that the bot writes, as Discord reads it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

_INLINE = re.compile(
    r"\\(?P<escaped>[^\w\s])|\*\*(?P<bold>.+?)\*\*|`(?P<code>[^`]+)`"
    r"|<[#@]&?(?P<mention>\d+)>|<t:(?P<time>\d+):(?P<style>[tR])>"
)
# Direction marks and the guard against Markdown, which nobody sees.
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u2066\u2067\u2068\u2069"))
_STARTS = {"### ": "heading", "-# ": "small", "- ": "bullet"}


class Look(StrEnum):
    """How a piece of a line looks."""

    PLAIN = "plain"
    BOLD = "bold"
    CODE = "code"
    MENTION = "mention"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one look."""

    text: str
    look: Look = Look.PLAIN


@dataclass(frozen=True, slots=True)
class Row:
    """A line as it was written; `kind` is heading, small, bullet or text."""

    kind: str
    pieces: tuple[Piece, ...]


def rows(
    content: str, names: Mapping[int, str], moment: Callable[[int, str], str]
) -> Iterator[Row]:
    """The lines of a message.

    Args:
        content: With its Markdown.
        names: Of what may be mentioned, by id.
        moment: A time in words, from its seconds since 1970 and Discord's letter for its form.
    """
    for line in content.translate(_INVISIBLE).split("\n"):
        start = next((start for start in _STARTS if line.startswith(start)), "")
        yield Row(
            _STARTS.get(start, "text"), tuple(_pieces(line.removeprefix(start), names, moment))
        )


def _pieces(
    line: str, names: Mapping[int, str], moment: Callable[[int, str], str]
) -> Iterator[Piece]:
    at, plain = 0, ""
    for found in _INLINE.finditer(line):
        plain += line[at : found.start()]
        at = found.end()
        if found["escaped"]:
            plain += found["escaped"]
            continue
        if plain:
            yield Piece(plain)
            plain = ""
        if found["bold"]:
            inner = _pieces(found["bold"], names, moment)
            yield Piece("".join(piece.text for piece in inner), Look.BOLD)
        elif found["code"]:
            yield Piece(found["code"], Look.CODE)
        elif found["mention"]:
            yield Piece(names[int(found["mention"])], Look.MENTION)
        else:
            yield Piece(moment(int(found["time"]), found["style"]))
    if plain + line[at:]:
        yield Piece(plain + line[at:])
