"""How wide text is, near enough: the widths of Helvetica, and lines broken where they may be."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from tests.picture.markdown import Look, Piece

_WIDTHS = {  # thousandths of the size; of all other letters 556, of those of East Asia 1000
    191: "'",
    222: "ijl",
    278: " !,./:;ftI·",
    333: "()-r`¡",
    355: '"',
    500: "cksvxyzJ",
    584: "+<=>~",
    611: "FTZ¿",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "mM",
    944: "W",
    1000: "…@",
}
_WIDTH = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_BOLD, _CODE = 1.07, 602
PADS = {Look.CODE: 4.0, Look.MENTION: 3.0}  # on both sides
_WORD = re.compile(r"\s+|[⺀-鿿＀-￯]|[^\s⺀-鿿＀-￯]+")
_CLINGS = "、。？！）」"  # noqa: RUF001 - never begin a line


def width(piece: Piece, size: float) -> float:
    """Pixels of a piece, with the room about code and mentions."""
    pads = 2 * PADS.get(piece.look, 0.0)
    if piece.look is Look.CODE:
        return len(piece.text) * size * 0.85 * _CODE / 1000 + pads
    units: float = sum(_units(letter) for letter in unicodedata.normalize("NFD", piece.text))
    units *= _BOLD if piece.look is Look.BOLD else 1
    return units * size / 1000 + pads


def _units(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1000
    return _WIDTH.get(letter, 556)


def lines(pieces: Iterable[Piece], size: float, room: float) -> list[list[Piece]]:
    """Pieces in lines no wider than `room`; spaces where a line breaks go."""
    done: list[list[Piece]] = [[]]
    used = 0.0
    for part in _parts(pieces):
        wide = width(part, size)
        if used + wide > room and part.text not in _CLINGS and done[-1]:
            done.append([])
            used = 0.0
        if part.text.isspace() and not used:
            continue
        used += wide
        before = done[-1][-1] if done[-1] else None
        if before is not None and before.look is part.look and part.look in (Look.PLAIN, Look.BOLD):
            done[-1][-1] = Piece(before.text + part.text, part.look)
        else:
            done[-1].append(part)
    return done


def _parts(pieces: Iterable[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        if piece.look in (Look.CODE, Look.MENTION):
            yield piece
        else:
            yield from (Piece(word, piece.look) for word in _WORD.findall(piece.text))
