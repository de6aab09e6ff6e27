"""Usage, on both databases."""

import asyncio
import random
from datetime import UTC, date, datetime

import pytest

from bot.domain.events import Usage
from bot.domain.ports import UsageStore
from bot.domain.spent import NOBODY, Spent, SpentKey
from bot.errors import StoreError
from bot.store.database import Database
from bot.store.usage import UsageTable
from bot.usage.ledger import Ledger
from tests.support.clock import ManualClock

GUILD, USER = 2**62 + 1, 2**63 - 1  # as large as an id of Discord can get in the database
YESTERDAY, TODAY = date(2026, 11, 21), date(2026, 11, 22)
AMOUNT = Spent(16_000, 24_000, 7, 9, 4, 1)


async def test_amounts_are_added_to_the_row_that_stands(database_url: str) -> None:
    key = SpentKey(TODAY, GUILD, USER, "speech")
    other = SpentKey(TODAY, GUILD, 2, "speech")
    async with await Database.open(database_url) as database:
        store: UsageStore = UsageTable(database)
        await store.add({})
        await store.add({key: AMOUNT})
        await store.add({key: AMOUNT, other: Spent(connects=1)})
        await store.add({SpentKey(YESTERDAY, GUILD, USER, "text"): AMOUNT})
    async with await Database.open(database_url) as database:
        store = UsageTable(database)
        assert await store.since(GUILD, TODAY) == {
            key: AMOUNT + AMOUNT,
            other: Spent(connects=1),
        }
        assert len(await store.since(GUILD, YESTERDAY)) == 3
        assert await store.day(GUILD, TODAY) == {"speech": AMOUNT + AMOUNT + Spent(connects=1)}
        assert await store.day(7, TODAY) == {}


async def test_forgetting_somebody_leaves_no_row_of_theirs_and_the_sum(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = UsageTable(database)
        for user in (USER, 2, NOBODY):
            await store.add({SpentKey(TODAY, GUILD, user, "speech"): AMOUNT})
            await store.add({SpentKey(TODAY, 7, user, "speech"): AMOUNT})
        await store.forget(GUILD, USER)
        await store.forget(GUILD, USER)
        await store.forget(GUILD, NOBODY)
        assert await store.since(GUILD, TODAY) == {
            SpentKey(TODAY, GUILD, NOBODY, "speech"): AMOUNT + AMOUNT,
            SpentKey(TODAY, GUILD, 2, "speech"): AMOUNT,
        }
        assert SpentKey(TODAY, 7, USER, "speech") in await store.since(7, TODAY)


async def test_a_batch_is_written_whole_or_not_at_all(database_url: str) -> None:
    good = SpentKey(TODAY, GUILD, 1, "speech")
    too_large = SpentKey(TODAY, 2**64, 1, "speech")
    async with await Database.open(database_url) as database:
        store = UsageTable(database)
        with pytest.raises((StoreError, OverflowError)):
            await store.add({good: AMOUNT, too_large: AMOUNT})
        assert await store.since(GUILD, TODAY) == {}


async def test_many_at_once_are_all_added(database_url: str) -> None:
    key = SpentKey(TODAY, GUILD, USER, "speech")
    async with await Database.open(database_url) as database:
        store = UsageTable(database)
        await asyncio.gather(*(store.add({key: Spent(tokens_in=1)}) for _ in range(30)))
        assert await store.day(GUILD, TODAY) == {"speech": Spent(tokens_in=30)}


async def test_old_days_expire_in_every_guild(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = UsageTable(database)
        for guild in (GUILD, 7):
            for day in (YESTERDAY, TODAY):
                await store.add({SpentKey(day, guild, USER, "speech"): AMOUNT})
        assert await store.expire(TODAY) == 2
        assert await store.expire(TODAY) == 0
        for guild in (GUILD, 7):
            assert list(await store.since(guild, YESTERDAY)) == [
                SpentKey(TODAY, guild, USER, "speech")
            ]


async def test_what_is_added_while_somebody_is_forgotten_is_not_lost(database_url: str) -> None:
    key = SpentKey(TODAY, GUILD, USER, "speech")
    async with await Database.open(database_url) as database:
        store = UsageTable(database)
        calls = [store.add({key: Spent(tokens_in=1)}) for _ in range(20)]
        forgets = [store.forget(GUILD, USER) for _ in range(10)]
        random.Random(1).shuffle(together := [*calls, *forgets])
        await asyncio.gather(*together)
        assert await store.day(GUILD, TODAY) == {"speech": Spent(tokens_in=20)}


async def test_a_ledger_over_it_survives_a_restart(database_url: str) -> None:
    for expected in (1, 2, 3):
        async with await Database.open(database_url) as database:
            ledger = Ledger(
                UsageTable(database),
                model="speech",
                text_model="text",
                tts_model="a-tts",
                clock=ManualClock(),
                wall=lambda: datetime(2026, 11, 22, tzinfo=UTC),
            )
            await ledger.load(GUILD)
            ledger.used(GUILD, USER, Usage(audio_in_s=1.0, text_tokens_in=3))
            await ledger.close()
            assert ledger.today(GUILD) == {
                "speech": Spent(16_000 * expected),
                "text": Spent(tokens_in=3 * expected),
            }


async def test_one_persons_rows_are_apart_from_everybody_elses(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        store = UsageTable(database)
        for day in (YESTERDAY, TODAY):
            keys = [SpentKey(day, GUILD, user, "speech") for user in (NOBODY, 2, 3, USER)]
            await store.add(dict.fromkeys(keys, AMOUNT))
        await store.add({SpentKey(TODAY, 7, USER, "speech"): AMOUNT})
        assert await store.since(GUILD, TODAY, USER) == {
            SpentKey(TODAY, GUILD, USER, "speech"): AMOUNT,
            SpentKey(TODAY, GUILD, NOBODY, "speech"): AMOUNT + AMOUNT + AMOUNT,
        }
        assert len(await store.since(GUILD, YESTERDAY, 9)) == 2
        assert len(await store.since(GUILD, YESTERDAY, NOBODY)) == 2
