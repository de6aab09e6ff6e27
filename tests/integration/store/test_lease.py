"""One process for each SQLite file, however the process ends."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.ownership import lease
from tests.support.killable_process import killable

USED = "Another process of this bot uses the database"


async def test_another_process_is_refused_until_this_one_is_killed(tmp_path: Path) -> None:
    database_url = f"sqlite+aiosqlite:///{tmp_path / 'data' / 'parley.db'}"
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


async def test_other_databases_are_not_affected(tmp_path: Path) -> None:
    memory = "sqlite+aiosqlite:///:memory:"
    urls = (memory, memory, *(f"sqlite+aiosqlite:///{tmp_path}/{name}.db" for name in "ab"))
    held = [await lease.take(url) for url in urls]
    await asyncio.gather(*(each.close() for each in held))


async def test_a_lease_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "parley.db-lease").mkdir()
    with pytest.raises(StoreError, match="Name a file that this user may write"):
        await lease.take(f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}")
