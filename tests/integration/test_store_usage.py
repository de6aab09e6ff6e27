"""Usage in a real database."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.room.events import Usage
from bot.room.ledger import Ledger
from bot.room.ports import UsageStore
from bot.room.spent import NOBODY, Spent, SpentKey
from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.usage import UsageTable
from tests.support.clock import ManualClock

GUILD, USER = 2**62 + 1, 2**63 - 1  # as large as an id of Discord can get in the database
YESTERDAY, TODAY = date(2026, 11, 21), date(2026, 11, 22)
AMOUNT = Spent(16_000, 24_000, 7, 9, 4, 1)
ROOT = Path(__file__).parents[2]


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'parley.db'}"


async def test_amounts_are_added_to_the_row_that_stands(tmp_path: Path) -> None:
    key = SpentKey(TODAY, GUILD, USER, "speech")
    other = SpentKey(TODAY, GUILD, 2, "speech")
    async with await Database.open(url(tmp_path)) as database:
        store: UsageStore = UsageTable(database)
        await store.add({})
        await store.add({key: AMOUNT})
        await store.add({key: AMOUNT, other: Spent(connects=1)})
        await store.add({SpentKey(YESTERDAY, GUILD, USER, "text"): AMOUNT})
    async with await Database.open(url(tmp_path)) as database:
        store = UsageTable(database)
        assert await store.since(GUILD, TODAY) == {
            key: AMOUNT + AMOUNT,
            other: Spent(connects=1),
        }
        assert len(await store.since(GUILD, YESTERDAY)) == 3
        assert await store.day(GUILD, TODAY) == {"speech": AMOUNT + AMOUNT + Spent(connects=1)}
        assert await store.day(7, TODAY) == {}


async def test_forgetting_somebody_leaves_no_row_of_theirs_and_the_sum(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as database:
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


async def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    good = SpentKey(TODAY, GUILD, 1, "speech")
    too_large = SpentKey(TODAY, 2**64, 1, "speech")
    async with await Database.open(url(tmp_path)) as database:
        store = UsageTable(database)
        with pytest.raises((StoreError, OverflowError)):
            await store.add({good: AMOUNT, too_large: AMOUNT})
        assert await store.since(GUILD, TODAY) == {}


async def test_many_at_once_are_all_added(tmp_path: Path) -> None:
    key = SpentKey(TODAY, GUILD, USER, "speech")
    async with await Database.open(url(tmp_path)) as database:
        store = UsageTable(database)
        await asyncio.gather(*(store.add({key: Spent(tokens_in=1)}) for _ in range(30)))
        assert await store.day(GUILD, TODAY) == {"speech": Spent(tokens_in=30)}


async def test_a_database_of_before_gets_the_table_and_keeps_what_it_has(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as database:
        await ConsentTable(database).agree(GUILD, USER)
    with closing(sqlite3.connect(tmp_path / "parley.db")) as file:
        file.execute("drop table usage")
    async with await Database.open(url(tmp_path)) as database:
        assert await ConsentTable(database).consenting(GUILD) == {USER}
        assert await UsageTable(database).day(GUILD, TODAY) == {}


async def test_a_ledger_over_it_survives_a_restart(tmp_path: Path) -> None:
    for expected in (1, 2, 3):
        async with await Database.open(url(tmp_path)) as database:
            ledger = Ledger(
                UsageTable(database),
                model="speech",
                text_model="text",
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


_KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from bot.clock import LoopClock
from bot.room import ledger as ledgers
from bot.room.events import Usage
from bot.store.database import Database
from bot.store.usage import UsageTable

ledgers.BATCH_S = 0.1

async def main():
    database = await Database.open(sys.argv[1])
    ledger = ledgers.Ledger(UsageTable(database), model="speech", text_model="text",
                            clock=LoopClock(), wall=lambda: datetime.now(UTC))
    ledger.used(1, 5, Usage(audio_in_s=1.0))
    while len(ledger):
        await asyncio.sleep(0.01)
    await ledger.flush()  # behind the batch that is being written
    ledger.used(1, 5, Usage(audio_in_s=1.0))
    print("written", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


def test_a_killed_process_loses_no_batch_that_was_written(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", _KILLED, url(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        os.kill(process.pid, signal.SIGKILL)
    with closing(sqlite3.connect(tmp_path / "parley.db")) as file:
        rows = file.execute("select user_id, audio_in_samples from usage").fetchall()
    assert rows in ([(5, 16_000)], [(5, 32_000)])  # the second may have been in a batch by then
