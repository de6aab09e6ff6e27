"""The names of commands: as Discord shows them to each reader, and as sentences mention them."""

import re
from typing import Final, Self

from bot.words.catalogue import DESCRIPTION, NAME, READERS, catalogue
from bot.words.renderable import Renderable

LOCALES: Final = tuple(locale for locale, ours in READERS.items() if ours != "en")
"""Discord's locales in which commands are registered, besides English."""

_VALID: Final = re.compile(r"[-_'\w]{1,32}")
_LONGEST_DESCRIPTION: Final = 100


class CommandName(Renderable):
    """A command inside a sentence.

    Attributes:
        path: Its English names, from the outermost: ("translate", "stop").
    """

    __slots__ = ("path",)

    path: tuple[str, ...]

    @classmethod
    def of(cls, path: str) -> Self:
        """The command with these names, a space between them."""
        text = cls(f"/{path}")
        text.path = tuple(path.split())
        return text

    def render(self, locale: str) -> str:
        """As the reader types it."""
        return "/" + " ".join(name(part, locale) for part in self.path)


def command(path: str, /) -> CommandName:
    """A command inside a sentence: `t("{command} ends it.", command=command("translate stop"))`."""
    return CommandName.of(path)


def name(english: str, locale: str) -> str:
    """Name of a command or an option; the English one where the other would not be valid."""
    translated = catalogue(locale).gettext(english, NAME)
    return translated if is_name(translated) else english


def description(english: str, locale: str) -> str:
    """Description of a command or an option, at most 100 characters."""
    translated = catalogue(locale).gettext(english, DESCRIPTION)
    return translated if len(translated) <= _LONGEST_DESCRIPTION else english


def is_name(text: str) -> bool:
    """Whether Discord takes it for a command's or an option's name."""
    return _VALID.fullmatch(text) is not None and text == text.lower()
