"""Who is cancelled in the middle of a transaction leaves the database usable, on both."""

import asyncio
import random
import threading

import pytest
from sqlalchemy import text

from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.tables import glossary

GUILD = 7
ROUNDS = 60


@pytest.mark.parametrize("writes", [True, False])
async def test_others_write_on_whenever_one_is_cancelled(
    database_url: str,
    writes: bool,  # noqa: FBT001 - the kind of transaction
) -> None:
    chance = random.Random(1)
    before = set(threading.enumerate())
    async with await Database.open(database_url) as database:
        store = ConsentTable(database)

        async def use() -> None:
            begun = database.transaction() if writes else database.reading()
            async with begun as connection:
                for _ in range(5):
                    await connection.execute(text("select count(*) from consent"))

        for number in range(ROUNDS):
            tasks = [asyncio.get_running_loop().create_task(use()) for _ in range(3)]
            await asyncio.sleep(chance.uniform(0, 0.008))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            async with asyncio.timeout(4):  # below the time for which a lock is waited for
                await store.agree(GUILD, number)
    assert set(threading.enumerate()) <= before


async def test_a_cancelled_transaction_is_whole_or_not_there_and_its_task_is_cancelled(
    database_url: str,
) -> None:
    chance = random.Random(2)
    ended: set[bool] = set()
    async with await Database.open(database_url) as database:
        store = ConsentTable(database)

        async def both(number: int) -> None:
            async with database.transaction() as connection:
                for half in (0, 1):
                    await connection.execute(
                        glossary.insert().values(
                            guild_id=number,
                            target="en",
                            source=f"half {half}",
                            translation="x",
                        )
                    )

        for number in range(ROUNDS):
            task = asyncio.get_running_loop().create_task(both(number))
            await asyncio.sleep(chance.uniform(0, 0.006))
            done = task.done()
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled() is not done
            ended.add(done)
        await store.agree(GUILD, 1)
        async with database.reading() as connection:
            rows = await connection.execute(
                text("select guild_id, count(*) from glossary group by guild_id")
            )
            assert {count for _, count in rows} <= {2}
