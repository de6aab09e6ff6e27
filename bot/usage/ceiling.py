"""What the whole account may spend in a month (UTC), in minutes and in money.

What all servers spend is added up in one place in the database, to which each process adds its own
every `SYNC_S` and reads the whole back. So several processes share one ceiling, a restart forgets
nothing but what a killed process had not written, and what this process spends counts at once.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from bot.clock import Alarm, Clock
from bot.domain.access import MonthStore
from bot.domain.cost import Cost
from bot.domain.spent import Spent
from bot.errors import StoreError
from bot.logs import get_logger
from bot.tasks import TaskOwner
from bot.usage.prices import Prices
from bot.words import Text, t

log = get_logger(__name__)

SYNC_S: Final = 10.0
WARN_PERCENT: Final = 80
_MONTHS: Final = 3  # in memory, as a clock that was wrong may be set back

Alert = Callable[[str], Awaitable[None]]
"""Tells the host, in English, as the log is."""


@dataclass(frozen=True, slots=True)
class MonthlyLimits:
    """What all servers together may use in a month; 0: no limit.

    Attributes:
        minutes: Minutes of audio.
        dollars: Estimated cost in US dollars.
    """

    minutes: float = 0.0
    dollars: float = 0.0

    def share(self, minutes: float, dollars: float) -> float:
        """Return how much of it that is, 1 being all; of the two the one that is nearer its end."""
        of_minutes = minutes / self.minutes if self.minutes else 0.0
        of_dollars = dollars / self.dollars if self.dollars else 0.0
        return max(of_minutes, of_dollars)


@dataclass(frozen=True, slots=True)
class MonthSpent:
    """What all servers spent in a month.

    Attributes:
        month: Its first day.
        minutes: Minutes of audio.
        cost: The estimated cost.
        limits: What they may spend.
    """

    month: date
    minutes: float
    cost: Cost
    limits: MonthlyLimits

    @property
    def percent(self) -> int:
        """How much of the limit is used, in whole per cent, rounded down; 0 without a limit."""
        return int(self.limits.share(self.minutes, self.cost.dollars) * 100 + 1e-9)


class Ceiling:
    """Adds up the month, and says when it is over.

    Args:
        store: Adds up what all processes spend.
        limits: What may be spent.
        prices: Prices by model.
        clock: Tells the time and calls back.
        day: Returns today, in UTC.
    """

    def __init__(
        self,
        store: MonthStore,
        limits: MonthlyLimits,
        prices: Prices,
        *,
        clock: Clock,
        day: Callable[[], date],
    ) -> None:
        self._store = store
        self._limits = limits
        self._prices = prices
        self._day = day
        self._stored: dict[date, Mapping[str, Spent]] = {}  # by month, as last read
        self._own: dict[date, dict[str, Spent]] = {}  # not written yet
        self._reached: date | None = None  # the month in which it is reached
        self._said: set[tuple[date, int]] = set()  # percents in the log
        self._alert: Alert | None = None
        self._listeners: list[Callable[[], None]] = []
        self._sync_next = Alarm(clock, self._sync_soon)
        # Not from within: what it stops may be what is being counted.
        self._tell_next = Alarm(clock, self._tell)
        self._tasks = TaskOwner("ceiling")
        self._untold: list[tuple[date, int, str]] = []  # to the host: month, percent, what
        self._failing = False
        self._closed = False

    async def open(self) -> None:
        """Learn what was spent before this process began.

        Raises:
            StoreError: The store can't be read.
        """
        await self._sync()
        self._sync_next.set_in(SYNC_S)

    def alert_by(self, alert: Alert) -> None:
        """Tell the host by this, beside the log; also what is known already."""
        self._alert = alert
        self._tasks.start(self._tell_host(), "tell the host")

    def listen(self, reached: Callable[[], None]) -> None:
        """Call back when the ceiling is reached."""
        self._listeners.append(reached)

    def used(self, amounts: Mapping[str, Spent]) -> None:
        """Count what was used now, by model."""
        own = self._own.setdefault(self._month, {})
        for model, amount in amounts.items():
            own[model] = own.get(model, Spent()) + amount
        self._look()

    def spent(self) -> MonthSpent:
        """Return what all servers spent this month, as far as this process knows."""
        month = self._month
        total = dict(self._stored.get(month, {}))
        for model, amount in self._own.get(month, {}).items():
            total[model] = total.get(model, Spent()) + amount
        minutes = sum(amount.minutes for amount in total.values())
        return MonthSpent(month, minutes, self._prices.cost(total), self._limits)

    @property
    def reached(self) -> bool:
        """Whether nothing more may be spent this month."""
        return self._reached is not None and self._reached == self._month

    @property
    def refusal(self) -> Text | None:
        """What people read once it is reached; else None."""
        if not self.reached:
            return None
        again = (self._month + timedelta(days=31)).replace(day=1)
        return t(
            "This bot has used everything its host allows for this month. Translation is "
            "available again on {day} (UTC).",
            day=again.isoformat(),
        )

    @property
    def _month(self) -> date:
        return self._day().replace(day=1)

    def _look(self) -> None:
        if not (self._limits.minutes or self._limits.dollars):
            return
        spent = self.spent()
        if spent.percent >= 100 and self._reached != spent.month:
            self._reached = spent.month
            self._tell_next.set_in(0)
        new = [
            percent
            for percent in (WARN_PERCENT, 100)
            if spent.percent >= percent and (spent.month, percent) not in self._said
        ]
        self._said.update((spent.month, percent) for percent in new)
        if new and not self._closed:
            self._tasks.start(self._warn(spent, max(new)), f"warn {max(new)}")

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    async def _warn(self, spent: MonthSpent, percent: int) -> None:
        used = described(spent)
        log.warning("this month's limit is nearly or wholly used", percent=spent.percent, used=used)
        if percent >= 100:
            said = f"This month's limit is reached: {used}. I no longer translate anything."
        else:
            said = f"{spent.percent}% of this month's limit is used: {used}."
        self._untold.append((spent.month, percent, said))
        await self._tell_host()

    async def _tell_host(self) -> None:
        while self._untold and self._alert is not None:
            month, percent, said = self._untold.pop(0)
            if await self._first(month, percent):
                await self._alert(said)

    async def _first(self, month: date, percent: int) -> bool:
        """Return whether no process has told the host of this yet."""
        try:
            return await self._store.claim_warning(month, percent)
        except StoreError as error:
            log.warning("it is not known whether the host was told", code=error.code)
            return True  # twice is better than never

    def _sync_soon(self) -> None:
        self._tasks.start(self._synced(), "sync")

    async def _synced(self) -> None:
        try:
            await self._sync()
        except StoreError as error:
            if not self._failing:
                log.warning("what all servers spent can't be written", code=error.code)
            self._failing = True
        else:
            self._failing = False
        self._sync_next.set_in(SYNC_S)

    async def _sync(self) -> None:
        """Write what waits, and read what all processes spent this month."""
        for month in sorted({*self._own, self._month}):
            amounts = self._own.pop(month, {})
            # Until it is written it is counted as stored, so that nothing is missing meanwhile.
            before = self._stored.get(month, {})
            self._stored[month] = _sum(before, amounts)
            try:
                self._stored[month] = await self._store.add_to_month(month, amounts)
            except BaseException:
                self._stored[month] = before
                own = self._own.get(month, {})
                if amounts or own:
                    self._own[month] = _sum(amounts, own)
                raise
        for month in sorted(self._stored)[:-_MONTHS]:
            del self._stored[month]
        self._look()

    async def close(self) -> None:
        """Write what waits, and end. Idempotent."""
        self._closed = True
        self._sync_next.cancel()
        self._tell_next.cancel()
        try:
            await self._tasks.drain()
            self._sync_next.cancel()  # set again by what was under way
            if self._own:
                await self._sync()
        except StoreError as error:
            log.error("a part of this month's total could not be written", code=error.code)  # noqa: TRY400 - its one line says all
        finally:
            await self._tasks.close()


def described(spent: MonthSpent) -> str:
    """Return the month in English, for the host: minutes, cost and what they may be."""
    limits = spent.limits
    minutes = f"{spent.minutes:,.1f}" + (f" of {limits.minutes:,g}" if limits.minutes else "")
    cost = f"${spent.cost.dollars:,.2f}" + (f" of ${limits.dollars:,.2f}" if limits.dollars else "")
    least = "at least " if spent.cost.unknown else ""
    return f"{minutes} minutes, {least}{cost} (estimated)"


def _sum(one: Mapping[str, Spent], other: Mapping[str, Spent]) -> dict[str, Spent]:
    total = dict(one)
    for model, amount in other.items():
        total[model] = total.get(model, Spent()) + amount
    return total
