"""What is particular to a file of SQLite."""

import asyncio
import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.errors import StoreError
from bot.store import database as database_module
from bot.store.consent import ConsentTable
from bot.store.database import Database
from tests.support.log_lines import logged

GUILD, USER = 2**62 + 1, 2**63 - 1


def url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'data' / 'parley.db'}"


async def test_nothing_is_stored_of_who_withdrew(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as database:
        store = ConsentTable(database)
        await store.agree(GUILD, USER)
        await store.withdraw(GUILD, USER)
    with closing(sqlite3.connect(tmp_path / "data" / "parley.db")) as file:
        tables = [name for (name,) in file.execute("select name from sqlite_master")]
        assert "consent" in tables
        assert file.execute("select count(*) from consent").fetchone() == (0,)


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


async def test_a_failing_statement_is_a_store_error_and_is_rolled_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with await Database.open(url(tmp_path)) as database:
        store = ConsentTable(database)

        async def fail_half_way() -> None:
            async with database.transaction() as connection:
                await connection.exec_driver_sql("insert into consent values (1, 2, '2026-01-01')")
                await connection.exec_driver_sql("insert into nowhere values (1)")

        with pytest.raises(StoreError, match=r"^The database failed. Whoever runs") as caught:
            await fail_half_way()
        assert not caught.value.retryable
        assert 'the database failed reason="no such table: nowhere"' in logged(caplog.records)
        assert await store.consenting(1) == frozenset()


async def test_a_file_that_another_process_holds_is_waited_for_and_then_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_MS", 50)
    async with await Database.open(url(tmp_path)) as database:
        store = ConsentTable(database)
        await store.agree(GUILD, 1)
        with closing(sqlite3.connect(tmp_path / "data" / "parley.db")) as other:
            other.execute("begin immediate")
            with pytest.raises(StoreError, match="Try again in a minute") as caught:
                await store.agree(GUILD, 2)
            assert caught.value.retryable
            with pytest.raises(StoreError, match=r"is locked\. Another process holds it: end"):
                await Database.open(url(tmp_path))
            assert await store.consenting(GUILD) == {1}  # who only reads does not wait
        await store.agree(GUILD, 2)
        assert await store.consenting(GUILD) == {1, 2}


async def test_who_reads_sees_one_state_while_another_writes(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as database:
        count = text("select count(*) from consent")
        async with database.reading() as connection:
            assert (await connection.execute(count)).scalar_one() == 0
            await ConsentTable(database).agree(GUILD, 1)
            assert (await connection.execute(count)).scalar_one() == 0
        assert await ConsentTable(database).consenting(GUILD) == {1}


async def test_a_number_that_no_row_can_hold_is_a_store_error(tmp_path: Path) -> None:
    async with await Database.open(url(tmp_path)) as database:
        with pytest.raises(StoreError):
            await ConsentTable(database).agree(2**63, 1)


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
    assert all(str(USER) not in line for line in logged(ours))
