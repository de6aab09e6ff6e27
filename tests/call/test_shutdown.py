"""`docker stop` of a whole process: told, remembered and gone in time, whatever others do."""

import asyncio
import random
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from bot.chat.rendering.reading import read
from bot.loopback import Channel, Guild, Person
from bot.tasks import TaskOwner
from tests.call.test_run import UNUSED_ENGINE, parley
from tests.integration.translation.translation_service import Service
from tests.support.call import Place, place
from tests.support.listening_service import ListeningService, hum

GONE_S = 10.0  # Docker's patience
TOLD = "I'm restarting, so nobody is being heard."
NOT_BACK = "I was restarted and can't continue translating"
BACK = "I'm back after a restart."


@dataclass(frozen=True, slots=True)
class Spot:
    """A server with somebody in its voice channel."""

    guild: Guild
    captions: Channel
    lounge: Channel
    host: Person

    def reads(self, words: str) -> bool:
        """Whether that stands in the text channel."""
        return any(words in m.content for m in self.captions.messages if not m.deleted)


async def town(where: Place, count: int, *, locale: str = "en-US") -> list[Spot]:
    """So many servers."""
    spots = []
    for number in range(count):
        guild = where.discord.add_guild(f"Server {number}", locale=locale)
        guild.invite(where.account)
        spots.append(
            Spot(
                guild,
                guild.add_text_channel("captions"),
                guild.add_voice_channel("Lounge"),
                guild.add_person("Host", admin=True),
            )
        )
    await asyncio.gather(*(spot.host.join(spot.lounge) for spot in spots))
    return spots


async def start_rooms(spots: list[Spot]) -> None:
    few = asyncio.Semaphore(3)  # or the bot can't answer all of them in time

    async def start(spot: Spot) -> None:
        async with few:
            answer = await spot.host.command("translate start", {"to": "en"}, channel=spot.captions)
            if "didn't let me into" in answer.content:  # a busy machine; who reads that tries again
                answer = await spot.host.command(
                    "translate start", {"to": "en"}, channel=spot.captions
                )
        assert f"<#{spot.captions.id}>" in answer.content, answer.content  # in any language

    await asyncio.gather(*(start(spot) for spot in spots))


async def heard(service: ListeningService, chunks: int) -> None:
    """Wait until so much speech arrived there."""
    async with asyncio.timeout(20):
        while service.heard.total() < chunks:  # noqa: ASYNC110 - it has no event of that
            await asyncio.sleep(0.02)


def kept(folder: Path) -> int:
    """How many rooms are remembered."""
    with closing(sqlite3.connect(folder / "parley.db")) as database:
        return int(database.execute("SELECT count(*) FROM rooms").fetchone()[0])


