"""Foreign text made harmless: shown by Discord as the plain words it is, whatever it holds.

Discord's Markdown lets a backslash take the meaning from any following sign that is no letter,
digit or space. Marks that only count at the start of a line (# > - 1.) need no escape, as no
caption lets foreign text start one.
"""

import re
import unicodedata

_ZERO_WIDTH_SPACE = "\u200b"
_FIRST_STRONG_ISOLATE = "\u2068"
_POP_ISOLATE = "\u2069"

_RIGHT_TO_LEFT = frozenset({"R", "AL"})

_MARKDOWN = re.compile(r"[\\*_~`|<\[\]]|:(?=//)")
# Western sentences end before a space, those of Chinese and Japanese anywhere.
_SENTENCE_END = re.compile(
    r"[.!?\u2026\u061f\u06d4\u0964][\"')\]\u00bb\u201d\u2019]*(?= )"
    r"|[\u3002\uff01\uff1f][\u300d\u300f\u201d]*"
)
_MENTION = re.compile(r"@(?=everyone|here|[!&]?\d)", re.IGNORECASE)


def escape(text: str) -> str:
    """Return `text` with no Markdown, mention, emoji, link or time stamp Discord acts on."""
    return _MENTION.sub(f"@{_ZERO_WIDTH_SPACE}", _MARKDOWN.sub(r"\\\g<0>", text))


def isolate(text: str) -> str:
    """Return `text`, its direction kept from the text around it if any of it runs right to left."""
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in text):
        return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"
    return text


def length(text: str) -> int:
    """Return the length in UTF-16 units, the strictest way a limit of Discord is counted."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> list[str]:
    """Clean text cut where a reader would, into pieces that escaped fit `limit` units.

    Nothing but the spaces at the cuts is lost, and text that grows at its end keeps its earlier
    pieces.
    """
    pieces = []
    while text:
        end = _fitting(text, limit)
        if end < len(text):
            end = _good_end(text, end)
        pieces.append(text[:end].rstrip(" "))
        text = text[end:].lstrip(" ")
    return pieces


def _fitting(text: str, limit: int) -> int:
    """Return how many characters fit once escaped; at least one."""
    if 3 * len(text) <= limit:  # no character takes more
        return len(text)
    used = 0
    for index, character in enumerate(text):
        escapes = character == "@" or _MARKDOWN.match(text, index) is not None
        used += length(character) + escapes
        if used > limit and index:
            return index
    return len(text)


def _good_end(text: str, end: int) -> int:
    """Find an end in the half before `end`: of a sentence, else of a word, else any letter."""
    sentences = [found.end() for found in _SENTENCE_END.finditer(text, end // 2, end)]
    if sentences:
        return sentences[-1]
    if text[end] == " ":
        return end
    space = text.rfind(" ", end // 2, end)
    if space > 0:
        return space
    whole = end
    while whole > 1 and _continues(text, whole):
        whole -= 1
    # A run of combining marks as long as a message has no good place.
    return whole if whole > 1 else end


def _continues(text: str, index: int) -> bool:
    """Return whether the character at `index` belongs to the letter or emoji before it."""
    character = text[index]
    return (
        unicodedata.category(character).startswith("M")
        or character == "\u200d"
        or text[index - 1] == "\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
