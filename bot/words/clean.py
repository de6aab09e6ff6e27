"""Text without the characters that nobody sees."""

import unicodedata

# Joiners shape Persian, Indic scripts and emoji; every other format character only hides or moves.
_JOINERS = frozenset("\u200c\u200d")
# Invisible, though Unicode calls them letters or marks: fillers, the braille blank, the grapheme
# joiner. A name or a caption of these alone would look empty.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5")


def _plain_character(character: str) -> str:
    if character in _JOINERS:
        return character
    if character in _BLANKS:
        return " "
    category = unicodedata.category(character)
    if category in {"Cc", "Zs", "Zl", "Zp"}:
        return " "
    if category == "Cf":
        return ""
    # A lone surrogate can't be sent as UTF-8.
    return "\N{REPLACEMENT CHARACTER}" if category == "Cs" else character


class _Plain(dict[int, str]):
    """Each character's plain form, worked out once; captions are cleaned with each word."""

    def __missing__(self, code: int) -> str:
        plain = self[code] = _plain_character(chr(code))
        return plain


_PLAIN = _Plain()


def clean(text: str) -> str:
    """Return `text` on one line, single-spaced, without characters that hide, reorder or break."""
    flat = " ".join(text.translate(_PLAIN).split())
    if flat.isascii():
        return flat
    return "" if all(character in _JOINERS or character == " " for character in flat) else flat
