"""The schema's history, on both databases."""

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.spent import Spent
from bot.domain.stored import GuildSettings
from bot.errors import StoreError
from bot.store import migrations
from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.settings import SettingsTable
from bot.store.sqlite import write_ahead
from bot.store.tables import GUILD_TABLES, metadata, shared
from bot.store.usage import UsageTable
from tests.integration.store.test_usage import AMOUNT, GUILD, TODAY, USER

ROOT = Path(__file__).parents[3]
HEAD = ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head()

# As versions without migrations made their tables.
OLD_CONSENT = """
CREATE TABLE consent (
    guild_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    at {time} DEFAULT CURRENT_TIMESTAMP NOT NULL,
    CONSTRAINT pk_consent PRIMARY KEY (guild_id, user_id)
)
"""
OLD_USAGE = """
CREATE TABLE usage (
    guild_id BIGINT NOT NULL,
    day DATE NOT NULL,
    user_id BIGINT NOT NULL,
    model TEXT NOT NULL,
    audio_in_samples BIGINT DEFAULT 0 NOT NULL,
    audio_out_samples BIGINT DEFAULT 0 NOT NULL,
    tokens_in BIGINT DEFAULT 0 NOT NULL,
    tokens_out BIGINT DEFAULT 0 NOT NULL,
    tokens_voice BIGINT DEFAULT 0 NOT NULL,
    connects BIGINT DEFAULT 0 NOT NULL,
    CONSTRAINT pk_usage PRIMARY KEY (guild_id, day, user_id, model)
)
"""
OLD_ROWS = [
    "INSERT INTO consent VALUES (4611686018427387905, 9223372036854775807, '2026-01-02 03:04:05')",
    """
    INSERT INTO usage VALUES
    (4611686018427387905, '2026-11-22', 9223372036854775807, 'it', 16000, 24000, 7, 9, 4, 1)
    """,
]


async def before(url: str, *statements: str) -> None:
    """What another version did with this database."""
    if make_url(url).get_backend_name() == "sqlite":
        Path(str(make_url(url).database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url)
    time = "TIMESTAMP WITH TIME ZONE" if engine.dialect.name == "postgresql" else "DATETIME"
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement.format(time=time)))
    await engine.dispose()


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    both: Any = [metadata, shared]  # as Alembic's manual has it, and not its annotations
    return list(compare_metadata(context, both))


async def assert_as_new(database: Database) -> None:
    async with database.reading() as connection:
        assert await connection.run_sync(differences) == []
        version = await connection.execute(text("SELECT version_num FROM alembic_version"))
        assert version.scalars().all() == [HEAD]


