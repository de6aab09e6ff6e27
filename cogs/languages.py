"""Languages as people type them into a command."""

import re
from collections.abc import Mapping

from bot.errors import UsageError

MAX_TARGETS = 5  # each one is a paid conversation per speaker
_MAX_CHOICES = 25  # Discord's limit for autocomplete
_SEPARATOR = re.compile(r"\s*[,;/]\s*")


def parse(text: str, names: Mapping[str, str]) -> tuple[str, ...]:
    """Language codes of a list like "en, Spanish", in its order, each once.

    Args:
        text: Codes or English names with commas between them.
        names: The languages there are, code to English name.

    Raises:
        UsageError: A language is unknown, there is none, or there are too many.
    """
    codes = {name.casefold(): code for code, name in names.items()}
    codes |= {code.casefold(): code for code in names}
    found: list[str] = []
    for word in _words(text):
        code = codes.get(word.casefold())
        if code is None:
            raise UsageError(
                f"I can't translate into “{word[:40]}”. Choose from the list that opens while you "
                "type, for example en or Spanish."
            )
        if code not in found:
            found.append(code)
    if not found:
        raise UsageError("Name at least one language to translate into, for example en.")
    if len(found) > MAX_TARGETS:
        raise UsageError(f"That is {len(found)} languages; a room takes {MAX_TARGETS} at most.")
    return tuple(found)


def complete(text: str, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a list typed so far can be completed to: (shown, value), best first, at most 25.

    The last word is completed, the words before it are kept.
    """
    *before, last = _SEPARATOR.split(text.strip()) if text.strip() else [""]
    codes = {name.casefold(): code for code, name in names.items()}
    kept = [codes.get(word.casefold(), word) for word in before if word]
    wanted = last.casefold()
    matching = [
        (_rank(wanted, code, name), name, code)
        for code, name in names.items()
        if code not in kept and (wanted in name.casefold() or code.casefold().startswith(wanted))
    ]
    choices = []
    for _, name, code in sorted(matching)[:_MAX_CHOICES]:
        shown = ", ".join([*(names.get(word, word) for word in kept), name])
        value = ", ".join([*kept, code])
        if len(shown) <= 100 and len(value) <= 100:
            choices.append((shown, value))
    return choices


def _rank(wanted: str, code: str, name: str) -> int:
    if code.casefold() == wanted:
        return 0
    if name.casefold().startswith(wanted):
        return 1
    return 2


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATOR.split(text.strip()) if word]
