"""The names of commands: as Discord shows them to each reader, and as sentences mention them."""

import re
from collections.abc import Mapping
from typing import Final, Self

from bot.words.catalogue import DESCRIPTION, MENU, NAME, READERS, catalogue
from bot.words.renderable import Renderable

LOCALES: Final = tuple(locale for locale, ours in READERS.items() if ours != "en")
"""Discord's locales in which commands are registered, besides English."""

_VALID: Final = re.compile(r"[-_'\w]{1,32}")
_LONGEST_DESCRIPTION: Final = 100
_LONGEST_IN_MENU: Final = 32
_MENTION: Final = re.compile(r"</([-_'\w]+(?: [-_'\w]+){0,2}):(\d+)>")

_ids: dict[str, int] = {}  # of one process's bot, by the outermost name


class CommandName(Renderable):
    """A command inside a sentence.

    Attributes:
        path: Its English names, from the outermost: ("translate", "stop").
    """

    __slots__ = ("path",)

    path: tuple[str, ...]

    @classmethod
    def of(cls, path: str) -> Self:
        """Return the command with these names, a space between them."""
        text = cls(f"/{path}")
        text.path = tuple(path.split())
        return text

    def render(self, locale: str) -> str:
        """Return a mention, which Discord shows in the reader's language and lets them click.

        While Discord's id of the command is not known, the command as the reader types it.
        """
        if (command_id := _ids.get(self.path[0])) is not None:
            return f"</{' '.join(self.path)}:{command_id}>"
        return "/" + " ".join(name(part, locale) for part in self.path)


def command(path: str, /) -> CommandName:
    """Name a command inside a sentence: `t("{command} ends it.", command=command("stop"))`."""
    return CommandName.of(path)


def use_ids(ids: Mapping[str, int]) -> None:
    """Mention commands by these ids of Discord's from now on.

    Args:
        ids: By the outermost English name; sentences spell out the commands of others.
    """
    _ids.clear()
    _ids.update(ids)


def split(text: str) -> list[tuple[str, bool]]:
    """Split a rendered text, and say of each piece whether it mentions a command of ours."""
    pieces, at = [], 0
    for found in _MENTION.finditer(text):
        if _ids.get(found[1].partition(" ")[0]) != int(found[2]):
            continue
        pieces += [(text[at : found.start()], False), (found[0], True)]
        at = found.end()
    return [(piece, mention) for piece, mention in (*pieces, (text[at:], False)) if piece]


def name(english: str, locale: str) -> str:
    """Name of a command or an option; the English one where the other would not be valid."""
    translated = catalogue(locale).gettext(english, NAME)
    return translated if is_name(translated) else english


def menu_name(english: str, locale: str) -> str:
    """Name of a command in a context menu, at most 32 characters, in any case."""
    translated = catalogue(locale).gettext(english, MENU)
    return translated if len(translated) <= _LONGEST_IN_MENU else english


def description(english: str, locale: str) -> str:
    """Return the description of a command or an option, at most 100 characters."""
    translated = catalogue(locale).gettext(english, DESCRIPTION)
    return translated if len(translated) <= _LONGEST_DESCRIPTION else english


def is_name(text: str) -> bool:
    """Return whether Discord takes it for a command's or an option's name."""
    return _VALID.fullmatch(text) is not None and text == text.lower()
