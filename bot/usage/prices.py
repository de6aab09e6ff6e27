"""What the service is likely to ask for what was spent. An estimate: the invoice is the service's.

Prices are in US dollars for a million tokens, or a million characters where a model reads aloud,
and say where and when they were published. They differ by the region of the service. A model that
is not in a region's table has no price here, and none is guessed.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from bot.domain.cost import Cost, PriceSource
from bot.domain.spent import Spent
from bot.words import t

_SNAPSHOT: Final = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a model, in US dollars for a million tokens, or for a million characters.

    Attributes:
        read: The price of what goes in, speech or text.
        written: The price of text that comes out.
        spoken: The price of voice that comes out.
        source: Where it is from; None is the host of the bot.
    """

    read: float
    written: float
    spoken: float = 0.0
    source: PriceSource | None = field(default=None, compare=False, kw_only=True)

    def cost(self, amount: Spent) -> float:
        """Return what an amount costs, in US dollars."""
        written = amount.tokens_out - amount.tokens_voice
        paid = (
            amount.tokens_in * self.read
            + written * self.written
            + amount.tokens_voice * self.spoken
        )
        return paid / _MILLION


FREE: Final = Price(0.0, 0.0, 0.0)


def _table(*lists: tuple[PriceSource, Mapping[str, tuple[float, ...]]]) -> Mapping[str, Price]:
    return {
        model: Price(*amounts, source=source)
        for source, models in lists
        for model, amounts in models.items()
    }


_VENDOR: Final = "Alibaba Cloud"
_CATALOGUE: Final = "models.dev"
_SINGAPORE: Final = t("Singapore")
_BEIJING: Final = t("Beijing")
_YUAN: Final = 7.5 / 54.688  # dollars, as the vendor's list of October 2026 has them

# In: audio or text; out: text; out: voice. Of qwen3.5, and of qwen3 in Beijing, none was found.
SINGAPORE: Final = _table(
    (
        PriceSource(_VENDOR, _SINGAPORE, date(2026, 10, 1)),
        {"qwen3.8-livetranslate-flash-realtime": (7.5, 20.0, 30.0)},
    ),
    (
        PriceSource(_VENDOR, _SINGAPORE, date(2026, 7, 24)),
        {"qwen-mt-turbo": (0.16, 0.49)},
    ),
    (
        PriceSource(_VENDOR, _SINGAPORE, date(2026, 1, 6)),
        {"qwen3-tts-flash": (10.0, 0.0)},  # $0.10 for 10,000 characters
    ),
    (
        PriceSource(_CATALOGUE, _SINGAPORE, date(2026, 11, 26)),
        {
            "qwen3-livetranslate-flash-realtime": (10.0, 10.0, 38.0),
            "qwen-mt-flash": (0.16, 0.49),
            "qwen-mt-plus": (2.46, 7.37),
        },
    ),
)
BEIJING: Final = _table(
    (
        PriceSource(_VENDOR, _BEIJING, date(2026, 10, 1)),
        {"qwen3.8-livetranslate-flash-realtime": (40 * _YUAN, 100 * _YUAN, 160 * _YUAN)},
    ),
    (
        PriceSource(_VENDOR, _BEIJING, date(2026, 7, 24)),
        {"qwen-mt-turbo": (0.101, 0.28)},
    ),
    (
        PriceSource(_VENDOR, _BEIJING, date(2025, 12, 2)),
        {"qwen3-tts-flash": (11.4682, 0.0)},
    ),
    (
        PriceSource(_CATALOGUE, _BEIJING, date(2026, 11, 26)),
        {"qwen-mt-plus": (0.259, 0.775)},
    ),
)
_REGIONS: Final = (
    (SINGAPORE, "dashscope-intl.aliyuncs.com", ".ap-southeast-1.maas.aliyuncs.com"),
    (BEIJING, "dashscope.aliyuncs.com", ".cn-beijing.maas.aliyuncs.com"),
)


def published(host: str) -> Mapping[str, Price]:
    """Return the prices of the region that a host of the service is in; empty elsewhere."""
    for table, name, workspaces in _REGIONS:
        if host == name or host.endswith(workspaces):
            return table
    return {}


@dataclass(frozen=True, slots=True)
class Prices:
    """A price table.

    Attributes:
        table: Price by model name; a dated snapshot of a model costs what the model does.
        others: Price of every model that is not in the table, where one is set.
    """

    table: Mapping[str, Price] = field(default_factory=lambda: SINGAPORE)
    others: Price | None = None

    def of(self, model: str) -> Price | None:
        """Return a model's price; None when it is not known."""
        price = self.table.get(model) or self.table.get(_SNAPSHOT.sub("", model))
        return price or self.others

    def cost(self, amounts: Mapping[str, Spent]) -> Cost:
        """Return what amounts by model are likely to cost."""
        total = 0.0
        unknown = []
        sources: dict[PriceSource | None, None] = {}
        for model, amount in sorted(amounts.items()):
            if (price := self.of(model)) is not None:
                cost = price.cost(amount)
                total += cost
                if cost > 0:
                    sources[price.source] = None
            elif amount != Spent():
                unknown.append(model)
        return Cost(total, tuple(unknown), tuple(sources))


def parse(text: str) -> Mapping[str, Price]:
    """Read a table from JSON: {"model": {"in": 7.5, "text_out": 20, "audio_out": 30}, ...}.

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
