"""Figures and lists inside sentences, written as the reader's language writes them."""

from collections.abc import Iterable
from typing import Final, Self

from babel.numbers import format_currency, format_decimal

from bot.words.catalogue import cldr, language
from bot.words.renderable import Renderable, render

_ENGLISH: Final = "en-US"
_COMMAS: Final = {"ja": "、", "zh": "、", "zh_Hant": "、"}


class Number(Renderable):
    """A number with its decimal mark and its groups of thousands."""

    __slots__ = ("decimals", "value")

    value: float
    decimals: int | None

    @classmethod
    def of(cls, value: float, decimals: int | None) -> Self:
        """Return the number with exactly so many decimals; None: with two at most."""
        text = cls(_decimal(value, decimals, _ENGLISH))
        text.value = value
        text.decimals = decimals
        return text

    def render(self, locale: str) -> str:
        """Return the number as it is written in this locale."""
        return _decimal(self.value, self.decimals, locale)


class Dollars(Renderable):
    """An amount of US dollars, with cents."""

    __slots__ = ("value",)

    value: float

    @classmethod
    def of(cls, value: float) -> Self:
        """Return the amount as a value that can be rendered."""
        text = cls(_currency(value, _ENGLISH))
        text.value = value
        return text

    def render(self, locale: str) -> str:
        """Return the amount as it is written in this locale."""
        return _currency(self.value, locale)


class Listing(Renderable):
    """Things side by side, or lines beneath each other."""

    __slots__ = ("lines", "parts")

    parts: tuple[object, ...]
    lines: bool

    @classmethod
    def of(cls, parts: Iterable[object], *, lines: bool) -> Self:
        """Return the parts, each of which may be a `Renderable`, as one value."""
        kept = tuple(parts)
        text = cls(_join(kept, _ENGLISH, lines=lines))
        text.parts = kept
        text.lines = lines
        return text

    def render(self, locale: str) -> str:
        """Render each part and join them."""
        return _join(self.parts, locale, lines=self.lines)


def number(value: float, decimals: int | None = None) -> Number:
    """Put a number into a sentence: 1234.5 is "1,234.5", or "1.234,5" for a German reader.

    Args:
        value: The number.
        decimals: How many are shown; None: as many as it has, two at most.
    """
    return Number.of(value, decimals)


def dollars(value: float) -> Dollars:
    """Put an amount of US dollars into a sentence."""
    return Dollars.of(value)


def listing(parts: Iterable[object]) -> Listing:
    """Put things into a sentence, with commas."""
    return Listing.of(parts, lines=False)


def lines(parts: Iterable[object]) -> Listing:
    """Put whole sentences on a line of their own each."""
    return Listing.of(parts, lines=True)


def _decimal(value: float, decimals: int | None, locale: str) -> str:
    shown = "##" if decimals is None else "0" * decimals
    return format_decimal(value, format=f"#,##0.{shown}".rstrip("."), locale=cldr(locale))


def _currency(value: float, locale: str) -> str:
    return format_currency(value, "USD", locale=cldr(locale))


def _join(parts: tuple[object, ...], locale: str, *, lines: bool) -> str:
    between = "\n" if lines else _COMMAS.get(language(locale), ", ")
    return between.join(render(part, locale) for part in parts)
