"""What is English wherever a string is wanted, and another language where somebody reads it."""

from abc import ABC, abstractmethod
from typing import Self


class Renderable(str, ABC):
    """A string that can be put into a reader's language. Everywhere else it is its English text."""

    __slots__ = ()

    def __str__(self) -> Self:
        """Return itself, so that an error made of it gives it back whole."""
        return self

    @abstractmethod
    def render(self, locale: str) -> str:
        """Return the plain string for a reader with this locale of Discord's, as "pt-BR"."""


def render(value: object, locale: str | None) -> str:
    """Return a value as a plain string; English for None. Only a `Renderable` changes."""
    if isinstance(value, Renderable):
        return value.render(locale) if locale is not None else str.__str__(value)
    return str(value)
