"""Languages as people type them into a command."""

import re
from collections.abc import Collection
from typing import Final

from bot.errors import UsageError
from bot.words import t, tn
from bot.words.languages import find, label, search

MAX_TARGETS = 5  # each one is a paid conversation per speaker
_MAX_CHOICES = 25  # Discord's limit for autocomplete
_ENGLISH: Final = "en-US"
_SEPARATOR = re.compile(r"\s*[,;/、，；،]\s*")  # noqa: RUF001 - those of Chinese, Japanese, Arabic


def parse(text: str, codes: Collection[str], most: int = MAX_TARGETS) -> tuple[str, ...]:
    """Return the codes of a list like "en, Spanish, alemán", in its order, each once.

    Args:
        text: Codes or names, in any language we speak or in their own, with commas between them.
        codes: The languages there are.
        most: How many a room may have.

    Raises:
        UsageError: A language is unknown, there is none, or there are too many.
    """
    found: list[str] = []
    for word in _words(text):
        if (code := find(word, codes)) is None:
            raise UsageError(
                t(
                    "I can't translate into “{language}”. Choose from the list that appears "
                    "as you type, for example en or Spanish.",
                    language=word[:40],
                )
            )
        if code not in found:
            found.append(code)
    if not found:
        raise UsageError(t("Choose at least one language to translate into, for example en."))
    if len(found) > most:
        raise UsageError(
            tn(
                "That's {count} language; you can choose up to {most}.",
                "That's {count} languages; you can choose up to {most}.",
                len(found),
                most=most,
            )
        )
    return tuple(found)


def complete(text: str, codes: Collection[str], locale: str = _ENGLISH) -> list[tuple[str, str]]:
    """Complete a list typed so far: (shown, value), best first, at most 25.

    The last word is completed, the words before it are kept.

    Args:
        text: What was typed.
        codes: The languages there are.
        locale: Locale of the member who types, in which languages are shown.
    """
    *before, last = _SEPARATOR.split(text.strip()) if text.strip() else [""]
    kept = [find(word, codes) or word for word in before if word]
    choices = []
    for code in search(last, (code for code in codes if code not in kept), locale):
        shown = ", ".join(label(word, locale) for word in (*kept, code))
        value = ", ".join((*kept, code))
        if len(shown) <= 100 and len(value) <= 100:
            choices.append((shown, value))
        if len(choices) == _MAX_CHOICES:
            break
    return choices


def one(text: str, codes: Collection[str]) -> str:
    """Return the code of one language.

    Raises:
        UsageError: There is no such language, or there are several.
    """
    found = parse(text, codes)
    if len(found) > 1:
        raise UsageError(t("Choose one language."))
    return found[0]


def complete_one(
    text: str, codes: Collection[str], locale: str = _ENGLISH
) -> list[tuple[str, str]]:
    """Complete one language typed so far: (shown, value), best first."""
    return [(label(code, locale), code) for code in search(text, codes, locale)[:_MAX_CHOICES]]


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATOR.split(text.strip()) if word]
