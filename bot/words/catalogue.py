"""The message catalogues: gettext's PO files, read as they are."""

from collections.abc import Callable
from functools import cache
from gettext import c2py
from importlib import resources
from typing import Protocol

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

_FOLDER = "catalogues"
_OURS = {  # Discord's locale -> ours, where they differ
    "en-US": "en",
    "en-GB": "en",
    "es-ES": "es",
    "es-419": "es",
    "pt-BR": "pt",
    "zh-CN": "zh",
    "zh-TW": "zh",
}
LANGUAGES = ("en", "es", "fr", "de", "pt", "ja", "zh", "ko")


class Translations(Protocol):
    """What is asked of a catalogue; an entry that is empty or doubtful counts as missing."""

    def gettext(self, message: str) -> str:
        """The message in its language, else itself."""

    def ngettext(self, one: str, other: str, count: int) -> str:
        """The form for this count."""


class _English:
    def gettext(self, message: str) -> str:
        return message

    def ngettext(self, one: str, other: str, count: int) -> str:
        return one if count == 1 else other


class _File:
    def __init__(self, catalogue: Catalog) -> None:
        self._plural: Callable[[int], int] = c2py(catalogue.plural_expr)
        self._forms: dict[str, tuple[str, ...]] = {}
        for message in catalogue:
            if message.id and message.string and not message.fuzzy:
                one = message.id if isinstance(message.id, str) else message.id[0]
                text = message.string
                forms = (text,) if isinstance(text, str) else tuple(text)
                if all(forms):
                    self._forms[one] = forms

    def gettext(self, message: str) -> str:
        return self._forms.get(message, (message,))[0]

    def ngettext(self, one: str, other: str, count: int) -> str:
        forms = self._forms.get(one)
        if forms is None:
            return one if count == 1 else other
        return forms[min(self._plural(count), len(forms) - 1)]


def language(locale: str) -> str:
    """Our language for a locale of Discord's; English for those that are not translated."""
    ours = _OURS.get(locale, locale)
    return ours if ours in LANGUAGES else "en"


def catalogue(locale: str) -> Translations:
    """The catalogue for a locale of Discord's."""
    return _read(language(locale))


@cache
def _read(name: str) -> Translations:
    if name == "en":
        return _English()
    file = resources.files("bot.words").joinpath(_FOLDER, f"{name}.po")
    if not file.is_file():
        return _English()
    with file.open("rb") as stream:
        return _File(read_po(stream, locale=name, charset="utf-8"))
