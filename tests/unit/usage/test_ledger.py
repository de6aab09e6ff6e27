"""Batches, restarts, failures and days of the ledger."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from bot.domain.events import Usage
from bot.domain.spent import NOBODY, Spent, SpentKey
from bot.errors import StoreError
from bot.usage.ledger import Ledger
from tests.support.clock import ManualClock
from tests.support.log_lines import logged
from tests.support.usage_in_memory import Calendar, MemoryUsage

TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23)
USAGE = Usage(1.0, 0.5, 7, 9, 1, 4, 30, 20)
SPOKEN, WRITTEN = Spent(16_000, 12_000, 7, 9, 4, 1), Spent(tokens_in=30, tokens_out=20)


class LedgerSetup:
    """A ledger over a store and a date that the test moves, or sets wrong."""

    def __init__(self, store: MemoryUsage | None = None, most_rows: int = 10_000) -> None:
        self.clock = ManualClock()
        self.wrong = timedelta()
        calendar = Calendar(self.clock)
        self.store = store or MemoryUsage()
        self.ledger = Ledger(
            self.store,
            model="speech",
            text_model="text",
            tts_model="a-tts",
            clock=self.clock,
            wall=lambda: calendar.now() + self.wrong,
            most_rows=most_rows,
        )

    def use(self, guild: int, *users: int) -> None:
        """A second of speech of each."""
        for user in users:
            self.ledger.used(guild, user, Usage(audio_in_s=1.0))

    async def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        for _ in range(5):  # what fell due runs
            await asyncio.sleep(0)


async def test_speech_and_text_are_rows_of_their_own_models() -> None:
    setup = LedgerSetup()
    setup.ledger.used(1, 5, USAGE)
    await setup.ledger.flush()
    assert setup.store.rows == {
        SpentKey(TODAY, 1, 5, "speech"): SPOKEN,
        SpentKey(TODAY, 1, 5, "text"): WRITTEN,
    }
    await setup.ledger.close()


async def test_ten_seconds_of_usage_are_one_batch() -> None:
    setup = LedgerSetup()
    for user in range(8):
        setup.ledger.used(1, user, USAGE)
    assert setup.store.batches == 0
    await setup.advance(9.9)
    setup.ledger.used(1, 3, USAGE)
    assert setup.store.batches == 0
    await setup.advance(0.1)
    assert (setup.store.batches, len(setup.ledger)) == (1, 0)
    assert setup.store.rows[SpentKey(TODAY, 1, 3, "speech")] == SPOKEN + SPOKEN
    await setup.advance(3600)
    assert setup.store.batches == 1
    assert setup.clock.pending == 0
    await setup.ledger.close()


async def test_closing_writes_what_waits_and_leaves_no_timer() -> None:
    setup = LedgerSetup()
    setup.ledger.used(1, 5, USAGE)
    await setup.ledger.close()
    await setup.ledger.close()
    assert setup.store.sum == SPOKEN + WRITTEN
    assert setup.clock.pending == 0


async def test_what_can_not_be_written_waits_and_is_written_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    setup = LedgerSetup()
    setup.store.failing = True
    setup.ledger.used(1, 5, USAGE)
    await setup.advance(10)
    setup.ledger.used(1, 5, USAGE)
    await setup.advance(10)
    reading, writing = caplog.records  # each said once
    assert ("read" in reading.message, "written" in writing.message) == (True, True)
    assert {reading.levelno, writing.levelno} == {logging.WARNING}
    setup.store.failing = False
    await setup.advance(10)
    assert setup.store.sum == SPOKEN + WRITTEN + SPOKEN + WRITTEN
    assert len(setup.ledger) == 0
    await setup.ledger.close()


async def test_while_the_store_fails_persons_are_given_up_before_amounts() -> None:
    setup = LedgerSetup(most_rows=2)
    setup.store.failing = True
    usage = Usage(audio_in_s=1.0)
    for user in range(1, 6):
        setup.ledger.used(1, user, usage)
    assert len(setup.ledger) == 3
    for guild in range(2, 9):
        setup.ledger.used(guild, 1, usage)
    assert (len(setup.ledger), setup.ledger.dropped) == (4, 4)
    setup.store.failing = False
    await setup.ledger.close()
    assert setup.store.rows == {
        SpentKey(TODAY, guild, NOBODY, "speech"): Spent(16_000 * seconds)
        for guild, seconds in ((1, 5), (2, 1), (3, 1), (4, 1))
    }


async def test_a_restart_knows_what_was_spent_today_and_only_that() -> None:
    store = MemoryUsage()
    store.rows[SpentKey(date(2026, 11, 21), 1, 5, "speech")] = SPOKEN
    before = LedgerSetup(store)
    before.ledger.used(1, 5, USAGE)
    before.ledger.used(2, 5, USAGE)
    await before.ledger.close()
    after = LedgerSetup(store)
    after.ledger.used(1, 6, USAGE)  # before it was asked for
    await after.ledger.load(1)
    await after.ledger.load(1)
    after.ledger.used(1, 6, USAGE)
    assert after.ledger.today(1)["speech"] == SPOKEN + SPOKEN + SPOKEN
    await after.ledger.close()


async def test_at_midnight_of_utc_a_new_day_begins_at_nothing() -> None:
    setup = LedgerSetup()
    await setup.ledger.load(1)
    setup.ledger.used(1, 5, USAGE)
    await setup.advance(12 * 3600 - 0.1)
    assert setup.ledger.today(1)["speech"] == SPOKEN
    await setup.advance(0.1)
    assert setup.ledger.today(1) == {}
    setup.ledger.used(1, 5, USAGE)
    await setup.ledger.close()
    assert {key.day for key in setup.store.rows} == {TODAY, TOMORROW}


async def test_forgetting_somebody_keeps_the_sums_and_names_them_nowhere() -> None:
    setup = LedgerSetup()
    setup.ledger.used(1, 5, USAGE)
    await setup.ledger.flush()
    setup.ledger.used(1, 5, USAGE)
    setup.ledger.used(1, 6, USAGE)
    setup.ledger.used(2, 5, USAGE)
    before = setup.ledger.today(1)
    await setup.ledger.forget(1, 5)
    await setup.ledger.close()
    assert {(key.guild_id, key.user_id) for key in setup.store.rows} == {
        (1, NOBODY), (1, 6), (2, 5)
    }  # fmt: skip
    assert setup.store.rows[SpentKey(TODAY, 1, NOBODY, "speech")] == SPOKEN + SPOKEN
    assert setup.ledger.today(1) == before


async def test_a_store_that_can_not_be_read_is_said_and_asked_again() -> None:
    setup = LedgerSetup()
    setup.store.failing = True
    with pytest.raises(StoreError):
        await setup.ledger.load(1)
    setup.store.failing = False
    setup.store.rows[SpentKey(TODAY, 1, 5, "speech")] = SPOKEN
    await setup.ledger.load(1)
    assert setup.ledger.today(1) == {"speech": SPOKEN}
    await setup.ledger.close()


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("wrong", [timedelta(days=1000), timedelta(days=-1000)])
async def test_a_date_that_is_wrong_for_a_moment_takes_nothing_away_from_today(
    wrong: timedelta, *, written: bool
) -> None:
    setup = LedgerSetup()
    await setup.ledger.load(1)
    setup.ledger.used(1, 5, USAGE)
    if written:
        await setup.ledger.flush()
    setup.wrong = wrong
    setup.ledger.used(1, 5, USAGE)
    setup.wrong = timedelta()
    setup.ledger.today(1)
    await setup.advance(0)
    assert setup.ledger.today(1)["speech"] == SPOKEN
    setup.ledger.used(1, 5, USAGE)
    assert setup.ledger.today(1)["speech"] == SPOKEN + SPOKEN
    await setup.ledger.close()
    assert setup.store.rows[SpentKey(TODAY, 1, 5, "speech")] == SPOKEN + SPOKEN


async def test_days_pass_again_after_a_date_that_was_years_ahead() -> None:
    setup = LedgerSetup()
    setup.wrong = timedelta(days=1000)
    setup.ledger.used(1, 5, USAGE)
    setup.wrong = timedelta()
    setup.ledger.used(1, 5, USAGE)
    await setup.advance(24 * 3600)
    assert setup.ledger.day == TOMORROW
    assert setup.ledger.today(1) == {}
    await setup.ledger.close()


async def test_a_day_that_can_not_be_read_when_it_begins_is_asked_for_again() -> None:
    setup = LedgerSetup()
    await setup.ledger.load(1)
    setup.store.rows[SpentKey(TOMORROW, 1, 5, "speech")] = SPOKEN
    setup.store.failing = True
    await setup.advance(12 * 3600)
    setup.ledger.used(1, 5, Usage(audio_in_s=1.0))
    await setup.advance(5)
    assert setup.ledger.today(1)["speech"].audio_in_samples == 16_000
    setup.store.failing = False
    await setup.advance(5)
    setup.ledger.today(1)
    await setup.advance(0)
    assert setup.ledger.today(1)["speech"] == SPOKEN + Spent(audio_in_samples=16_000)
    await setup.ledger.close()


async def test_what_there_was_no_time_to_write_is_said(caplog: pytest.LogCaptureFixture) -> None:
    class Stuck(MemoryUsage):
        async def add(self, amounts: Mapping[SpentKey, Spent]) -> None:
            assert amounts
            await asyncio.Event().wait()

    setup = LedgerSetup(Stuck())
    setup.ledger.used(1, 5, USAGE)
    closing = asyncio.gather(setup.ledger.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert logged(caplog.records) == ["rows of usage that could not be written count=2"]


class ChoosyUsage(MemoryUsage):
    """Refuses for good what has a row of these people, and holds up whoever it is told to."""

    def __init__(self, *refused: int) -> None:
        super().__init__()
        self.refused = set(refused)
        self.held: set[int] = set()  # guilds
        self.tried = 0

    async def add(self, amounts: Mapping[SpentKey, Spent]) -> None:
        self.tried += 1
        if self.held & {key.guild_id for key in amounts}:
            await asyncio.Event().wait()
        if self.refused & {key.user_id for key in amounts}:
            raise StoreError("No column holds that.")
        await super().add(amounts)


async def test_a_row_that_is_refused_keeps_no_other_row_back() -> None:
    setup = LedgerSetup(store := ChoosyUsage(3))
    setup.use(1, 1, 2, 3, 4)
    setup.use(2, 1)
    await setup.advance(10)
    second = Spent(16_000)
    assert store.rows == {
        **{SpentKey(TODAY, 1, user, "speech"): second for user in (1, 2, 4)},
        SpentKey(TODAY, 2, 1, "speech"): second,
    }
    assert len(setup.ledger) == 1
    await setup.advance(10)
    assert len(setup.ledger) == 1
    store.refused.clear()
    await setup.ledger.close()
    assert store.rows[SpentKey(TODAY, 1, 3, "speech")] == second


async def test_a_store_that_refuses_everything_is_not_asked_for_each_row() -> None:
    setup = LedgerSetup(store := ChoosyUsage(*range(500)))
    setup.use(1, *range(1, 301))
    await setup.advance(10)
    assert store.tried <= 4
    assert len(setup.ledger) == 300
    store.refused.clear()
    await setup.ledger.close()
    assert len(store.rows) == 300


async def test_many_rows_are_written_some_at_a_time() -> None:
    setup = LedgerSetup()
    setup.use(1, *range(1, 1201))
    await setup.advance(10)
    assert (setup.store.batches, len(setup.store.rows)) == (3, 1200)
    await setup.ledger.close()


async def test_a_guild_whose_rows_are_being_written_holds_up_no_other() -> None:
    setup = LedgerSetup(store := ChoosyUsage())
    store.held = {1}
    setup.use(1, 5)
    setup.use(2, 5)
    await setup.advance(10)
    async with asyncio.timeout(1):
        await setup.ledger.load(2)  # as a room begins
        await setup.ledger.spent_by_day(2, TODAY, 5)
        await setup.ledger.forget(2, 5)
    assert set(store.rows) == {SpentKey(TODAY, 2, NOBODY, "speech")}
    await setup.ledger._tasks.close()


async def test_a_guild_with_very_many_rows_makes_no_other_lose_its_own() -> None:
    setup = LedgerSetup(ChoosyUsage(7), most_rows=50)
    setup.use(1, 7, *range(100, 250))
    for guild in range(2, 20):
        setup.use(guild, 1)
    assert setup.ledger.dropped == 0
    await setup.ledger.close()
    assert {key.guild_id for key in setup.store.rows if key.user_id == 1} == set(range(2, 20))
