"""What the service is likely to ask for what was spent. An estimate: the invoice is the service's.

Prices are in US dollars for a million tokens. A model that is not in the table has no price here,
and none is guessed.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bot.room.spent import Spent
from bot.words import Text, dollars, listing, t

_SNAPSHOT: Final = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """Of one model, in US dollars for a million tokens.

    Attributes:
        read: Of what goes in, speech or text.
        written: Of text that comes out.
        spoken: Of voice that comes out.
    """

    read: float
    written: float
    spoken: float = 0.0

    def cost(self, amount: Spent) -> float:
        """US dollars for an amount."""
        written = amount.tokens_out - amount.tokens_voice
        paid = (
            amount.tokens_in * self.read
            + written * self.written
            + amount.tokens_voice * self.spoken
        )
        return paid / _MILLION


FREE: Final = Price(0.0, 0.0, 0.0)

# Singapore, November 2026: the first as users of it report, the second by the price list.
PRICES: Final[Mapping[str, Price]] = {
    "qwen3.8-livetranslate-flash-realtime": Price(read=7.5, written=20.0, spoken=30.0),
    "qwen-mt-turbo": Price(read=0.16, written=0.49),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate.

    Attributes:
        dollars: For what has a price.
        unknown: Models that were used and have none, by name.
    """

    dollars: float
    unknown: tuple[str, ...] = ()

    @property
    def short(self) -> Text:
        """The amount alone."""
        if self.unknown:
            if self.dollars > 0:
                return t("at least {dollars}", dollars=dollars(self.dollars))
            return t("unknown")
        if self.dollars >= 0.005:
            return t("about {dollars}", dollars=dollars(self.dollars))
        if self.dollars == 0:
            return t("nothing")
        return t("less than {dollars}", dollars=dollars(0.01))

    @property
    def whole(self) -> Text:
        """The amount, and what it leaves out."""
        if not self.unknown:
            return self.short
        return t(
            "{cost} (no price is known for {models})",
            cost=self.short,
            models=listing(self.unknown),
        )

    def __str__(self) -> str:
        return self.whole


@dataclass(frozen=True, slots=True)
class Prices:
    """A price table.

    Attributes:
        table: Price by model name; a dated snapshot of a model costs what the model does.
        others: Of every model that is not in the table, where that is known.
    """

    table: Mapping[str, Price] = field(default_factory=lambda: PRICES)
    others: Price | None = None

    def of(self, model: str) -> Price | None:
        """A model's price; None when it is not known."""
        price = self.table.get(model) or self.table.get(_SNAPSHOT.sub("", model))
        return price or self.others

    def cost(self, amounts: Mapping[str, Spent]) -> Cost:
        """What amounts by model are likely to cost."""
        total = 0.0
        unknown = []
        for model, amount in sorted(amounts.items()):
            if (price := self.of(model)) is not None:
                total += price.cost(amount)
            elif amount != Spent():
                unknown.append(model)
        return Cost(total, tuple(unknown))


def parse(text: str) -> Mapping[str, Price]:
    """A table from JSON: {"model": {"in": 7.5, "text_out": 20, "audio_out": 30}, ...}.

    What is left out costs nothing.

    Raises:
        ValueError: It is not that; says what it must be, and the number of the model that is wrong.
    """
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("must be JSON, or the path of a file with JSON.") from None
    if not isinstance(table, dict):
        # pydantic takes nothing else for a wrong value.
        raise ValueError(  # noqa: TRY004
            'must be a JSON object like {"model": {"in": 7.5, "text_out": 20}}.'
        )
    return {
        model: _price(number, prices) for number, (model, prices) in enumerate(table.items(), 1)
    }


_NAMES: Final = ("in", "text_out", "audio_out")


def _price(number: int, prices: Any) -> Price:
    good = (
        isinstance(prices, dict)
        and prices.keys() <= set(_NAMES)
        and all(_is_price(price) for price in prices.values())
        and "in" in prices
    )
    if not good:
        raise ValueError(
            f'must give for its model number {number} US dollars per million tokens as "in" and, '
            'where there are such, "text_out" and "audio_out".'
        )
    return Price(*(float(prices.get(name, 0.0)) for name in _NAMES))


def _is_price(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value < 1e9 and math.isfinite(value)
