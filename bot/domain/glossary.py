"""Terms and how they are to be translated."""

from collections.abc import Mapping

Glossary = Mapping[str, Mapping[str, str]]
"""Target language -> source term -> target term."""


def terms(language: str, guild: Glossary, default: Glossary) -> dict[str, str]:
    """A language's terms: the guild's first, then the default ones it does not change.

    The order matters where a model takes only so many.
    """
    own = guild.get(language, {})
    known = {term.casefold() for term in own}
    others = default.get(language, {}).items()
    return {**own, **{term: wanted for term, wanted in others if term.casefold() not in known}}


def occurring(terms: Mapping[str, str], text: str) -> dict[str, str]:
    """Those terms that a text has, in any case: each one sent along is paid for."""
    folded = text.casefold()
    return {source: wanted for source, wanted in terms.items() if source.casefold() in folded}
