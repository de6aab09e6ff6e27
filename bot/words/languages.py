"""The names of languages, by CLDR: in English, in the reader's language and in their own."""

from collections.abc import Iterable
from functools import cache
from typing import Final, Self

from babel import Locale, UnknownLocaleError

from bot.words.catalogue import cldr, language
from bot.words.renderable import Renderable

_ENGLISH: Final = "en-US"
_ENGLISH_OTHERWISE: Final = {"bn": "Bengali"}  # CLDR says Bangla, which few people type


class LanguageName(Renderable):
    """A language inside a sentence.

    Attributes:
        code: As the translation service has it: "en", "yue".
    """

    __slots__ = ("code",)

    code: str

    @classmethod
    def of(cls, code: str) -> Self:
        """The language of a code; one that CLDR does not know is named by its code."""
        text = cls(_name(code, _ENGLISH))
        text.code = code
        return text

    def render(self, locale: str) -> str:
        """Its name there."""
        return _name(self.code, locale)


def language_name(code: str) -> LanguageName:
    """A language inside a sentence, named in the reader's language where it is shown."""
    return LanguageName.of(code)


def label(code: str, locale: str) -> str:
    """A language's name standing alone, as in a list: "Français" for "français"."""
    name = _name(code, locale)
    return name[:1].upper() + name[1:]


@cache
def own_name(code: str) -> str:
    """A language's name in itself: "Deutsch"; its English name where CLDR has no such locale."""
    locale = _locale(code)
    name = locale.languages.get(code) if locale is not None else None
    return name if name is not None else _name(code, _ENGLISH)


def find(typed: str, codes: Iterable[str]) -> str | None:
    """The language that somebody typed: its code, or its name in any language we speak or its own.

    Args:
        typed: In any case.
        codes: The languages there are.
    """
    wanted = typed.strip().casefold()
    for code in codes:
        if wanted == code.casefold() or wanted in _spellings(code):
            return code
    return None


def search(typed: str, codes: Iterable[str], locale: str) -> list[str]:
    """The codes that what was typed so far may mean, best first, then by name.

    Args:
        typed: The beginning of a code, or a part of a name: in English, in the reader's language or
            in the language itself.
        codes: The languages there are.
        locale: The reader's, of Discord.
    """
    wanted = typed.strip().casefold()
    found = []
    for code in codes:
        names = [
            name.casefold() for name in (_name(code, locale), _name(code, _ENGLISH), own_name(code))
        ]
        if code.casefold() == wanted:
            rank = 0
        elif any(name.startswith(wanted) for name in names):
            rank = 1
        elif code.casefold().startswith(wanted) or any(wanted in name for name in names):
            rank = 2
        else:
            continue
        found.append((rank, names[0], code))
    return [code for _, _, code in sorted(found)]


@cache
def _spellings(code: str) -> frozenset[str]:
    from_cldr = (_name(code, locale) for locale in (_ENGLISH, *_READERS))
    return frozenset(name.casefold() for name in (*from_cldr, own_name(code)))


_READERS: Final = ("es-ES", "fr", "de", "pt-BR", "ja", "zh-CN", "ko")


def _name(code: str, locale: str) -> str:
    if code in _ENGLISH_OTHERWISE and language(locale) == "en":
        return _ENGLISH_OTHERWISE[code]
    return str(cldr(locale).languages.get(code.replace("-", "_"), code))


def _locale(code: str) -> Locale | None:
    try:
        return Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