async def test_the_steps_lead_to_the_tables_as_they_are_used(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        await assert_as_new(database)


async def test_a_column_that_no_step_makes_would_be_found(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        async with database.transaction() as connection:
            await connection.execute(text("ALTER TABLE wishes DROP COLUMN reads"))
            await connection.execute(text("DROP INDEX ix_transcripts_guild_id_at"))
        async with database.reading() as connection:
            assert len(await connection.run_sync(differences)) == 2


async def test_a_database_of_before_migrations_loses_nothing(database_url: str) -> None:
    await before(database_url, OLD_CONSENT, OLD_USAGE, *OLD_ROWS)
    for _ in range(2):
        async with await Database.open(database_url) as database:
            await assert_as_new(database)
            assert await ConsentTable(database).consenting(GUILD) == {USER}
            assert await UsageTable(database).day(GUILD, TODAY) == {"it": AMOUNT}
            async with database.reading() as connection:
                at = (await connection.execute(text("SELECT at FROM consent"))).scalar_one()
            assert str(at).startswith("2026-01-02 03:04:05")
            await SettingsTable(database).put_settings(GUILD, GuildSettings(originals=False))


async def test_a_database_of_before_usage_gets_the_table(database_url: str) -> None:
    await before(database_url, OLD_CONSENT, OLD_ROWS[0])
    async with await Database.open(database_url) as database:
        await assert_as_new(database)
        assert await ConsentTable(database).consenting(GUILD) == {USER}
        assert await UsageTable(database).day(GUILD, TODAY) == {}


async def test_a_step_that_fails_leaves_the_database_as_it_was(database_url: str) -> None:
    in_the_way = "CREATE TABLE transcripts (unlike INTEGER)"
    await before(database_url, OLD_CONSENT, OLD_USAGE, *OLD_ROWS, in_the_way)
    with pytest.raises(StoreError, match="transcripts"):
        await Database.open(database_url)
    engine = create_async_engine(database_url)
    async with engine.begin() as connection:
        names = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        assert set(names) == {"consent", "usage", "transcripts"}
        await connection.execute(text("DROP TABLE transcripts"))
    await engine.dispose()
    async with await Database.open(database_url) as database:
        await assert_as_new(database)
        assert await UsageTable(database).day(GUILD, TODAY) == {"it": AMOUNT}


async def test_a_database_of_a_newer_version_is_refused_and_stays_as_it_is(
    database_url: str,
) -> None:
    async with await Database.open(database_url) as database:
        await ConsentTable(database).agree(GUILD, USER)
    await before(
        database_url,
        "CREATE TABLE kept_version AS SELECT version_num FROM alembic_version",
        "UPDATE alembic_version SET version_num = '9876'",
    )
    for _ in range(2):
        with pytest.raises(
            StoreError,
            match=r"^The database was made by a newer version of Parley \(it is at step 9876, this "
            rf"one ends at {HEAD}\): update Parley, or name another database in DATABASE_URL\.$",
        ):
            await Database.open(database_url)
    await before(
        database_url,
        "UPDATE alembic_version SET version_num = (SELECT max(version_num) FROM kept_version)",
        "DROP TABLE kept_version",
    )
    async with await Database.open(database_url) as database:
        assert await ConsentTable(database).consenting(GUILD) == {USER}


async def test_a_database_may_be_opened_many_times_at_once(database_url: str) -> None:
    opened = await asyncio.gather(*(Database.open(database_url) for _ in range(6)))
    await asyncio.gather(
        *(ConsentTable(database).agree(GUILD, user) for user, database in enumerate(opened))
    )
    await assert_as_new(opened[0])
    assert await ConsentTable(opened[0]).consenting(GUILD) == set(range(6))
    await asyncio.gather(*(database.close() for database in opened))


async def test_a_new_file_that_another_opener_has_locked_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    # SQLite refuses at once, as it does when both would wait for each other.
    async with aiosqlite.connect(path, timeout=0) as connection:
        asyncio.get_running_loop().call_later(0.1, other.execute, "COMMIT")
        await write_ahead(connection, patience_s=30.0)
        async with connection.execute("PRAGMA journal_mode") as cursor:
            assert await cursor.fetchone() == ("wal",)
    other.close()


async def test_a_file_that_stays_locked_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "parley.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    async with aiosqlite.connect(path, timeout=0) as connection:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await write_ahead(connection, patience_s=0.05)
    other.close()


_STARTS = """
import asyncio, sys
from bot.domain.spent import Spent, SpentKey
from bot.store.database import Database
from bot.store.usage import UsageTable
from datetime import date

async def main():
    print("ready", flush=True)
    sys.stdin.readline()
    async with await Database.open(sys.argv[1]) as database:
        key = SpentKey(date(2026, 11, 22), 1, 2, "speech")
        for _ in range(20):
            await UsageTable(database).add({key: Spent(connects=1)})

asyncio.run(main())
"""


def start_at_once(count: int, url: str) -> list[int]:
    """The exit codes of so many processes."""
    processes = [
        subprocess.Popen(  # noqa: S603 - our own interpreter and text
            [sys.executable, "-c", _STARTS, url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
    finally:
        for process in processes:
            process.communicate(timeout=30)
    return [process.returncode for process in processes]


async def test_processes_that_start_at_once_agree_on_one_schema(database_url: str) -> None:
    await before(database_url, OLD_CONSENT)
    assert await asyncio.to_thread(start_at_once, 3, database_url) == [0, 0, 0]
    async with await Database.open(database_url) as database:
        await assert_as_new(database)
        assert await UsageTable(database).day(1, TODAY) == {"speech": Spent(connects=60)}


def test_tables_of_a_guild_begin_with_it() -> None:
    for table in GUILD_TABLES:
        assert next(iter(table.primary_key)).name == "guild_id"
    others = {table.name for table in metadata.sorted_tables} - {t.name for t in GUILD_TABLES}
    assert others == {"host_grants", "account_usage", "account_warnings"}


def test_every_step_follows_one_before_and_only_forward(tmp_path: Path) -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    steps = list(scripts.walk_revisions())
    assert [step.revision for step in reversed(steps)] == [
        f"{number:04}" for number in range(1, len(steps) + 1)
    ]
    engine = create_engine(f"sqlite:///{tmp_path / 'none.db'}")
    with engine.begin() as connection:
        migrations.upgrade(connection)
        assert differences(connection) == []
    engine.dispose()


async def test_who_only_looks_is_refused_what_is_missing_or_old_and_makes_nothing(
    database_url: str, tmp_path: Path
) -> None:
    missing = tmp_path / "nowhere" / "parley.db"
    with pytest.raises(StoreError, match=r"no database at .*: start the bot once"):
        await Database.existing(f"sqlite+aiosqlite:///{missing}")
    assert not missing.parent.exists()
    await before(database_url, OLD_CONSENT, OLD_USAGE)
    with pytest.raises(StoreError, match="older version of Parley: start this version"):
        await Database.existing(database_url)
    async with await Database.open(database_url):
        pass
    async with await Database.existing(database_url) as database:
        await assert_as_new(database)