class Process:
    """`parley run`, with its log as it comes.

    Args:
        process: Of which standard error is read, lest it fills up.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._log: list[str] = []
        self._more = asyncio.Event()
        self._silent = asyncio.Event()

    async def read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self._log.append(line.decode())
            self._more.set()
        self._silent.set()

    async def said(self, words: str) -> None:
        """Wait until that stands in the log."""
        async with asyncio.timeout(40):
            while not any(words in line for line in self._log):
                self._more.clear()
                await self._more.wait()

    async def stop(self) -> tuple[int, str, float]:
        """Status, log, and after how many seconds, as after `docker stop`."""
        began = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(50):
            code = await self._process.wait()
            await self._silent.wait()
        return code, "".join(self._log), time.monotonic() - began


@asynccontextmanager
async def launched(
    where: Place, folder: Path, engine_url: str = UNUSED_ENGINE
) -> AsyncIterator[Process]:
    process = await parley("run", cwd=folder, **where.env(folder, engine_url))
    running, reading = Process(process), TaskOwner("log")
    reading.start(running.read(), "read")
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading.drain()


@asynccontextmanager
async def running(
    where: Place, folder: Path, engine_url: str = UNUSED_ENGINE
) -> AsyncIterator[Process]:
    """One that is ready and has seen who is where."""
    async with launched(where, folder, engine_url) as process:
        await process.said("run: translating")
        yield process


async def test_fifty_rooms_are_told_and_left_in_time_and_again_while_they_come_back(
    tmp_path: Path,
) -> None:
    async with place() as where:
        spots = await town(where, 50)
        async with running(where, tmp_path) as process:
            await start_rooms(spots)
            code, log, took = await process.stop()
        assert code == 0, log
        assert took < GONE_S
        assert "Traceback" not in log
        for spot in spots:
            assert where.account.id not in where.discord.voice.participants(spot.lounge.id)
            assert spot.reads(TOLD)
        assert kept(tmp_path) == len(spots)

        async with launched(where, tmp_path) as process:
            await where.until(lambda: any(spot.reads(BACK) for spot in spots), 40, "the first room")
            code, log, took = await process.stop()
        assert not all(spot.reads(BACK) for spot in spots)
        assert code == 0, log
        assert took < GONE_S
        assert "Traceback" not in log
        assert not any(spot.reads(NOT_BACK) for spot in spots)
        assert kept(tmp_path) == len(spots)


async def test_with_a_discord_that_answers_nothing_nobody_is_heard_and_the_process_ends(
    tmp_path: Path,
) -> None:
    service, talk = ListeningService(1, random.Random(1)), TaskOwner("talk")
    async with place() as where, Service(service.converse) as cloud:
        spots = await town(where, 4)
        async with running(where, tmp_path, cloud.url) as process:
            await start_rooms(spots)
            speaking = talk.start(spots[0].host.speak(hum(0, 5.0)), "speak")
            await heard(service, 5)
            where.discord.set_distance(60.0)
            where.discord.freeze_gateway(where.account)
            before = service.heard.total()
            code, log, took = await process.stop()
            await speaking
        assert service.heard.total() - before < 10  # of the 40 and more that were said
        assert took < GONE_S
        assert code == 0, log
        assert "Traceback" not in log
        for spot in spots:  # what could not be said
            assert f"captions of room {spot.guild.id}" in log
            assert f"panel of room {spot.guild.id}" in log
        assert kept(tmp_path) == len(spots)


async def test_what_is_being_said_is_finished_and_the_server_told_in_its_language(
    tmp_path: Path,
) -> None:
    service, talk = ListeningService(1, random.Random(1)), TaskOwner("talk")
    async with place() as where, Service(service.converse) as cloud:
        spots = await town(where, 1, locale="de")
        async with running(where, tmp_path, cloud.url) as process:
            await start_rooms(spots)
            speaking = talk.start(spots[0].host.speak(hum(0, 5.0)), "speak")
            await heard(service, 15)
            code, log, _ = await process.stop()
            await speaking
        assert code == 0, log
        (said,) = service.finals
        messages = spots[0].captions.messages
        (caption,) = [read(m.content) for m in messages if m.webhook_id is not None]
        assert caption.final
        assert said in caption.text
        assert spots[0].reads("Ich starte neu, daher wird gerade niemand gehört.")


async def test_who_asks_for_something_meanwhile_is_answered(tmp_path: Path) -> None:
    async with place() as where:
        first, second = await town(where, 2)
        async with running(where, tmp_path) as process:
            await start_rooms([first])
            where.discord.set_distance(0.2)
            commands = TaskOwner("commands")
            stop = first.host.command("translate stop", {}, channel=first.captions)
            start = second.host.command("translate start", {"to": "en"}, channel=second.captions)
            answers = [commands.start(stop, "stop"), commands.start(start, "start")]
            await asyncio.sleep(0.3)
            code, log, _ = await process.stop()
            stopped_, refused = [(await answer).content for answer in answers]
        assert code == 0, log
        assert "Traceback" not in log
        assert stopped_ == "Translation has stopped."
        assert refused.startswith("I'm restarting. Try again in a minute.")
        assert not second.reads("is being translated") or second.reads(TOLD)
        assert kept(tmp_path) == 0


async def test_a_held_database_keeps_no_process_from_ending(tmp_path: Path) -> None:
    async with place() as where:
        spots = await town(where, 2)
        async with running(where, tmp_path) as process:
            await start_rooms(spots)
            await asyncio.sleep(1.0)  # the rooms are on their way into the store
            with closing(sqlite3.connect(tmp_path / "parley.db", isolation_level=None)) as holder:
                holder.execute("BEGIN IMMEDIATE")
                # Something has to be written, and what is wanted waits.
                await spots[0].host.command("translate pause", {}, channel=spots[0].captions)
                code, log, took = await process.stop()
        assert code == 0, log
        assert took < GONE_S
        assert "could not be remembered" in log
        assert "Traceback" not in log
        assert all(spot.reads(TOLD) for spot in spots)
        assert kept(tmp_path) == len(spots)
