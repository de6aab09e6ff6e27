import asyncio
import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.room.ports import ConsentStore
from bot.store.consent import ConsentTable
from bot.store.database import Database

GUILD, OTHER_GUILD = 2**62 + 1, 7
USER = 2**63 - 1  # as large as an id of Discord can get in the database


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'data' / 'parley.db'}"


async def test_consent_is_remembered_per_guild_until_it_is_withdrawn(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as database:
        store: ConsentStore = ConsentTable(database)
        await store.agree(GUILD, USER)
        await store.agree(GUILD, 2)
        await store.agree(OTHER_GUILD, 3)
        assert await store.consenting(GUILD) == {USER, 2}
        await store.withdraw(GUILD, USER)
        assert await store.consenting(GUILD) == {2}
        assert await store.consenting(OTHER_GUILD) == {3}
        assert await store.consenting(1) == frozenset()


async def test_agreeing_and_withdrawing_twice_is_as_once(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as database:
        store = ConsentTable(database)
        await store.agree(GUILD, USER)
        await store.agree(GUILD, USER)
        assert await store.consenting(GUILD) == {USER}
        await store.withdraw(GUILD, USER)
        await store.withdraw(GUILD, USER)
        assert await store.consenting(GUILD) == frozenset()


async def test_consent_outlives_the_process_that_stored_it(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as database:
        await ConsentTable(database).agree(GUILD, USER)
    async with await Database.open(url(tmp_path)) as database:
        assert await ConsentTable(database).consenting(GUILD) == {USER}


async def test_nothing_is_stored_of_who_withdrew(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as database:
        store = ConsentTable(database)
        await store.agree(GUILD, USER)
        await store.withdraw(GUILD, USER)
    with closing(sqlite3.connect(tmp_path / "data" / "parley.db")) as file:
        tables = [name for (name,) in file.execute("select name from sqlite_master")]
        assert "consent" in tables
        assert file.execute("select count(*) from consent").fetchone() == (0,)


async def test_many_at_once_are_all_stored(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as database:
        store = ConsentTable(database)
        await asyncio.gather(*(store.agree(GUILD, user) for user in range(50)))
        assert await store.consenting(GUILD) == set(range(50))


async def test_two_processes_may_write_one_file(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as one, await Database.open(url(tmp_path)) as two:
        stores = ConsentTable(one), ConsentTable(two)
        await asyncio.gather(*(stores[user % 2].agree(GUILD, user) for user in range(20)))
        assert await stores[0].consenting(GUILD) == set(range(20))


async def test_the_file_is_in_wal_mode_with_foreign_keys(tmp_path: Path) -> None:
    async with (
        await Database.open(url(tmp_path)) as database,
        database.transaction() as connection,
    ):
        for pragma, value in (("journal_mode", "wal"), ("foreign_keys", 1), ("busy_timeout", 5000)):
            got = (await connection.exec_driver_sql(f"PRAGMA {pragma}")).scalar_one()
            assert got == value


async def test_no_thread_and_no_journal_is_left_after_close(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    database = await Database.open(url(tmp_path))
    store = ConsentTable(database)
    await asyncio.gather(*(store.agree(GUILD, user) for user in range(10)))
    await database.close()
    assert set(threading.enumerate()) <= before
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["parley.db"]
    await database.close()


async def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "parley.db"
    file.write_text("not a database, but text that is long enough to be read as a header\n" * 20)
    with pytest.raises(StoreError, match="file is not a database") as caught:
        await Database.open(f"sqlite+aiosqlite:///{file}")
    assert "\n" not in str(caught.value)
    assert not caught.value.retryable


async def test_a_path_that_can_not_be_opened_is_one_line_and_no_thread_stays(
    tmp_path: Path,
) -> None:
    before = set(threading.enumerate())
    with pytest.raises(StoreError, match="unable to open database file"):
        await Database.open(f"sqlite+aiosqlite:///{tmp_path}")
    assert set(threading.enumerate()) <= before


async def test_a_failing_statement_is_a_store_error_and_is_rolled_back(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as database:
        store = ConsentTable(database)

        async def fail_half_way() -> None:
            async with database.transaction() as connection:
                await connection.exec_driver_sql("insert into consent values (1, 2, '2026-01-01')")
                await connection.exec_driver_sql("insert into nowhere values (1)")

        with pytest.raises(StoreError, match="no such table: nowhere"):
            await fail_half_way()
        assert await store.consenting(1) == frozenset()


async def test_no_id_of_a_person_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    async with await Database.open(url(tmp_path)) as database:
        store = ConsentTable(database)
        await store.agree(GUILD, USER)
        await store.consenting(GUILD)
        await store.withdraw(GUILD, USER)
    ours = [record for record in caplog.records if record.name.startswith("bot")]
    assert all(str(USER) not in record.getMessage() for record in ours)
