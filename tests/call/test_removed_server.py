"""A server removes the bot, and invites it again, or not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.stored import GuildSettings
from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.guilds import GuildTable
from bot.store.settings import SettingsTable
from tests.support.call import Place, bot_at, place

UNUSED_ENGINE = "ws://127.0.0.1:9/api-ws/v1/realtime"
ANA = 11
AWAY, LONG_AGO = 71, 72  # servers that removed the bot while it was not running


async def until(guilds: GuildTable, holds: Callable[[frozenset[int]], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds(await guilds.departed()):  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.02)


async def fill(database: Database, *guilds: int) -> None:
    for guild in guilds:
        await ConsentTable(database).agree(guild, ANA)
        await SettingsTable(database).put_settings(guild, GuildSettings(targets=("ja",)))


@pytest.fixture
async def where() -> AsyncIterator[Place]:
    async with place() as made:
        yield made


async def test_what_is_kept_of_a_server_waits_for_it_and_then_goes(
    where: Place, tmp_path: Path, database_url: str
) -> None:
    here = where.guild.id
    async with await Database.open(database_url) as database:
        guilds = GuildTable(database)
        await fill(database, here, AWAY, LONG_AGO)
        ago = datetime.now(UTC) - timedelta(days=30, minutes=1)
        await guilds.guild_left(LONG_AGO, ago.timestamp())
        async with bot_at(where, tmp_path, UNUSED_ENGINE, DATABASE_URL=database_url):
            await until(guilds, lambda departed: departed == {AWAY})
            assert await guilds.guilds() == {here, AWAY}  # nothing is left of the other
            where.guild.remove(where.account)
            await until(guilds, lambda departed: departed == {here, AWAY})
            where.guild.invite(where.account)
            await until(guilds, lambda departed: departed == {AWAY})
        assert await ConsentTable(database).consenting(here) == {ANA}
        assert await SettingsTable(database).settings(here) == GuildSettings(targets=("ja",))
        assert await ConsentTable(database).consenting(AWAY) == {ANA}
