"""What is kept for its time goes when that is over."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import StoreError
from bot.guild.housekeeping import AGAIN_S, ROUND_S, Housekeeping
from bot.wall_clock import STEADY_S, Wall, WallClock
from tests.support.clock import ManualClock, SetClock
from tests.support.guilds import MemoryGuilds
from tests.support.usage_in_memory import Calendar

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY_S = 24 * 3600.0


class HousekeepingSetup:
    """The housekeeping, its clock, and the guilds it knows."""

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
        self.keeping.start(lambda guild: None if self.present is None else guild in self.present)
        await self.settled()

    async def days(self, count: int) -> None:
        for _ in range(count):
            self.clock.advance(DAY_S)
            await self.settled()


@pytest.fixture
async def setup() -> AsyncIterator[HousekeepingSetup]:
    made = HousekeepingSetup()
    yield made
    await made.keeping.close()
    assert made.clock.pending == 0


async def test_a_guild_that_left_is_kept_for_thirty_days_and_gone_on_the_next(
    setup: HousekeepingSetup,
) -> None:
    setup.kept.known, setup.present = {1, 2}, {1, 2}
    await setup.start()
    setup.clock.advance(1)
    setup.present = {1}
    setup.keeping.guild_left(2)
    await setup.settled()
    await setup.days(30)
    assert setup.kept.known == {1, 2}
    await setup.days(1)
    assert setup.kept.known == {1}
    assert setup.kept.left == {}


async def test_a_guild_that_comes_back_on_the_last_day_keeps_everything(
    setup: HousekeepingSetup,
) -> None:
    setup.kept.known, setup.present = {1}, set()
    await setup.start()
    assert set(setup.kept.left) == {1}
    await setup.days(29)
    setup.present = {1}
    setup.keeping.guild_joined(1)
    await setup.days(60)
    assert setup.kept.known == {1}
    assert setup.kept.left == {}


async def test_what_happened_while_the_bot_was_away_is_learnt_at_its_start(
    setup: HousekeepingSetup,
) -> None:
    setup.kept.known = {1, 2, 3, 4}
    setup.kept.left = {3: START.timestamp() - DAY_S, 4: START.timestamp() - 31 * DAY_S}
    setup.present = {1, 3}
    await setup.start()
    assert setup.kept.left == {2: START.timestamp()}
    assert setup.kept.known == {1, 2, 3}
    await setup.days(2)
    assert setup.kept.writes == ["left 2", "back 3"]  # and nothing of those who just stay


async def test_nobody_has_left_while_it_is_not_known_who_is_there(setup: HousekeepingSetup) -> None:
    setup.kept.known, setup.present = {1}, None
    await setup.start()
    await setup.days(40)
    assert setup.kept.known == {1}
    assert setup.kept.left == {}


async def test_leaving_and_coming_back_are_written_in_the_order_they_happened(
    setup: HousekeepingSetup,
) -> None:
    setup.kept.known = {1}
    setup.keeping.guild_left(1)
    setup.keeping.guild_joined(1)
    setup.keeping.guild_left(1)
    setup.keeping.guild_joined(1)
    await setup.settled()
    assert setup.kept.writes == ["left 1", "back 1"] * 2
    assert setup.kept.left == {}


async def test_usage_is_kept_for_four_hundred_days(setup: HousekeepingSetup) -> None:
    today = START.date()
    setup.kept.days = {today - timedelta(days=ago) for ago in (0, 399, 400, 401, 500)}
    await setup.start()
    assert setup.kept.days == {today - timedelta(days=ago) for ago in (0, 399, 400)}
    await setup.days(1)
    assert setup.kept.days == {today - timedelta(days=ago) for ago in (0, 399)}


@pytest.mark.parametrize("happens", [Housekeeping.guild_left, Housekeeping.guild_joined])
async def test_what_could_not_be_written_is_made_up_for_by_the_next_round(
    setup: HousekeepingSetup,
    caplog: pytest.LogCaptureFixture,
    happens: Callable[[Housekeeping, int], Awaitable[None] | None],
) -> None:
    back = happens is Housekeeping.guild_joined
    setup.kept.known, setup.present = {1}, {1} if back else set()
    setup.kept.left = {1: START.timestamp()} if back else {}
    setup.kept.broken = True
    await setup.start()
    happens(setup.keeping, 1)
    await setup.settled()
    setup.kept.broken = False
    setup.clock.advance(AGAIN_S)
    await setup.settled()
    assert set(setup.kept.left) == (set() if back else {1})
    assert AGAIN_S < ROUND_S
    assert [record.levelno for record in caplog.records[:2]] == [logging.WARNING] * 2


async def test_nothing_is_begun_after_the_end(setup: HousekeepingSetup) -> None:
    await setup.start()
    await setup.keeping.close()
    await setup.keeping.close()
    assert setup.clock.pending == 0


@pytest.mark.parametrize("off", [timedelta(days=365), timedelta(hours=30)])
async def test_a_clock_that_is_ahead_at_the_start_removes_nothing_before_its_time(
    off: timedelta,
) -> None:
    clock = ManualClock()
    machine = SetClock(clock, START - timedelta(seconds=clock.now()))
    machine.off = off
    wall = WallClock(clock, machine)
    setup = HousekeepingSetup(clock, wall)
    setup.kept.known = {1}
    setup.kept.left = {2: (START - timedelta(days=29)).timestamp()}
    setup.kept.days = {START.date() - timedelta(days=399)}
    for _ in range(2):  # the login
        wall.heard(machine.truth())
    await setup.start()
    assert setup.kept.left == {1: START.timestamp(), 2: (START - timedelta(days=29)).timestamp()}
    assert len(setup.kept.days) == 1
    await setup.days(2)
    assert set(setup.kept.left) == {1}
    assert setup.kept.days == set()
    await setup.keeping.close()


async def test_while_no_time_is_sure_rounds_are_frequent_and_remove_nothing() -> None:
    clock = ManualClock()
    wall = WallClock(clock, SetClock(clock, START - timedelta(seconds=clock.now())))
    setup = HousekeepingSetup(clock, wall)
    setup.kept.left = {1: (START - timedelta(days=31)).timestamp()}
    await setup.start()
    for _ in range(round((STEADY_S - AGAIN_S) / AGAIN_S)):
        clock.advance(AGAIN_S)
        await setup.settled()
    assert set(setup.kept.left) == {1}
    clock.advance(AGAIN_S)
    await setup.settled()
    assert setup.kept.left == {}
    await setup.keeping.close()


async def test_what_waits_for_a_sure_time_goes_ten_minutes_after_discord_says_it() -> None:
    clock = ManualClock()
    machine = SetClock(clock, START - timedelta(seconds=clock.now()))
    wall = WallClock(clock, machine)
    setup = HousekeepingSetup(clock, wall)
    setup.kept.left = {1: (START - timedelta(days=31)).timestamp()}
    await setup.start()
    clock.advance(AGAIN_S / 2)
    wall.heard(machine.truth())
    clock.advance(AGAIN_S / 2)
    await setup.settled()
    assert setup.kept.left == {}
    await setup.keeping.close()


async def test_a_guild_that_can_not_be_removed_keeps_no_old_usage_here(
    setup: HousekeepingSetup,
) -> None:
    async def refuse(before: float) -> int:
        raise StoreError(f"A row of before {before} is broken.")

    setup.kept.purge = refuse  # type: ignore[method-assign] # one of its steps fails
    setup.kept.days = {START.date() - timedelta(days=500)}
    await setup.start()
    assert setup.kept.days == set()
    assert setup.clock.next_at == setup.clock.now() + AGAIN_S
