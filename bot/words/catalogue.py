"""The message catalogues: gettext's PO files, read as they are."""

from collections.abc import Callable, Mapping
from functools import cache
from gettext import c2py
from importlib import resources
from typing import Final, Protocol

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

_FOLDER: Final = "catalogues"
READERS: Final[Mapping[str, str]] = {
    "en-US": "en",
    "en-GB": "en",
    "es-ES": "es",
    "es-419": "es_419",
    "fr": "fr",
    "de": "de",
    "pt-BR": "pt",
    "ja": "ja",
    "zh-CN": "zh",
    "zh-TW": "zh_Hant",
    "ko": "ko",
}
"""Discord's locales that we have words for -> the catalogue of those words.

Commands are registered for exactly these, so that sentences name them as their reader sees them.
"""

_CLDR: Final = {"pt": "pt_BR", "zh": "zh_Hans"}  # ours -> CLDR's, where they differ
OVER: Final[Mapping[str, str]] = {"es_419": "es"}
"""Catalogues that have only what is said otherwise there -> the one that has the rest."""

LANGUAGES: Final = tuple(dict.fromkeys(READERS.values()))
LOCALES: Final = tuple(
    next(locale for locale, ours in READERS.items() if ours == name) for name in LANGUAGES
)
"""One of Discord's locales for each of our catalogues."""

# The contexts (msgctxt) of messages that have limits of their own.
NAME: Final = "name"  # of a command or an option: 1 to 32 characters, lower case, no spaces
DESCRIPTION: Final = "description"  # of the same: 1 to 100 characters
MENU: Final = "menu"  # name of a command in a context menu: 1 to 32 characters


class Translations(Protocol):
    """What is asked of a catalogue; an entry that is empty or doubtful counts as missing."""

    def gettext(self, message: str, context: str | None = None) -> str:
        """Return the message in the catalogue's language, else itself."""

    def ngettext(self, one: str, other: str, count: int) -> str:
        """Return the form for this count."""


class _English:
    def gettext(self, message: str, context: str | None = None) -> str:  # noqa: ARG002 - the port's form
        return message

    def ngettext(self, one: str, other: str, count: int) -> str:
        return one if count == 1 else other


class _File:
    def __init__(self, catalogue: Catalog, rest: Translations) -> None:
        self._rest = rest
        self._plural: Callable[[int], int] = c2py(catalogue.plural_expr)
        self._forms: dict[tuple[str | None, str], tuple[str, ...]] = {}
        for message in catalogue:
            if message.id and message.string and not message.fuzzy:
                one = message.id if isinstance(message.id, str) else message.id[0]
                text = message.string
                forms = (text,) if isinstance(text, str) else tuple(text)
                if all(forms):
                    self._forms[message.context, one] = forms

    def gettext(self, message: str, context: str | None = None) -> str:
        forms = self._forms.get((context, message))
        return self._rest.gettext(message, context) if forms is None else forms[0]

    def ngettext(self, one: str, other: str, count: int) -> str:
        forms = self._forms.get((None, one))
        if forms is None:
            return self._rest.ngettext(one, other, count)
        return forms[min(self._plural(count), len(forms) - 1)]


def language(locale: str) -> str:
    """Return our catalogue for a locale of Discord's; English for those not translated."""
    ours = READERS.get(locale, locale)
    return ours if ours in LANGUAGES else "en"


def catalogue(locale: str) -> Translations:
    """Return the catalogue for a locale of Discord's."""
    return _read(language(locale))


@cache
def cldr(locale: str) -> Locale:
    """Return how numbers, lists and languages are written, for a locale of Discord's."""
    ours = language(locale)
    return Locale.parse(_CLDR.get(ours, ours))


@cache
def _read(name: str) -> Translations:
    if name == "en":
        return _English()
    file = resources.files("bot.words").joinpath(_FOLDER, f"{name}.po")
    with file.open("rb") as stream:
        read = read_po(stream, locale=_CLDR.get(name, name), charset="utf-8")
    return _File(read, _read(OVER.get(name, "en")))
