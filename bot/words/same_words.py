"""Whether two texts have the same words, whatever their signs and capitals."""

import unicodedata
from typing import Final

_UNSPACED: Final = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def same_words(one: str, other: str) -> bool:
    """Return whether both have the very same words; texts without words are not the same."""
    letters = _letters(one)
    return bool(letters) and letters == _letters(other)


def share_nothing(one: str, other: str) -> bool:
    """Return whether both have words, and no word in common."""
    ours, theirs = _words(one), _words(other)
    return bool(ours) and bool(theirs) and ours.isdisjoint(theirs)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _words(text: str) -> set[str]:
    """Return the words of a text; where a script is written without spaces, its signs."""
    words: set[str] = set()
    word = ""
    for sign in f"{unicodedata.normalize('NFKC', text).casefold()} ":
        if sign.isalnum() and not is_unspaced(sign):
            word += sign
            continue
        words.update(filter(None, (word, sign if sign.isalnum() else "")))
        word = ""
    return words


def is_unspaced(sign: str) -> bool:
    """Return whether a sign is of a script that is written without spaces between words."""
    return not sign.isascii() and unicodedata.name(sign, "").startswith(_UNSPACED)
