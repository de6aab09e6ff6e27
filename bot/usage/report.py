"""What was spent, for whoever looks: a guild's last days, and figures that name nobody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bot.domain.cost import Cost, Today
from bot.domain.spent import Spent, counts_characters
from bot.usage.ceiling import MonthSpent
from bot.usage.daily_allowance import Accounts
from bot.usage.ledger import Ledger
from bot.usage.prices import Prices

DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Day:
    """What a guild spent on one day (UTC).

    Attributes:
        minutes: Minutes of audio sent.
        own_minutes: How many of them were those of who asked.
        tokens: Tokens in and out, of all models that count them.
        characters: Characters of typed words that were read aloud.
        cost: The estimated cost.
    """

    day: date
    minutes: float
    own_minutes: float
    tokens: int
    characters: int
    cost: Cost


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The last `DAYS` days of a guild.

    Attributes:
        today: Today's spending so far.
        days: Days with any usage, newest first.
        cost: The estimated cost of all of them.
        month: What all servers spent this month, for those who should know.
    """

    today: Today
    days: tuple[Day, ...]
    cost: Cost
    month: MonthSpent | None = None


class Spending:
    """Reads what was spent.

    Args:
        ledger: Where it is counted.
        accounts: What guilds may spend.
        prices: Prices by model.
        waiting: How many conversations wait for a connect now.
    """

    def __init__(
        self, ledger: Ledger, accounts: Accounts, prices: Prices, *, waiting: Callable[[], int]
    ) -> None:
        self._ledger = ledger
        self._accounts = accounts
        self._prices = prices
        self._waiting = waiting

    @property
    def waiting(self) -> int:
        """Conversations that wait for a connect."""
        return self._waiting()

    def process(self) -> tuple[Mapping[str, Spent], Cost]:
        """Return what this process spent so far, by model, and its estimated cost."""
        return dict(self._ledger.spent), self._prices.cost(self._ledger.spent)

    async def report(self, guild_id: int, user_id: int) -> UsageReport:
        """Return what a guild used in the last days, for this person.

        Raises:
            StoreError: The store can't be read.
        """
        account = await self._accounts.of(guild_id)
        since = self._ledger.day - timedelta(days=DAYS - 1)
        days: dict[date, dict[str, Spent]] = {}
        own: dict[date, Spent] = {}
        total: dict[str, Spent] = {}
        spent = await self._ledger.spent_by_day(guild_id, since, user_id)
        for key, amount in spent.items():
            models = days.setdefault(key.day, {})
            for by_model in (models, total):
                by_model[key.model] = by_model.get(key.model, Spent()) + amount
            if key.user_id == user_id:
                own[key.day] = own.get(key.day, Spent()) + amount
        return UsageReport(
            account.today(),
            tuple(
                self._day(day, days[day], own.get(day, Spent()))
                for day in sorted(days, reverse=True)
            ),
            self._prices.cost(total),
            self._accounts.host.ceiling.spent(),
        )

    def _day(self, day: date, models: Mapping[str, Spent], own: Spent) -> Day:
        whole = sum(models.values(), Spent())
        read_aloud = sum(one.tokens_in for name, one in models.items() if counts_characters(name))
        return Day(
            day=day,
            minutes=whole.minutes,
            own_minutes=own.minutes,
            tokens=whole.tokens_in + whole.tokens_out - read_aloud,
            characters=read_aloud,
            cost=self._prices.cost(models),
        )

    def figures(self) -> Mapping[str, object]:
        """Return sums of all guilds, for `/health`; a cost that is not wholly known is null."""
        today = self._accounts.today()
        return {
            "minutes_today": round(today.minutes, 2),
            "cost_today_usd_estimate": None if today.cost.unknown else round(today.cost.dollars, 4),
            "month_limit_used_percent": self._accounts.host.ceiling.spent().percent,
            "connects_waiting": self.waiting,
            "usage_unwritten": len(self._ledger),
            "usage_dropped": self._ledger.dropped,
        }
