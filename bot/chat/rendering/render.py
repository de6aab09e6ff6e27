"""What captions look like in Discord: a line for each of the room's languages.

What is spoken in one of them is that language's line. An original in another language stands small
beneath.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.chat.rendering.plain import cut, escape, isolate, length
from bot.domain.events import Caption
from bot.words.clean import clean
from bot.words.codes import ORIGINAL, same_language
from bot.words.commands import split

MESSAGE_LIMIT = 2000  # of Discord, per message

# Left for a bold name before the text, where captions can't go out under the speaker's own.
NAME_ROOM = 200
_LIMIT = MESSAGE_LIMIT - NAME_ROOM
_FRAME_ROOM = 40  # language, isolates and the mark that more comes
_MORE = " …"
_UNSPOKEN = " 🔇"
_SMALL = "-# "
_NAMED = re.compile(r"(?:`[A-Z0-9?-]+` )?(?:-# )?\*\*.+?\*\* ")
_GUARD = "\u200b"  # foreign text never starts a line: marks such as # would count there


@dataclass(frozen=True, slots=True)
class Style:
    """How captions are written.

    Attributes:
        languages: In the order shown; others come behind. A single one needs no label.
        originals: Show what was said in a language that the room does not have.
        room: The room's languages, where others than `languages` are shown elsewhere.
    """

    languages: tuple[str, ...] = ()
    originals: bool = True
    room: tuple[str, ...] = ()

    def label(self, language: str) -> str:
        """Return what stands before a line in this language."""
        return "" if self.languages == (language,) else f"`{_code(language)}` "

    def place(self, caption: Caption) -> tuple[int, int]:
        """Return where a caption stands among those of its utterance."""
        known = caption.language in self.languages
        index = self.languages.index(caption.language) if known else len(self.languages)
        return (index, caption.key)


LABELLED = Style()


@dataclass(frozen=True, slots=True)
class _Row:
    text: str
    apart: bool = False  # goes on from the row before, in the next message
    name: str = ""  # whose words it holds, as that is said
    speaker: int = 0  # who that is


def parts(caption: Caption, style: Style = LABELLED) -> list[str]:
    """Return the messages that show one caption alone now."""
    return messages([[caption]], style)


def messages(
    utterances: Iterable[Sequence[Caption]], style: Style, *, names: bool = False
) -> list[str]:
    """Return the messages that show utterances now, each one's languages together.

    There are none while there is no translation yet. A final utterance without one shows the
    original alone: the words stand, whoever serves no translation of them. Each message has at most
    1,800 UTF-16 units, so that `named` fits Discord's limit.

    Args:
        utterances: The captions of each utterance, in order of speech.
        style: How they are written.
        names: Say who speaks, where several do: where another begins, and where a message does.
            Such a digest leaves originals out before it takes a second message.
    """
    known = [list(utterance) for utterance in utterances]
    shown = _packed(_rows(known, style, names=names))
    if names and len(shown) > 1 and style.originals:
        return _packed(_rows(known, replace(style, originals=False), names=names))
    return shown


def _rows(utterances: list[list[Caption]], style: Style, *, names: bool) -> list[_Row]:
    rows: list[_Row] = []
    for utterance in utterances:
        found = _utterance(sorted(utterance, key=style.place), style)
        if names and found:
            by = utterance[0].speaker
            name = f"**{escape(clean(by.name)[:80])}** "
            found = [replace(row, name=name, speaker=by.id) for row in found]
        rows += found
    return rows


def _utterance(lines: list[Caption], style: Style) -> list[_Row]:
    lines = _without_twice(_with_own_line(lines, style))
    rows = [row for caption in lines for row in _translation(caption, style)]
    originals = [caption for caption in lines if clean(caption.source_text)]
    if not rows:
        final = all(caption.final for caption in lines)
        return _source(originals[0]) if originals and final else []
    if not style.originals or not originals or _has_line(originals[0], lines, style):
        return rows
    return rows + _source(originals[0])


def _with_own_line(lines: list[Caption], style: Style) -> list[Caption]:
    """Add the line of a room's language in which an utterance was spoken, where it has none yet."""
    for original in lines:
        for language in style.languages:
            if not same_language(original.source_language, language):
                continue
            if any(each.language == language and clean(each.text) for each in lines):
                return lines
            own = replace(original, language=language, text=original.source_text)
            others = [caption for caption in lines if caption.language != language]
            return sorted([*others, own], key=style.place)
    return lines


