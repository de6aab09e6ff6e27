"""What may stand in a glossary."""

import unicodedata
from collections.abc import Iterable
from typing import Final

from bot.domain.glossary import Glossary
from bot.domain.stored import Term
from bot.errors import UsageError
from bot.words import number, t
from bot.words.clean import clean

MOST_TERMS: Final = 1000  # of a server; what a model takes, too
LONGEST: Final = 100  # characters of a term, as many as Discord offers in a list


def term(target: str, source: str, translation: str) -> Term:
    """Return a term as it is kept: on one line, without outer blanks and what nobody sees.

    Raises:
        UsageError: A side is missing or too long, or can't be written.
    """
    return Term(target, _side(source), _side(translation))


def _side(text: str) -> str:
    bare = " ".join(text.split())
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in bare):
        raise UsageError(t("A word can't contain control characters."))
    # `clean` has removed what stood between a letter and its accent, so both compose.
    tidy = unicodedata.normalize("NFC", clean(bare))
    if not tidy:
        raise UsageError(t("Give both a word and its translation."))
    if len(tidy) > LONGEST:
        raise UsageError(
            t(
                "“{term}…” is too long; the maximum is {most} characters.",
                term=tidy[:20],
                most=number(LONGEST),
            )
        )
    return tidy


def glossary(terms: Iterable[Term]) -> Glossary:
    """Return terms by language, as conversations take them, in their order."""
    sorted_out: dict[str, dict[str, str]] = {}
    for one in terms:
        sorted_out.setdefault(one.target, {})[one.source] = one.translation
    return sorted_out
