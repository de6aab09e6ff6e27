"""The words of a message, apart from what Discord shows as something else than words.

Mentions, emoji, links, code and times stand in a text as `{1}`, `{2}`, … while it is translated,
and are put back afterwards exactly as they were. Each line is a text of its own, so that headings,
quotes and lists stay what they are, and what is hidden behind `||` stays hidden.
"""

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MOST_TEXTS: Final = 40  # of one message: of more lines, several share a text

_CODE_BLOCK: Final = re.compile(r"```.*?```", re.DOTALL)
_HIDDEN: Final = "||"
_LINE_START: Final = re.compile(r"\s*(?:(?:>>>|>) )?(?:(?:#{1,3}|-#|[-*]|\d{1,9}\.) +)?")
_KEPT: Final = re.compile(
    r"""
      (?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)            # code
    | <(?:@[!&]?|\#)\d+>                                    # people, roles, channels
    | </[^:>\n]{1,100}:\d+>                                 # commands
    | <a?:\w+:\d+>                                          # the server's own emoji
    | <t:-?\d+(?::\w)?>                                     # times
    | <id:\w+>                                              # places of a server's own
    | @(?:everyone|here)\b
    | \]\(<?https?://[^\s<>()]+(?:\([^\s<>()]*\)[^\s<>()]*)*>?(?:\ "[^"\n]*")?\)
    | <https?://[^\s<>]+>
    | https?://(?:\([^\s<>()]*\)|[^\s<>()|])+(?<![.,;:!?'"*~])
    | \\.                                                   # a sign without its meaning
    | \{\d+\}                                               # looks like one of ours
    """,
    re.VERBOSE,
)
_PLACE: Final = re.compile(r"[{｛]\s*(\d+)\s*[}｝]")  # noqa: RUF001 - in Chinese and Japanese
_PAIRED: Final = ("**", "__", "~~")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text to be translated.

    Attributes:
        text: The text, with a placeholder such as `{1}` for each of `kept`.
        kept: What stands there, in order.
    """

    text: str
    kept: tuple[str, ...] = ()

    def restored(self, translation: str) -> str | None:
        """Return a translation with what was kept; None where some was lost or doubled."""
        places = sorted(int(found[1]) for found in _PLACE.finditer(translation))
        if self.kept and places != list(range(1, len(self.kept) + 1)):
            return None
        for mark in _PAIRED:
            if translation.count(mark) % 2 > self.text.count(mark) % 2:
                translation = translation.replace(mark, "")  # its other half got lost
        if not self.kept:
            return translation
        return _PLACE.sub(lambda found: self.kept[int(found[1]) - 1], translation)

    def apart(self) -> list["str | Phrase"]:
        """Return it in pieces without places: each is translated alone, so nothing can get lost."""
        pieces: list[str | Phrase] = []
        at = 0
        for found in _PLACE.finditer(self.text):
            pieces += _bare(self.text[at : found.start()])
            pieces.append(self.kept[int(found[1]) - 1])
            at = found.end()
        return pieces + _bare(self.text[at:])


def parse(content: str) -> list[str | Phrase]:
    """Split a message into pieces, which joined are the message. Strings stay as they are."""
    pieces: list[str | Phrase] = []
    at = 0
    for block in _CODE_BLOCK.finditer(content):
        pieces += _lines(content[at : block.start()])
        pieces.append(block[0])
        at = block.end()
    return pieces + _lines(content[at:])


def has_words(text: str) -> bool:
    """Return whether there is anything to translate."""
    return any(unicodedata.category(sign).startswith("L") for sign in text)


def _lines(text: str) -> list[str | Phrase]:
    rows = text.split("\n")
    size = math.ceil(len(rows) / MOST_TEXTS)
    groups = ["\n".join(rows[at : at + size]) for at in range(0, len(rows), size)]
    pieces: list[str | Phrase] = []
    for index, group in enumerate(groups):
        if index:
            pieces.append("\n")
        pieces += _line(group)
    return pieces


def _line(text: str) -> Iterator[str | Phrase]:
    start = _LINE_START.match(text)
    begin = 0 if start is None else start.end()
    yield text[:begin]
    for index, part in enumerate(text[begin:].split(_HIDDEN)):
        if index:
            yield _HIDDEN
        yield from _part(part)


def _part(text: str) -> Iterator[str | Phrase]:
    kept: list[str] = []

    def place(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"{{{len(kept)}}}"

    replaced = _KEPT.sub(place, text.strip())
    if has_words(replaced):
        yield from _around(text, Phrase(replaced, tuple(kept)))
    else:
        yield text


def _bare(text: str) -> list["str | Phrase"]:
    return list(_around(text, Phrase(text.strip()))) if has_words(text) else [text]


def _around(text: str, words: Phrase) -> Iterator[str | Phrase]:
    """Yield the words of a text with the blanks before and behind them."""
    yield text[: len(text) - len(text.lstrip())]
    yield words
    yield text[len(text.rstrip()) :]