def _without_twice(lines: list[Caption]) -> list[Caption]:
    """Leave the words as they were said out where a line of their own language has them."""
    spoken = [caption for caption in lines if caption.language == ORIGINAL]
    said = {each.language for each in lines if each.language != ORIGINAL and clean(each.text)}
    if any(same_language(one.source_language, other) for one in spoken for other in said):
        return [caption for caption in lines if caption.language != ORIGINAL]
    return lines


def _has_line(original: Caption, lines: list[Caption], style: Style) -> bool:
    """Return whether the original is a line of its own, here or elsewhere, or may become one."""
    if any(one.language == ORIGINAL and clean(one.text) for one in lines):
        return True
    if ORIGINAL in style.room:
        return True
    if original.source_language is None:
        if original.final and original.source_follows:
            return True  # its language may be known once it is whole: it may be the room's
        text = clean(original.source_text)
        return any(clean(caption.text) == text for caption in lines)
    shown = [caption.language for caption in lines if clean(caption.text)]
    return any(
        same_language(original.source_language, language)
        for language in (*style.languages, *style.room, *shown)
    )


def _translation(caption: Caption, style: Style) -> list[_Row]:
    label = style.label(caption.language)
    if label and caption.language == ORIGINAL:  # of which language, is more to the point
        label = f"`{_code(caption.source_language)}` " if caption.source_language else ""
    pieces = cut(clean(caption.text), _LIMIT - _FRAME_ROOM)
    rows = [
        _Row(f"{label or _guard(piece)}{isolate(escape(piece))}", apart=index > 0)
        for index, piece in enumerate(pieces)
    ]
    if rows and not caption.final:
        rows[-1] = replace(rows[-1], text=rows[-1].text + _MORE)
    if rows and caption.unspoken:
        rows[-1] = replace(rows[-1], text=rows[-1].text + _UNSPOKEN)
    return rows


def _source(caption: Caption) -> list[_Row]:
    head = f"-# {_code(caption.source_language).lower()} · " if caption.source_language else "-# "
    pieces = cut(clean(caption.source_text), _LIMIT - _FRAME_ROOM)
    guard = "" if caption.source_language else _GUARD
    return [
        _Row(f"{head}{guard}{isolate(escape(piece))}", apart=index > 0)
        for index, piece in enumerate(pieces)
    ]


def _packed(rows: Iterable[_Row], limit: int = _LIMIT) -> list[str]:
    shown: list[str] = []
    speaker = 0
    for row in rows:
        text = row.text if row.speaker == speaker else _opened(row)
        if shown and not row.apart and length(shown[-1]) + 1 + length(text) <= limit:
            shown[-1] += f"\n{text}"
        else:
            shown.append(_opened(row))
        speaker = row.speaker
    return shown


def _opened(row: _Row) -> str:
    """Return a row behind its speaker's name; small print stays small."""
    small = _SMALL if row.name and row.text.startswith(_SMALL) else ""
    return f"{small}{row.name}{row.text.removeprefix(small)}"


def _guard(text: str) -> str:
    return _GUARD if text[0] in "#>-+" or text[0].isdigit() else ""


def _code(language: str | None) -> str:
    """Return a language code to show, of letters, digits and hyphens, whatever was sent."""
    kept = "".join(c for c in language or "" if c.isascii() and (c.isalnum() or c == "-"))
    return kept[:16].upper() or "?"


def named(name: str, content: str) -> str:
    """Return `content` under a speaker's name, for a message that goes out under the bot's."""
    return f"**{escape(name)}** {content}"


def has_name(content: str) -> bool:
    """Return whether a message begins with a speaker's bold name, perhaps behind its language."""
    return _NAMED.match(content) is not None


def notice(text: str) -> list[str]:
    """Return a notice of the room as messages: plain words and commands, line breaks kept."""
    lines = [clean(line) for line in text.splitlines()]
    pieces = [piece for line in filter(None, lines) for piece in cut(line, _LIMIT)]
    return _packed((_Row(f"{_guard(piece)}{_said(piece)}") for piece in pieces), MESSAGE_LIMIT)


def _said(text: str) -> str:
    return "".join(piece if mention else escape(piece) for piece, mention in split(text))
