"""What is kept for its time goes when that is over."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import StoreError
from bot.guild.housekeeping import AGAIN_S, ROUND_S, Housekeeping
from bot.wall import STEADY_S, Wall, WallClock
from tests.support.clock import ManualClock, SetClock
from tests.support.guilds import MemoryGuilds
from tests.support.usage_in_memory import Calendar

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY_S = 24 * 3600.0


class House:
    """A house, its clock, and who is in it."""

    def __init__(self, clock: ManualClock | None = None, wall: Wall | None = None) -> None:
        self.kept = MemoryGuilds()
        self.clock = clock or ManualClock()
        self.present: set[int] | None = set()
        self.keeping = Housekeeping(
            self.kept, self.kept, clock=self.clock, wall=wall or Calendar(self.clock)
        )

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


@pytest.mark.parametrize("off", [timedelta(days=365), timedelta(hours=30)])
async def test_a_clock_that_is_ahead_at_the_start_removes_nothing_before_its_time(
    off: timedelta,
) -> None:
    clock = ManualClock()
    machine = SetClock(clock, START - timedelta(seconds=clock.now()))
    machine.off = off
    wall = WallClock(clock, machine)
    house = House(clock, wall)
    house.kept.known = {1}
    house.kept.left = {2: (START - timedelta(days=29)).timestamp()}
    house.kept.days = {START.date() - timedelta(days=399)}
    for _ in range(2):  # the login
        wall.heard(machine.truth())
    await house.start()
    assert house.kept.left == {1: START.timestamp(), 2: (START - timedelta(days=29)).timestamp()}
    assert len(house.kept.days) == 1
    await house.days(2)
    assert set(house.kept.left) == {1}
    assert house.kept.days == set()
    await house.keeping.close()


async def test_while_no_time_is_sure_rounds_are_frequent_and_remove_nothing() -> None:
    clock = ManualClock()
    wall = WallClock(clock, SetClock(clock, START - timedelta(seconds=clock.now())))
    house = House(clock, wall)
    house.kept.left = {1: (START - timedelta(days=31)).timestamp()}
    await house.start()
    for _ in range(round((STEADY_S - AGAIN_S) / AGAIN_S)):
        clock.advance(AGAIN_S)
        await house.settled()
    assert set(house.kept.left) == {1}
    clock.advance(AGAIN_S)
    await house.settled()
    assert house.kept.left == {}
    await house.keeping.close()


async def test_what_waits_for_a_sure_time_goes_ten_minutes_after_discord_says_it() -> None:
    clock = ManualClock()
    machine = SetClock(clock, START - timedelta(seconds=clock.now()))
    wall = WallClock(clock, machine)
    house = House(clock, wall)
    house.kept.left = {1: (START - timedelta(days=31)).timestamp()}
    await house.start()
    clock.advance(AGAIN_S / 2)
    wall.heard(machine.truth())
    clock.advance(AGAIN_S / 2)
    await house.settled()
    assert house.kept.left == {}
    await house.keeping.close()


async def test_a_guild_that_can_not_be_removed_keeps_no_old_usage_here(house: House) -> None:
    async def refuse(before: float) -> int:
        raise StoreError(f"A row of before {before} is broken.")

    house.kept.purge = refuse  # type: ignore[method-assign] # one of its steps fails
    house.kept.days = {START.date() - timedelta(days=500)}
    await house.start()
    assert house.kept.days == set()
    assert house.clock.next_at == house.clock.now() + AGAIN_S
