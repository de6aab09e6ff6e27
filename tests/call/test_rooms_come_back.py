"""A bot that is killed in a running room, and started again."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.stored import SavedRoom
from bot.loopback import Message, Permissions
from bot.store.database import Database
from bot.store.rooms import RoomTable
from tests.call.test_run import UNUSED_ENGINE, ended, parley
from tests.support.call import Place, enter, place

BACK = "I'm back after a restart."
RESTARTING = "I'm restarting, so nobody is being heard."
GONE = "I was restarted and can't continue translating"
STARTS_S = 60  # more than a process takes to start
STOP = "parley:panel:stop"

pytestmark = pytest.mark.timeout(150)  # processes start, and on a busy machine slowly


@asynccontextmanager
async def bot_process(
    where: Place, folder: Path, database_url: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    env = where.env(folder, UNUSED_ENGINE) | {"DATABASE_URL": database_url}
    process = await parley("run", cwd=folder, **env)
    try:
        await where.discord.gateway_connected(where.account, STARTS_S)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await ended(process)


def panels(where: Place) -> list[Message]:
    """The messages with the panel's buttons."""
    return [
        message
        for message in where.captions.messages
        if not message.deleted and STOP in str(message.components)
    ]


def texts(where: Place) -> list[str]:
    return [message.content for message in where.captions.messages if not message.deleted]


async def test_a_killed_bot_is_back_in_its_room_with_a_note(
    tmp_path: Path, database_url: str
) -> None:
    async with place() as where:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        async with bot_process(where, tmp_path, database_url) as process:
            await host.command("translate start", {"to": "en"}, channel=where.captions)
            await host.command("translate language add", {"language": "es"}, channel=where.captions)
            await where.until(lambda: len(panels(where)) == 1, 20, "a panel")
            await asyncio.sleep(1.0)  # the room's newest state is on its way into the store
            process.kill()
            await process.wait()
        where.discord.complaints.clear()
        async with bot_process(where, tmp_path, database_url):
            ready_at = time.monotonic()
            await where.until(lambda: any(BACK in text for text in texts(where)), 40, "the note")
            assert time.monotonic() - ready_at < 40
            (note,) = [m for m in where.captions.messages if BACK in m.content]
            assert "parley:consent:join" in str(note.components)
            assert f"Heard from now on: <@{host.id}>." in note.content
            assert where.account.id in where.discord.voice.participants(where.lounge.id)
            (panel,) = panels(where)  # the same message goes on
            await where.until(lambda: "English, Spanish" in panel.content, 10, "both languages")
            status = await host.command("translate status", {}, channel=where.captions)
            assert "Host: heard" in status.content  # who agreed needs not say so again
            stopped = await host.press(panel, STOP)
            assert stopped.content == "Translation has stopped."
        assert where.discord.complaints == []


@pytest.mark.parametrize(
    ("age_s", "there", "said"),
    [
        (599 - STARTS_S, True, [BACK]),
        (601, True, ["I was offline for too long."]),
        (0, False, []),
        (100_000, False, []),
    ],
)
async def test_a_room_comes_back_only_to_people_and_within_ten_minutes(
    tmp_path: Path, age_s: float, *, there: bool, said: list[str]
) -> None:
    database_url = f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}"
    async with place() as where:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        saved = SavedRoom(
            where.guild.id,
            where.lounge.id,
            where.captions.id,
            ("en",),
            None,
            host.id,
            "s",
            saved_at=datetime.now(UTC).timestamp() - age_s,
        )
        async with await Database.open(database_url) as database:
            await RoomTable(database).save_room(saved)
        if not there:
            await host.leave()
        async with (
            bot_process(where, tmp_path, database_url),
            await Database.open(database_url) as database,
            asyncio.timeout(40),
        ):
            while True:  # until it has come back, or was dropped
                posted = [m.content for m in where.captions.messages]
                back = any(BACK in text for text in posted)
                if back or not await RoomTable(database).rooms():
                    break
                await asyncio.sleep(0.1)
            assert back == (said == [BACK])
            assert [word for word in said if any(word in text for text in posted)] == said
            assert bool(posted) == bool(said)
        assert where.discord.complaints == []


