"""One process for each database, whichever it is and however the process ends."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.errors import StoreError
from bot.store import lease
from bot.store.consent import ConsentTable
from bot.store.database import Database
from tests.support.killable_process import killable
from tests.support.postgres import Postgres

USED = "Another process of this bot uses the database"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as address:
        yield address


async def test_another_process_is_refused_until_this_one_is_killed(database_url: str) -> None:
    with killable("tests.support.lease_holder:hold", database_url) as process:
        process.start("")
        assert process.line() == "held"
        with pytest.raises(StoreError, match=USED):
            await lease.take(database_url)
        process.kill()
        ours = await lease.take(database_url)
        process.start("")
        assert process.line().startswith(USED)
        await ours.close()
        process.kill()
        process.start("")
        assert process.line() == "held"


async def test_what_holds_it_is_in_nobodys_way(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}"
    ours = await lease.take(url)
    async with await Database.open(url) as database:
        await ConsentTable(database).agree(1, 2)
        with (
            closing(sqlite3.connect(tmp_path / "parley.db", timeout=0.0)) as source,
            closing(sqlite3.connect(tmp_path / "copy.db")) as copy,
        ):
            source.backup(copy)  # as `sqlite3 parley.db ".backup copy.db"` does
            assert copy.execute("SELECT user_id FROM consent").fetchall() == [(2,)]
    await ours.close()


async def test_a_file_is_known_under_its_other_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.db").symlink_to(tmp_path / "parley.db")
    ours = await lease.take(f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}")
    for other in ("parley.db", "link.db", "file:parley.db?uri=true"):
        with pytest.raises(StoreError, match=USED):
            await lease.take(f"sqlite+aiosqlite:///{other}")
    await ours.close()


async def test_other_databases_are_not_affected(tmp_path: Path, postgres: Postgres) -> None:
    with postgres.database() as one, postgres.database() as two:
        urls = ("sqlite+aiosqlite:///:memory:", f"sqlite+aiosqlite:///{tmp_path}/other.db", two)
        held = [await lease.take(url) for url in (one, "sqlite+aiosqlite:///:memory:", *urls)]
        await asyncio.gather(*(each.close() for each in held))


async def test_a_lease_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "parley.db-lease").mkdir()
    with pytest.raises(StoreError, match="Name a file that this user may write"):
        await lease.take(f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}")


async def kill_sessions(url: str) -> None:
    """End every other session in this PostgreSQL database."""
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    await engine.dispose()


async def test_a_lost_connection_is_noticed_and_the_lease_taken_again(
    postgres_url: str,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(lease, "_LOOK_S", 0.05)
    monkeypatch.setattr(lease, "_RETRY_S", 0.05)
    caplog.set_level("INFO")
    ours = await lease.take(postgres_url)

    async def held_again(times: int) -> None:
        async with asyncio.timeout(10):
            while caplog.text.count("is held again") < times:  # noqa: ASYNC110 - no event says it
                await asyncio.sleep(0.02)

    await kill_sessions(postgres_url)
    await held_again(1)
    await asyncio.to_thread(postgres.stop)
    await asyncio.sleep(0.3)
    await asyncio.to_thread(postgres.start)
    await held_again(2)
    with pytest.raises(StoreError, match=USED):
        await lease.take(postgres_url)
    await ours.close()


async def test_a_process_that_was_quicker_is_noticed(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "_LOOK_S", 0.5)
    ours = await lease.take(postgres_url)
    await kill_sessions(postgres_url)
    theirs = await lease.take(postgres_url)
    async with asyncio.timeout(10):
        assert "has taken over the database" in str(await ours.lost())
    await ours.close()
    await theirs.close()
