"""What was spent, as an estimate in US dollars."""

from dataclasses import dataclass
from datetime import date

from bot.words import Renderable, Text, dollars, listing, t


@dataclass(frozen=True, slots=True)
class PriceSource:
    """Where a price is from.

    Attributes:
        publisher: The provider that publishes the price.
        region: The service's region.
        day: When it was published, or read where that is not known.
    """

    publisher: str
    region: str
    day: date

    @property
    def text(self) -> Text:
        """The amount in words."""
        return t(
            "{publisher} ({region}, {date})",
            publisher=self.publisher,
            region=self.region,
            date=self.day.isoformat(),
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate.

    Attributes:
        dollars: The cost of what has a price, in US dollars.
        unknown: Models that were used and have none, by name.
        sources: Where the prices are from; None is the host of the bot.
    """

    dollars: float
    unknown: tuple[str, ...] = ()
    sources: tuple[PriceSource | None, ...] = ()

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

    @property
    def by(self) -> Renderable | None:
        """Whose prices these are, in words; None where nothing was paid for."""
        if not self.sources:
            return None
        return listing(t("the bot's host") if one is None else one.text for one in self.sources)

    def __str__(self) -> str:
        return self.whole


@dataclass(frozen=True, slots=True)
class Today:
    """What one guild, or all, spent today.

    Attributes:
        minutes: Minutes of audio sent.
        limit: Minutes allowed a day; 0 means no limit.
        cost: The estimated cost.
    """

    minutes: float
    limit: float
    cost: Cost
