"""What is particular to PostgreSQL: how it is reached, and what happens when it is not."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import text

from bot import settings
from bot.errors import StoreError
from bot.store import database as database_module
from bot.store.consent import ConsentTable
from bot.store.database import Database
from tests.support.postgres import Postgres

GUILD = 2**62 + 1


@pytest.fixture
def url(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as address:
        yield address


def configured(url: str) -> str:
    given = {"DISCORD_TOKEN": "a", "DASHSCOPE_API_KEY": "b", "DATABASE_URL": url}
    return settings.load(None, given=given).database_url


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+asyncpg"])
async def test_the_address_of_the_settings_is_opened(url: str, scheme: str) -> None:
    address = configured(url.replace("postgresql+asyncpg", scheme))
    async with await Database.open(address) as database:
        assert database.dialect == "postgresql"
        await ConsentTable(database).agree(GUILD, 1)
    async with await Database.open(address) as database:
        assert await ConsentTable(database).consenting(GUILD) == {1}


async def test_a_server_that_restarted_is_used_again_without_an_error(
    url: str, postgres: Postgres
) -> None:
    async with await Database.open(url) as database:
        store = ConsentTable(database)
        await asyncio.gather(*(store.agree(GUILD, user) for user in range(5)))
        await asyncio.to_thread(postgres.stop)
        await asyncio.to_thread(postgres.start)
        assert await store.consenting(GUILD) == set(range(5))
        await store.agree(GUILD, 5)
        assert await store.consenting(GUILD) == set(range(6))


async def test_a_server_that_is_away_is_said_and_comes_back(
    url: str, postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    async with await Database.open(url) as database:
        store = ConsentTable(database)
        await store.agree(GUILD, 1)
        await asyncio.to_thread(postgres.stop)
        try:
            for attempt in (store.consenting(GUILD), store.agree(GUILD, 2)):
                with pytest.raises(StoreError, match="Try again in a minute") as caught:
                    await attempt
                assert caught.value.retryable
        finally:
            await asyncio.to_thread(postgres.start)
        assert sum(message == "the database failed" for message in caplog.messages) == 2
        assert await store.consenting(GUILD) == {1}


async def test_a_connection_that_breaks_in_a_transaction_leaves_nothing_of_it(
    url: str, postgres: Postgres
) -> None:
    async with await Database.open(url) as database:
        store = ConsentTable(database)

        async def broken() -> None:
            async with database.transaction() as connection:
                await connection.execute(
                    text("INSERT INTO consent (guild_id, user_id) VALUES (:guild, 9)"),
                    {"guild": GUILD},
                )
                pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
                await asyncio.to_thread(postgres.sql, f"SELECT pg_terminate_backend({pid})")
                await connection.execute(text("SELECT 1"))

        with pytest.raises(StoreError) as caught:
            await broken()
        assert caught.value.retryable
        assert await store.consenting(GUILD) == frozenset()
        await store.agree(GUILD, 1)
        assert await store.consenting(GUILD) == {1}


async def test_a_statement_without_an_answer_is_given_up(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_STATEMENT_S", 0.3)
    async with await Database.open(url) as database:

        async def wait_long() -> None:
            async with database.transaction() as connection:
                await connection.execute(
                    text("INSERT INTO consent (guild_id, user_id) VALUES (1, 2)")
                )
                await connection.execute(text("SELECT pg_sleep(30)"))

        with pytest.raises(StoreError, match="Try again in a minute") as caught:
            await wait_long()
        assert caught.value.retryable
        assert await ConsentTable(database).consenting(1) == frozenset()


async def test_values_are_in_no_error_and_in_no_log(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    async with await Database.open(url) as database:

        async def misuse(statement: str, values: Mapping[str, str]) -> None:
            async with database.transaction() as connection:
                await connection.execute(text(statement), values)

        row = "INSERT INTO wishes (guild_id, user_id, reads) VALUES (1, 2, :reads)"
        await misuse(row, {"reads": "private words"})
        for statement, values in (
            (row, {"reads": "private words"}),
            ("SELECT :reads :: integer", {"reads": "private words"}),
            ("SELECT 1 / 0, :reads", {"reads": "private words"}),
            ("INSERT INTO wishes VALUES (1, NULL, :reads)", {"reads": "private words"}),
        ):
            with pytest.raises(StoreError) as caught:
                await misuse(statement, values)
            assert not caught.value.retryable
            assert "private" not in str(caught.value)
            assert caught.value.__cause__ is None
    assert "the database failed" in caplog.text
    assert "private" not in caplog.text


@pytest.mark.parametrize(
    ("wrong", "right", "says"),
    [
        ("/nowhere?", None, r"database .nowhere. does not exist\. Create that database"),
        ("nobody:@", "postgres:@", r"role .nobody. does not exist\. Correct the user"),
        ("&port=1", "", r"No such file or directory\. Start its server, or correct"),
    ],
)
async def test_an_address_that_is_wrong_is_one_line_with_what_to_do(
    url: str, wrong: str, right: str | None, says: str
) -> None:
    if right is None:
        name = url.partition("@/")[2].partition("?")[0]
        right = f"/{name}?"
    address = url.replace(right, wrong) if right else url + wrong
    with pytest.raises(StoreError, match=says) as caught:
        await Database.open(address)
    assert "\n" not in str(caught.value)


async def test_a_port_where_nobody_listens_is_one_line_without_the_password() -> None:
    with pytest.raises(StoreError, match=r"can't be used: .*Start its server") as caught:
        await Database.open("postgresql+asyncpg://parley:secret@127.0.0.1:1/parley")
    assert "secret" not in str(caught.value)
    assert caught.value.retryable


async def test_a_user_who_may_not_make_tables_is_told_so(url: str, postgres: Postgres) -> None:
    postgres.sql("CREATE ROLE guest LOGIN")
    try:
        with pytest.raises(StoreError, match=r"permission denied .*right to create tables\.$"):
            await Database.open(url.replace("postgres:@", "guest:@"))
    finally:
        postgres.sql("DROP ROLE guest")


async def test_a_folder_that_may_not_be_written_is_one_line_too(tmp_path: Path) -> None:
    """The same sentence for SQLite."""
    with pytest.raises(StoreError, match=r"unable to open database file\. Name a file") as caught:
        await Database.open(f"sqlite+aiosqlite:///{tmp_path}")
    assert caught.value.retryable
