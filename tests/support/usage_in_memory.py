"""A store of what was spent, in memory, and a date set by hand."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.clock import Clock
from bot.domain.access import HostGrant
from bot.domain.spent import NOBODY, Spent, SpentKey
from bot.errors import StoreError
from bot.usage.access import Access, AccessRules
from bot.usage.ceiling import Ceiling, MonthlyLimits
from bot.usage.daily_allowance import HostLimits
from bot.usage.prices import Prices
from tests.support.clock import ManualClock


class MemoryUsage:
    """Implements UsageStore; `failing` refuses to write and read."""

    def __init__(self) -> None:
        self.rows: dict[SpentKey, Spent] = {}
        self.batches = 0
        self.failing = False

    def _check(self) -> None:
        if self.failing:
            raise StoreError("The database can't be used: no space.")

    async def add(self, amounts: Mapping[SpentKey, Spent]) -> None:
        self._check()
        self.batches += 1
        for key, amount in amounts.items():
            self.rows[key] = self.rows.get(key, Spent()) + amount

    async def day(self, guild_id: int, day: date) -> Mapping[str, Spent]:
        self._check()
        found: dict[str, Spent] = {}
        for key, amount in self.rows.items():
            if (key.guild_id, key.day) == (guild_id, day):
                found[key.model] = found.get(key.model, Spent()) + amount
        return found

    async def since(
        self, guild_id: int, day: date, whose: int | None = None
    ) -> Mapping[SpentKey, Spent]:
        self._check()
        found: dict[SpentKey, Spent] = {}
        for key, amount in self.rows.items():
            if key.guild_id == guild_id and key.day >= day:
                apart = whose is None or key.user_id == whose
                row = key if apart else replace(key, user_id=NOBODY)
                found[row] = found.get(row, Spent()) + amount
        return found

    async def forget(self, guild_id: int, user_id: int) -> None:
        self._check()
        for key in [k for k in self.rows if (k.guild_id, k.user_id) == (guild_id, user_id)]:
            amount = self.rows.pop(key)
            nobody = replace(key, user_id=NOBODY)
            self.rows[nobody] = self.rows.get(nobody, Spent()) + amount

    async def expire(self, before: date) -> int:
        self._check()
        old = [key for key in self.rows if key.day < before]
        for key in old:
            del self.rows[key]
        return len(old)

    @property
    def sum(self) -> Spent:
        return sum(self.rows.values(), Spent())


class MemoryHost:
    """Implements GrantStore, NameStore and MonthStore; several processes may share one."""

    def __init__(self) -> None:
        self.decided: dict[int, HostGrant] = {}
        self.months: dict[tuple[date, str], Spent] = {}
        self.warnings: set[tuple[date, int]] = set()
        self.named: dict[int, str] = {}
        self.failing = False

    def _check(self) -> None:
        if self.failing:
            raise StoreError("The database can't be used: no space.")

    async def grants(self) -> Mapping[int, HostGrant]:
        self._check()
        return dict(self.decided)

    async def put_grant(self, guild_id: int, grant: HostGrant) -> None:
        self._check()
        self.decided[guild_id] = grant

    async def drop_grant(self, guild_id: int) -> bool:
        self._check()
        return self.decided.pop(guild_id, None) is not None

    async def names(self) -> Mapping[int, str]:
        self._check()
        return dict(self.named)

    async def put_names(self, names: Mapping[int, str]) -> None:
        self._check()
        self.named.update(names)

    async def add_to_month(self, month: date, amounts: Mapping[str, Spent]) -> Mapping[str, Spent]:
        self._check()
        for model, amount in amounts.items():
            self.months[month, model] = self.months.get((month, model), Spent()) + amount
        return {model: amount for (at, model), amount in self.months.items() if at == month}

    async def claim_warning(self, month: date, percent: int) -> bool:
        self._check()
        new = (month, percent) not in self.warnings
        self.warnings.add((month, percent))
        return new


def daily(minutes: float, clock: Clock) -> HostLimits:
    """The limits of a host who lets every server use this much a day, and all any amount."""
    return HostLimits(
        Access(MemoryHost(), AccessRules(minutes), clock),
        Ceiling(
            MemoryHost(), MonthlyLimits(), Prices(), clock=clock, day=lambda: date(2026, 11, 22)
        ),
    )


class Calendar:
    """A Wall: the date that belongs to a manual clock, which began at a given time of day."""

    def __init__(self, clock: ManualClock, hour: int = 12) -> None:
        self._clock = clock
        self._began = datetime(2026, 11, 22, hour, tzinfo=UTC) - timedelta(seconds=clock.now())

    def now(self) -> datetime:
        return self._began + timedelta(seconds=self._clock.now())

    def reached(self) -> datetime:
        return self.now()

    __call__ = now
