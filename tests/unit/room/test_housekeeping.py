"""What is kept for its time goes when that is over."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.errors import StoreError
from bot.room.housekeeping import AGAIN_S, ROUND_S, Housekeeping
from tests.support.clock import ManualClock

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY_S = 24 * 3600.0


@dataclass
class Kept:
    """Guilds and usage in memory; fails as long as it is told to."""

    known: set[int] = field(default_factory=set)
    left: dict[int, float] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)
    broken: bool = False
    writes: list[str] = field(default_factory=list)

    async def _answer(self, write: str = "") -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise StoreError("The disk is on fire.")
        if write:
            self.writes.append(write)

    async def guilds(self) -> frozenset[int]:
        await self._answer()
        return frozenset(self.known) | frozenset(self.left)

    async def departed(self) -> frozenset[int]:
        await self._answer()
        return frozenset(self.left)

    async def guild_left(self, guild_id: int, at: float) -> None:
        await self._answer(f"left {guild_id}")
        self.left.setdefault(guild_id, at)

    async def guild_back(self, guild_id: int) -> None:
        await self._answer(f"back {guild_id}")
        self.left.pop(guild_id, None)

    async def purge(self, before: float) -> int:
        await self._answer()
        gone = {guild for guild, at in self.left.items() if at < before}
        self.known -= gone
        self.left = {guild: at for guild, at in self.left.items() if guild not in gone}
        return len(gone)

    async def expire(self, before: date) -> int:
        await self._answer()
        old = {day for day in self.days if day < before}
        self.days -= old
        return len(old)


class House:
    """A house, its clock, and who is in it."""

    def __init__(self) -> None:
        self.kept = Kept()
        self.clock = ManualClock()
        self.began = self.clock.now()
        self.present: set[int] | None = set()
        self.keeping = Housekeeping(self.kept, self.kept, clock=self.clock, wall=self.wall)

    def wall(self) -> datetime:
        return START + timedelta(seconds=self.clock.now() - self.began)

    async def settled(self) -> None:
        await self.keeping._tasks.drain()

    async def start(self) -> None:
        self.keeping.start(lambda: self.present)
        await self.settled()

    async def days(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(DAY_S)
            await self.settled()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    yield made
    await made.keeping.close()
    assert made.clock.pending == 0


async def test_a_guild_that_left_is_kept_for_thirty_days_and_gone_on_the_next(
    house: House,
) -> None:
    house.kept.known, house.present = {1, 2}, {1, 2}
    await house.start()
    house.clock.advance(1)
    house.present = {1}
    house.keeping.guild_left(2)
    await house.settled()
    await house.days(30)
    assert house.kept.known == {1, 2}
    await house.days(1)
    assert house.kept.known == {1}
    assert house.kept.left == {}


async def test_a_guild_that_comes_back_on_the_last_day_keeps_everything(house: House) -> None:
    house.kept.known, house.present = {1}, set()
    await house.start()
    assert set(house.kept.left) == {1}
    await house.days(29)
    house.present = {1}
    house.keeping.guild_joined(1)
    await house.days(60)
    assert house.kept.known == {1}
    assert house.kept.left == {}


async def test_what_happened_while_the_bot_was_away_is_learnt_at_its_start(house: House) -> None:
    house.kept.known = {1, 2, 3, 4}
    house.kept.left = {3: START.timestamp() - DAY_S, 4: START.timestamp() - 31 * DAY_S}
    house.present = {1, 3}
    await house.start()
    assert house.kept.left == {2: START.timestamp()}
    assert house.kept.known == {1, 2, 3}
    await house.days(2)
    assert house.kept.writes == ["left 2", "back 3"]  # and nothing of those who just stay


async def test_nobody_has_left_while_it_is_not_known_who_is_there(house: House) -> None:
    house.kept.known, house.present = {1}, None
    await house.start()
    await house.days(40)
    assert house.kept.known == {1}
    assert house.kept.left == {}


async def test_leaving_and_coming_back_are_written_in_the_order_they_happened(
    house: House,
) -> None:
    house.kept.known = {1}
    house.keeping.guild_left(1)
    house.keeping.guild_joined(1)
    house.keeping.guild_left(1)
    house.keeping.guild_joined(1)
    await house.settled()
    assert house.kept.writes == ["left 1", "back 1"] * 2
    assert house.kept.left == {}


async def test_usage_is_kept_for_four_hundred_days(house: House) -> None:
    today = START.date()
    house.kept.days = {today - timedelta(days=ago) for ago in (0, 399, 400, 401, 500)}
    await house.start()
    assert house.kept.days == {today - timedelta(days=ago) for ago in (0, 399, 400)}
    await house.days(1)
    assert house.kept.days == {today - timedelta(days=ago) for ago in (0, 399)}


@pytest.mark.parametrize("happens", [Housekeeping.guild_left, Housekeeping.guild_joined])
async def test_what_could_not_be_written_is_made_up_for_by_the_next_round(
    house: House,
    caplog: pytest.LogCaptureFixture,
    happens: Callable[[Housekeeping, int], Awaitable[None] | None],
) -> None:
    back = happens is Housekeeping.guild_joined
    house.kept.known, house.present = {1}, {1} if back else set()
    house.kept.left = {1: START.timestamp()} if back else {}
    house.kept.broken = True
    await house.start()
    happens(house.keeping, 1)
    await house.settled()
    house.kept.broken = False
    house.clock.advance(AGAIN_S)
    await house.settled()
    assert set(house.kept.left) == (set() if back else {1})
    assert AGAIN_S < ROUND_S
    assert [record.levelno for record in caplog.records[:2]] == [logging.WARNING] * 2


async def test_nothing_is_begun_after_the_end(house: House) -> None:
    await house.start()
    await house.keeping.close()
    await house.keeping.close()
    assert house.clock.pending == 0