async def test_a_room_that_cannot_come_back_says_why_and_does_not_come_as_a_surprise(
    tmp_path: Path,
) -> None:
    database_url = f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}"
    async with place() as where:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        async with bot_process(where, tmp_path, database_url) as process:
            await host.command("translate start", {"to": "en"}, channel=where.captions)
            await where.until(lambda: len(panels(where)) == 1, 20, "a panel")
            await asyncio.sleep(1.0)  # the room's newest state is on its way into the store
            process.kill()
            await process.wait()
        where.discord.complaints.clear()
        where.guild.deny(where.lounge, where.account, Permissions.CONNECT)
        async with bot_process(where, tmp_path, database_url):
            await where.until(lambda: any(GONE in text for text in texts(where)), 15, "the note")
            (note,) = [text for text in texts(where) if GONE in text]
            assert f"<#{where.lounge.id}>" in note
            assert "Connect" in note
            assert re.search(r"Start again with </translate start:\d+>\.$", note)
        async with bot_process(where, tmp_path, database_url):
            await host.command("translate status", {}, channel=where.captions)
            assert sum(GONE in text for text in texts(where)) == 1
        assert where.discord.complaints == []


async def test_a_second_process_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    database_url = f"sqlite+aiosqlite:///{tmp_path / 'parley.db'}"
    async with place() as where:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        async with bot_process(where, tmp_path, database_url):
            await host.command("translate start", {"to": "en"}, channel=where.captions)
            env = where.env(tmp_path, UNUSED_ENGINE) | {"DATABASE_URL": database_url}
            code, errors = await ended(await parley("run", cwd=tmp_path, **env))
            assert code == 1
            (line,) = (one for one in errors.splitlines() if one.startswith("parley:"))
            assert line.startswith("parley: Another process of this bot uses the database")
            assert where.account.id in where.discord.voice.participants(where.lounge.id)
            status = await host.command("translate status", {}, channel=where.captions)
            assert "Host: heard" in status.content
            assert not any(BACK in text for text in texts(where))
        assert where.discord.complaints == []


async def test_an_upgraded_bot_is_back_until_a_person_stops_the_room(
    tmp_path: Path, database_url: str
) -> None:
    async with place() as where:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        async with bot_process(where, tmp_path, database_url) as process:
            await host.command("translate start", {"to": "en"}, channel=where.captions)
            await where.until(lambda: len(panels(where)) == 1, 20, "a panel")
            (panel,) = panels(where)
            await asyncio.sleep(1.0)  # the room's newest state is on its way into the store
            process.terminate()
            assert (await ended(process))[0] == 0
        assert any(RESTARTING in text for text in texts(where))
        assert "Interrupted at" in panel.content
        assert panel.components == []  # nothing that could not be pressed
        async with bot_process(where, tmp_path, database_url) as process:
            await where.until(lambda: any(BACK in text for text in texts(where)), 40, "the note")
            assert where.account.id in where.discord.voice.participants(where.lounge.id)
            await where.until(lambda: panels(where) == [panel], 40, "the panel's buttons")
            stopped = await host.press(panel, STOP)
            assert stopped.content == "Translation has stopped."
            process.terminate()
            assert (await ended(process))[0] == 0
        async with bot_process(where, tmp_path, database_url):
            answer = await host.command("translate status", {}, channel=where.captions)
            assert answer.content.startswith("Nothing is being translated here")
            started = await host.command("translate start", {"to": "en"}, channel=where.captions)
            assert "You are being heard" in started.content  # there was none in its way
            assert sum(BACK in text for text in texts(where)) == 1
            assert sum(RESTARTING in text for text in texts(where)) == 1
