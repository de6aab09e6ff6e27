"""Terms and how they are to be translated."""

import re
from collections.abc import Mapping

from bot.words.same_words import is_unspaced

Glossary = Mapping[str, Mapping[str, str]]
"""Target language -> source term -> target term."""


def terms(language: str, guild: Glossary, default: Glossary) -> dict[str, str]:
    """Return a language's terms: the guild's first, then the default ones it does not change.

    The order matters where a model takes only so many.
    """
    own = guild.get(language, {})
    known = {term.casefold() for term in own}
    others = default.get(language, {}).items()
    return {**own, **{term: wanted for term, wanted in others if term.casefold() not in known}}


def occurring(terms: Mapping[str, str], text: str) -> dict[str, str]:
    """Return the terms that a text has, in any case: each one sent along is paid for."""
    folded = text.casefold()
    return {source: wanted for source, wanted in terms.items() if source.casefold() in folded}


def corrected(text: str, terms: Mapping[str, str]) -> str:
    """Return a text of the terms' own language with each of them as it should appear.

    Only whole words count, where a script has spaces between words.
    """
    wanted = {source.casefold(): right for source, right in occurring(terms, text).items()}
    if not wanted:
        return text
    longest_first = sorted(wanted, key=len, reverse=True)
    pattern = re.compile("|".join(map(_whole, longest_first)), re.IGNORECASE)
    return pattern.sub(lambda found: wanted.get(found[0].casefold(), found[0]), text)


def _whole(term: str) -> str:
    before = r"(?<!\w)" if _has_edge(term[0]) else ""
    behind = r"(?!\w)" if _has_edge(term[-1]) else ""
    return f"{before}{re.escape(term)}{behind}"


def _has_edge(sign: str) -> bool:
    return sign.isalnum() and not is_unspaced(sign)
