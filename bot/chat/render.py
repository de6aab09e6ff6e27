"""What a caption looks like in Discord: the translation first, the original small beneath it."""

from bot.chat.plain import clean, cut, escape, isolate, length
from bot.room.events import Caption

MESSAGE_LIMIT = 2000  # of Discord, per message

# Left for a bold name before the text, where captions can't go out under the speaker's own.
NAME_ROOM = 200
_LIMIT = MESSAGE_LIMIT - NAME_ROOM
_FRAME_ROOM = 40  # language, isolates and the mark that more comes
_MORE = " …"


def parts(caption: Caption) -> list[str]:
    """The messages that show a caption now; none while there is no translation yet.

    A final caption without one shows the original alone: the words stand, whoever serves no
    translation of them. Each has at most 1,800 UTF-16 units, so that `named` fits Discord's limit.
    """
    text = clean(caption.text)
    if not text:
        return _source(caption) if caption.final and clean(caption.source_text) else []
    shown = [
        f"`{_code(caption.language)}` {isolate(escape(piece))}"
        for piece in cut(text, _LIMIT - _FRAME_ROOM)
    ]
    if not caption.final:
        shown[-1] += _MORE
    source = _source(caption)
    if source and length(shown[-1]) + 1 + length(source[0]) <= _LIMIT:
        shown[-1] += f"\n{source.pop(0)}"
    return shown + source


def _source(caption: Caption) -> list[str]:
    head = f"-# {_code(caption.source_language).lower()} · " if caption.source_language else "-# "
    pieces = cut(clean(caption.source_text), _LIMIT - _FRAME_ROOM)
    # Foreign text never starts the line: without a language a mark as "#" would count again.
    guard = "" if caption.source_language else "\u200b"
    return [f"{head}{guard}{isolate(escape(piece))}" for piece in pieces]


def _code(language: str | None) -> str:
    """A language code as shown, whatever the service called it: letters, digits and hyphens."""
    kept = "".join(c for c in language or "" if c.isascii() and (c.isalnum() or c == "-"))
    return kept[:16].upper() or "?"


def named(name: str, content: str) -> str:
    """`content` under a speaker's name, for a message that goes out under the bot's."""
    return f"**{escape(name)}** {content}"


def notice(text: str) -> list[str]:
    """A notice of the room as messages: plain words, its line breaks kept."""
    lines = [clean(line) for line in text.splitlines()]
    shown: list[str] = []
    for line in filter(None, lines):
        for piece in cut(line, _LIMIT):
            row = (
                f"\u200b{escape(piece)}"
                if piece[0] in "#>-+" or piece[0].isdigit()
                else escape(piece)
            )
            if shown and length(shown[-1]) + 1 + length(row) <= MESSAGE_LIMIT:
                shown[-1] += f"\n{row}"
            else:
                shown.append(row)
    return shown
