"""Processes that share a PostgreSQL: each shard is owned once, whatever happens to connections."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.processes import ShareReport
from bot.errors import StoreError
from bot.store.database import Database
from bot.store.ownership.processes import SharingProcess
from bot.tasks import TaskOwner
from tests.support.postgres import Postgres

ACCOUNT = 1 << 60
CONNECTS = ShareReport("connects", most=10, used=0, kept=0, wanted=0, rate=True)


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as address:
        yield address


@asynccontextmanager
async def joined(url: str, count: int) -> AsyncIterator[list[SharingProcess]]:
    async with await Database.open(url):
        processes = [await SharingProcess.join(url) for _ in range(count)]
        try:
            yield processes
        finally:
            for process in processes:
                await process.close()


async def sql(url: str, *statements: str) -> None:
    """Do something in this database as somebody else."""
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


OTHERS = "pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
END_CONNECTIONS = f"SELECT pg_terminate_backend(pid), {OTHERS}"
# As time passes for rows.
MINUTE_LATER = (
    "UPDATE processes SET seen = seen - interval '66 s', gone = gone - interval '66 s',"
    " since = since - interval '66 s'"
)
SECONDS_LATER = MINUTE_LATER.replace("66", "6")


async def test_a_shard_is_owned_by_one_process_and_free_when_its_connection_ends(
    postgres_url: str,
) -> None:
    async with joined(postgres_url, 3) as (one, two, three):
        assert [
            await process.agree(ACCOUNT, None, number) for process, number in ((one, 6), (two, 8))
        ] == [
            6,
            6,  # as the first one has it
        ]
        with pytest.raises(StoreError, match="into 6 shards, and SHARD_COUNT is 8"):
            await three.agree(ACCOUNT, 8, 6)
        assert [await process.take(0) for process in (one, two)] == [True, False]
        assert await one.take(1)
        view = await two.look([])
        assert (view.processes, set(view.taken), view.fewest) == (2, {0, 1}, 0)
        await one.give(1)
        assert await two.take(1)
        await one.close()
        view = await two.look([])
        assert (view.processes, set(view.taken), view.fewest) == (1, {1}, 1)
        assert await two.take(0)


async def test_a_database_serves_one_account(postgres_url: str) -> None:
    async with joined(postgres_url, 2) as (one, two):
        await one.agree(ACCOUNT, None, 1)
        with pytest.raises(StoreError, match="Another bot account uses this database"):
            await two.agree(ACCOUNT + 1, None, 1)
        assert await two.agree(ACCOUNT, None, 1) == 1


async def test_what_was_owned_is_owned_again_after_the_connection_was_lost(
    postgres_url: str,
) -> None:
    async with joined(postgres_url, 2) as (one, two):
        for process in (one, two):
            await process.agree(ACCOUNT, None, 6)
        await one.take(0)
        await one.take(1)
        await sql(postgres_url, END_CONNECTIONS)
        with pytest.raises(StoreError):
            await one.look([])
        with pytest.raises(StoreError):
            await two.look([])
        assert await two.take(1)  # it was quicker
        view = await one.look([])
        assert (set(view.lost), set(view.taken)) == ({1}, {0, 1})
        assert (await one.look([])).lost == frozenset()
        assert not await two.take(0)


async def test_who_is_cancelled_loses_no_connection(postgres_url: str) -> None:
    async with joined(postgres_url, 2) as (one, two):
        await one.agree(ACCOUNT, None, 6)
        await one.take(0)
        tasks = TaskOwner("test")
        for _ in range(20):
            look = tasks.start(one.look([CONNECTS]), "look")
            await asyncio.sleep(0.002)
            look.cancel()
        assert not await two.take(0)
        assert set((await one.look([])).taken) == {0}


async def test_an_older_version_and_these_keep_each_other_out(postgres_url: str) -> None:
    engine = create_async_engine(postgres_url)
    async with engine.connect() as connection:
        await connection.execute(text(f"SELECT pg_advisory_lock({0x7061726C}, 0)"))
        with pytest.raises(StoreError, match="An older version of this bot"):
            await SharingProcess.join(postgres_url)
    await engine.dispose()


async def test_identifies_of_a_bucket_are_apart_whichever_process_is_killed(
    postgres_url: str,
) -> None:
    async with joined(postgres_url, 2) as (one, two):
        assert await one.identify_in(0) == 0.0
        assert await two.identify_in(1) == 0.0
        await one.close()
        assert 4.0 < await two.identify_in(0) <= 5.5
        await sql(postgres_url, "UPDATE identifies SET at = at - interval '5.5 s'")
        assert await two.identify_in(0) == 0.0


async def granted(process: SharingProcess, kept: int, wanted: int, used: int = 0) -> int:
    report = replace(CONNECTS, used=used, kept=kept, wanted=wanted)
    return (await process.look([report])).shares["connects"].granted


async def test_all_processes_together_are_granted_no_more_than_the_limit(
    postgres_url: str,
) -> None:
    async with joined(postgres_url, 2) as (one, two):
        assert await granted(one, 0, 20) == 5  # half of what is free, beyond a fair part of it
        assert await granted(two, 0, 3) == 3
        assert await granted(two, 3, 20) == 5
        assert await granted(one, 5, 20) == 5
        assert await granted(two, 1, 0) == 1
        assert await granted(one, 5, 20) == 7  # and leaves half of the rest to who may come


async def test_what_a_killed_process_was_granted_counts_for_a_minute(postgres_url: str) -> None:
    async with joined(postgres_url, 2) as (one, two):
        assert await granted(one, 0, 5) == 5
        await one.close()
        assert await granted(two, 0, 20) == 5
        assert await granted(two, 5, 20) == 5
        await sql(postgres_url, SECONDS_LATER)
        assert await granted(two, 5, 20) == 5
        await sql(postgres_url, MINUTE_LATER)
        await granted(two, 5, 20)  # it was away for a minute, and knows of nobody else
        assert await granted(two, 5, 20) == 10


async def test_after_the_database_was_away_a_process_that_does_not_come_back_counts_for_a_minute(
    postgres_url: str,
) -> None:
    async with joined(postgres_url, 2) as (one, two):
        await granted(one, 0, 1)
        await granted(two, 0, 1)
        await sql(postgres_url, SECONDS_LATER)
        assert (await one.look([CONNECTS])).shares["connects"].alone == 5
        await one.close()
        await sql(postgres_url, MINUTE_LATER)
        # Meanwhile it may have made five without asking.
        assert await granted(two, 0, 20) == 5


async def test_conversations_of_a_killed_process_are_free_at_once(postgres_url: str) -> None:
    async with joined(postgres_url, 2) as (one, two):
        open_now = replace(CONNECTS, name="conversations", rate=False, wanted=10)
        assert (await one.look([open_now])).shares["conversations"].granted == 5
        await one.close()
        assert (await two.look([open_now])).shares["conversations"].granted == 10


async def test_the_server_may_be_started_anew(postgres_url: str, postgres: Postgres) -> None:
    async with joined(postgres_url, 1) as (one,):
        await one.agree(ACCOUNT, None, 2)
        await one.take(0)
        await asyncio.to_thread(postgres.stop)
        for _ in range(2):
            with pytest.raises(StoreError):
                await one.look([])
        await asyncio.to_thread(postgres.start)
        view = await one.look([])
        assert (set(view.taken), set(view.lost), view.settled) == ({0}, set(), False)
