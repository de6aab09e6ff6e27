"""Servers share a database: none waits for another's much, on both kinds."""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from bot.domain.spent import Spent, SpentKey
from bot.domain.stored import GuildSettings, SavedRoom, TranscriptLine
from bot.errors import StoreError
from bot.store import bounded, tables
from bot.store import database as database_module
from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.guilds import GuildTable
from bot.store.rooms import RoomTable
from bot.store.settings import SettingsTable
from bot.store.transcripts import TranscriptTable
from bot.store.usage import UsageTable
from tests.support.log_lines import logged

MUCH, LITTLE = 1, 2  # guilds
LINES = 10 * bounded.ROWS
USER = 5


def lines(count: int = LINES) -> list[TranscriptLine]:
    line = TranscriptLine("noon", 0, 0.0, 1.0, USER, "Ana", "en", "Hello.", "es", "Hola.")
    return [replace(line, utterance=number, at=float(number)) for number in range(count)]


async def fill(database: Database, said: Sequence[TranscriptLine]) -> None:
    store = TranscriptTable(database)
    for start in range(0, len(said), bounded.ROWS):
        await store.append(MUCH, said[start : start + bounded.ROWS])


async def comes_between(database: Database, work: Coroutine[Any, Any, int]) -> int:
    """What the work returns, in the middle of which another server has its turns."""
    task = asyncio.get_running_loop().create_task(work)
    await asyncio.sleep(0)
    between = 0
    for user in range(3):
        await ConsentTable(database).agree(LITTLE, user)
        between += not task.done()
    assert between == 3
    return await task


@pytest.mark.parametrize("what", ["forget", "expire", "usage", "purge"])
async def test_another_server_writes_in_the_middle_of_a_large_removal(
    database_url: str, what: str
) -> None:
    async with await Database.open(database_url) as database:
        transcripts, usage = TranscriptTable(database), UsageTable(database)
        if what == "usage":
            for day in range(1, 11):
                keys = [SpentKey(date(2026, 1, day), MUCH, user, "m") for user in range(500)]
                await usage.add(dict.fromkeys(keys, Spent(connects=1)))
            assert await comes_between(database, usage.expire(date(2026, 2, 1))) == 5000
            return
        await fill(database, lines())
        if what == "forget":
            assert await comes_between(database, transcripts.forget_lines(MUCH, USER)) == LINES
        elif what == "expire":
            assert await comes_between(database, transcripts.expire(MUCH, 1e9)) == LINES
        else:
            await GuildTable(database).guild_left(MUCH, 1.0)
            assert await comes_between(database, GuildTable(database).purge(2.0)) == 1
            assert await GuildTable(database).guilds() == {LITTLE}


async def test_a_server_that_writes_a_hundred_times_is_few_turns_ahead(
    database_url: str,
) -> None:
    async with await Database.open(database_url) as database:
        store = ConsentTable(database)
        done: list[int] = []

        async def agree(guild: int, user: int) -> None:
            await store.agree(guild, user)
            done.append(guild)

        many = [agree(MUCH, user) for user in range(100)]
        await asyncio.gather(*many, agree(LITTLE, 1))
        assert done.index(LITTLE) <= 20  # a connection may have to be made first


@pytest.mark.parametrize("writes", [True, False])
async def test_a_server_can_not_take_all_connections(
    database_url: str,
    writes: bool,  # noqa: FBT001 - the kind of transaction
) -> None:
    over = asyncio.Event()
    async with await Database.open(database_url) as database:
        if writes and database.dialect == "sqlite":
            return  # it has one writer as it is

        async def hold() -> None:
            begun = database.transaction(MUCH) if writes else database.reading(MUCH)
            async with begun:
                await over.wait()

        holding = [asyncio.get_running_loop().create_task(hold()) for _ in range(40)]
        await asyncio.sleep(0.1)
        async with asyncio.timeout(5):
            await ConsentTable(database).agree(LITTLE, 1)
            assert await ConsentTable(database).consenting(LITTLE) == {1}
        over.set()
        await asyncio.gather(*holding)


async def test_who_waits_too_long_for_others_is_told_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_TURN_S", 0.1)
    async with await Database.open(database_url) as database:
        store = ConsentTable(database)
        async with database.transaction(MUCH):
            with pytest.raises(StoreError, match="Try again in a minute") as caught:
                await store.agree(MUCH, 1)
            assert caught.value.retryable
        await store.agree(MUCH, 1)
        assert await store.consenting(MUCH) == {1}


async def test_a_guild_that_is_back_while_it_is_removed_has_its_settings_and_answers(
    database_url: str,
) -> None:
    async with await Database.open(database_url) as database:
        guilds, settings = GuildTable(database), SettingsTable(database)
        await fill(database, lines())
        await settings.put_settings(MUCH, GuildSettings(originals=False))
        await ConsentTable(database).agree(MUCH, USER)
        await guilds.guild_left(MUCH, 1.0)
        purge = asyncio.get_running_loop().create_task(guilds.purge(2.0))
        await asyncio.sleep(0)
        await guilds.guild_back(MUCH)
        assert await purge == 0
        assert await settings.settings(MUCH) == GuildSettings(originals=False)
        assert await ConsentTable(database).consenting(MUCH) == {USER}


async def test_a_guild_that_can_not_be_removed_keeps_no_other_here(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with await Database.open(database_url) as database:
        guilds = GuildTable(database)
        for guild in (1, 2, 3):
            await ConsentTable(database).agree(guild, USER)
            await guilds.guild_left(guild, 1.0)
        remove = guilds._remove

        async def broken(guild_id: int, before: float) -> bool:
            if guild_id == 1:
                raise StoreError("A page of the file is broken.")
            return await remove(guild_id, before)

        monkeypatch.setattr(guilds, "_remove", broken)
        with pytest.raises(StoreError, match="broken"):
            await guilds.purge(2.0)
        assert await guilds.guilds() == {1}


async def test_a_room_that_can_not_be_read_keeps_no_other_from_coming_back(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    async with await Database.open(database_url) as database:
        store = RoomTable(database)
        rooms = {guild: SavedRoom(guild, 1, 2, ("ja",), None, 1, "noon") for guild in (1, 2, 3)}
        for room in rooms.values():
            await store.save_room(room)
        async with database.transaction() as connection:
            broken = update(tables.rooms).where(tables.rooms.c.guild_id == 2)
            await connection.execute(broken.values(document={"targets": 7}))
        assert await store.rooms() == [rooms[1], rooms[3]]
        (line,) = logged(caplog.records)
        assert "a room is left out guild=2" in line
        assert "The room in the database can't be read" in line
        assert await store.room(1) == rooms[1]
        assert await store.room(9) is None
        with pytest.raises(StoreError, match="can't be read"):
            await store.room(2)
