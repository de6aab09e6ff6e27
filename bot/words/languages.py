"""The names of languages, by CLDR: in English, in the reader's language and in their own."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Final, Self

from babel import Locale, UnknownLocaleError

from bot.words.catalogue import LOCALES, cldr, language
from bot.words.clean import clean
from bot.words.codes import ORIGINAL, canonical
from bot.words.renderable import Renderable
from bot.words.text import t

_ENGLISH: Final = "en-US"
_AS_SPOKEN: Final = t("original")
_ENGLISH_OTHERWISE: Final = {"bn": "Bengali"}  # CLDR says Bangla, which few people type
_OTHER_NAMES: Final[Mapping[str, tuple[str, ...]]] = {  # that people use and CLDR has not
    "ca": ("Valencian", "valencià"),
    "es": ("Castilian", "castellano"),
    "fa": ("Farsi",),
    "id": ("Bahasa", "Bahasa Indonesia"),
    "ms": ("Bahasa Melayu",),
    "pa": ("Panjabi",),
    "pt": ("Português do Brasil",),
    "yue": ("廣東話", "广东话"),
    "zh": ("Mandarin", "Mandarin Chinese", "Putonghua", "普通话", "普通話", "国语", "國語", "汉语"),
}
_IN_BRACKETS: Final = re.compile(r"(.+?) ?\([^()]*\)")  # "Chinese (Simplified)"


class LanguageName(Renderable):
    """A language inside a sentence.

    Attributes:
        code: Code as the translation service has it: "en", "yue".
    """

    __slots__ = ("code",)

    code: str

    @classmethod
    def of(cls, code: str) -> Self:
        """Return the language of a code; one that CLDR does not know is named by its code."""
        text = cls(_name(code, _ENGLISH))
        text.code = code
        return text

    def render(self, locale: str) -> str:
        """Return the language's name in this locale."""
        return _name(self.code, locale)


def language_name(code: str) -> LanguageName:
    """Put a language into a sentence, to be named in the reader's language."""
    return LanguageName.of(code)


def label(code: str, locale: str) -> str:
    """Return a language's name as it stands alone, as in a list: "Français" for "français"."""
    name = _name(code, locale)
    return name[:1].upper() + name[1:]


@cache
def own_name(code: str) -> str:
    """Return a language's name in itself: "Deutsch"; else its English name."""
    locale = _locale(code)
    name = locale.languages.get(code) if locale is not None else None
    return name if name is not None else _name(code, _ENGLISH)


def words_name(locale: str) -> str:
    """Return the name that the words for a locale of Discord's have in themselves: "繁體中文"."""
    ours = cldr(locale)
    return str(ours.languages.get(str(ours)) or ours.display_name)


def find(typed: str, codes: Iterable[str]) -> str | None:
    """Find a language by its code, or its name in any language we speak or its own.

    Codes may have a country or be of old ("pt-BR", "zh_CN", "iw"), names too ("Brazilian
    Portuguese", "Chinese (Simplified)"); case, accents and what nobody sees make no difference.

    Args:
        typed: What somebody typed.
        codes: The languages there are.
    """
    known = tuple(codes)
    written = clean(typed)
    if not (wanted := _folded(written)):
        return None
    written_so, meaning_so = _index(known)
    meant = canonical(unicodedata.normalize("NFKC", written))
    if (code := written_so.get(wanted) or meaning_so.get(meant)) is not None:
        return code
    if (named := _IN_BRACKETS.fullmatch(wanted)) is not None:
        return find(named[1], known)
    return None


@lru_cache(maxsize=32)  # each model's languages, and those of transcripts
def _index(codes: tuple[str, ...]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return codes by each way to write them, and by what they mean."""
    written = {_folded(code): code for code in reversed(codes)}
    for code in codes:
        for spelling in _spellings(code):
            written.setdefault(spelling, code)
    return written, {canonical(code): code for code in reversed(codes)}


def search(typed: str, codes: Iterable[str], locale: str) -> list[str]:
    """Return the codes that what was typed so far may mean, best first, then by name.

    Args:
        typed: The beginning of a code, or a part of a name: in English, in the reader's language or
            in the language itself. Whatever `find` knows is found, too.
        codes: The languages there are.
        locale: The reader's, of Discord.
    """
    known = tuple(codes)
    wanted = _folded(clean(typed))
    meant = find(typed, known)
    found = []
    for code in known:
        shown = _name(code, locale).casefold()
        names = [_folded(name) for name in (shown, _name(code, _ENGLISH), own_name(code))]
        if code == meant:
            rank = 0
        elif any(name.startswith(wanted) for name in names):
            rank = 1
        elif code.casefold().startswith(wanted) or any(wanted in name for name in names):
            rank = 2
        elif any(name.startswith(wanted) for name in _also(code)):
            rank = 3
        else:
            continue
        found.append((rank, shown, code))
    return [code for _, _, code in sorted(found)]


def _folded(text: str) -> str:
    """Return a text as it is compared: without case, width, accents and composed letters."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    return "".join(one for one in letters if unicodedata.category(one) != "Mn")


@cache
def _spellings(code: str) -> frozenset[str]:
    readers = (name for reader in LOCALES for name in _names(cldr(reader)).get(code, ()))
    names = (_name(code, locale) for locale in LOCALES)
    return _also(code) | {_folded(name) for name in (*names, *readers, own_name(code))}


@cache
def _also(code: str) -> frozenset[str]:
    """Return further names of a language, folded: English ones, its own, those of its kinds."""
    english = _names(cldr(_ENGLISH)).get(code, ())
    return frozenset(_folded(name) for name in (*english, *_own(code), *_OTHER_NAMES.get(code, ())))


def _own(code: str) -> Iterator[str]:
    for written in (code, *_OTHER_SCRIPTS.get(code, ())):
        if (locale := _locale(written)) is not None:
            for key, name in locale.languages.items():
                if canonical(key) == code:
                    yield name


_OTHER_SCRIPTS: Final = {"nb": ("no",), "zh": ("zh-Hant",)}


@cache
def _names(locale: Locale) -> Mapping[str, tuple[str, ...]]:
    """Return all names by language in CLDR's data: "pt" has Brazilian Portuguese, too."""
    found: dict[str, list[str]] = {}
    for key, name in locale.languages.items():
        found.setdefault(canonical(key), []).append(name)
    return {code: tuple(names) for code, names in found.items()}


def _name(code: str, locale: str) -> str:
    if code == ORIGINAL:
        return _AS_SPOKEN.render(locale)
    if code in _ENGLISH_OTHERWISE and language(locale) == "en":
        return _ENGLISH_OTHERWISE[code]
    return str(cldr(locale).languages.get(code.replace("-", "_"), code))


def _locale(code: str) -> Locale | None:
    try:
        return Locale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
