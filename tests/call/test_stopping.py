"""Hearing less waits for nothing, and needs no permission of the bot."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.loopback import Message, Permissions, Person
from bot.tasks import TaskOwner
from tests.integration.translation.translation_service import Service, translate
from tests.support.call import Place, ask, bot_at, enter, notice_of, place
from tests.support.clips import clip
from tests.support.heard import speech_s

SPEECH = clip("es_conf-invalid")[0]  # 3 s
SOON_S = 0.3  # for an event to reach the bot


@dataclass(frozen=True, slots=True)
class Scene:
    """A room that hears its host and Ana."""

    where: Place
    service: Service
    host: Person
    ana: Person
    notice: Message
    tasks: TaskOwner

    async def panel(self) -> Message:
        def found() -> list[Message]:
            stop = "parley:panel:stop"
            return [m for m in self.where.captions.messages if stop in str(m.components)]

        await self.where.until(lambda: bool(found()), 10, "a panel")
        return found()[-1]


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    tasks = TaskOwner("test")
    async with place() as where, Service(translate) as service:
        host = await enter(where.guild.add_person("Host"), where)
        ana = await enter(where.guild.add_person("Ana"), where)
        async with bot_at(where, folder, service.url):
            await ask(host, where, "translate start", to="en")
            notice = await notice_of(where)
            await ana.press(notice, "Join in")
            await ana.speak(SPEECH)
            assert speech_s(service) > 1.5
            yield Scene(where, service, host, ana, notice, tasks)
            await tasks.drain()
            await tasks.close()


Press = Callable[[], Awaitable[object]]


async def press_stop(here: Scene) -> Press:
    question = await here.host.press(await here.panel(), "Stop")
    return lambda: here.host.press(question, "Stop for everyone")


async def command_stop(here: Scene) -> Press:
    question = await here.host.command("translate stop", {}, channel=here.where.captions)
    return lambda: here.host.press(question, "Stop for everyone")


async def command_stop_of_who_is_alone(here: Scene) -> Press:
    await here.ana.press(here.notice, "Stay out")
    await here.host.speak(SPEECH)
    return lambda: here.host.command("translate stop", {}, channel=here.where.captions)


async def command_pause(here: Scene) -> Press:
    return lambda: here.host.command("translate pause", {}, channel=here.where.captions)


async def press_stay_out(here: Scene) -> Press:
    return lambda: here.ana.press(here.notice, "Stay out")


async def removed_by_the_server(here: Scene) -> Press:
    async def remove() -> None:
        here.where.guild.remove(here.where.account)

    return remove


LESS: list[Callable[[Scene], Awaitable[Press]]] = [
    press_stop,
    command_stop,
    command_stop_of_who_is_alone,
    command_pause,
    press_stay_out,
    removed_by_the_server,
]


@pytest.mark.parametrize("less", LESS)
async def test_nothing_is_sent_after_it_whatever_the_database_and_discord_do(
    tmp_path: Path, less: Callable[[Scene], Awaitable[Press]]
) -> None:
    async with scene(tmp_path) as here:
        await here.panel()
        press = await less(here)
        with closing(sqlite3.connect(tmp_path / "parley.db")) as held:
            held.execute("BEGIN IMMEDIATE")
            here.where.discord.set_distance(1.0)
            here.tasks.start(_done(press()), "less")
            await asyncio.sleep(SOON_S)
            before = speech_s(here.service)
            speaker = here.host if less is command_stop_of_who_is_alone else here.ana
            await speaker.speak(SPEECH)
            assert speech_s(here.service) == before
            here.where.discord.set_distance(0.0)
            held.rollback()


async def _done(work: Awaitable[object]) -> None:
    await work


@pytest.mark.parametrize("less", [command_stop, command_pause])
async def test_it_needs_no_permission_of_the_bot(
    tmp_path: Path, less: Callable[[Scene], Awaitable[Press]]
) -> None:
    async with scene(tmp_path) as here:
        guild, bot = here.where.guild, here.where.account
        guild.deny(here.where.lounge, bot, Permissions.CONNECT)
        guild.deny(here.where.captions, bot, Permissions.SEND_MESSAGES)
        guild.deny(here.where.captions, guild.everyone, Permissions.SEND_MESSAGES)
        await asyncio.sleep(SOON_S)
        answer = await (await less(here))()
        content = getattr(answer, "content", "")
        assert content in {
            "Nobody is heard anymore. The last captions are still on their way.",
            "Translation has stopped.",
            "Paused. Nobody is heard and nothing is sent.",
        }
        before = speech_s(here.service)
        await here.ana.speak(SPEECH)
        assert speech_s(here.service) == before


async def test_who_may_not_stop_the_call_stops_being_heard_themselves_at_once(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path) as here:
        refused = await here.ana.press(await here.panel(), "Stop")
        assert "press Stay out" in refused.content
        await here.ana.press(here.notice, "Stay out")
        before = speech_s(here.service)
        await here.ana.speak(SPEECH)
        assert speech_s(here.service) == before
        await here.host.speak(SPEECH)
        assert speech_s(here.service) > before + 1.5


async def test_a_room_that_is_stopped_while_it_starts_does_not_begin(tmp_path: Path) -> None:
    tasks = TaskOwner("test")
    async with place() as where, Service(translate) as service:
        host = await enter(where.guild.add_person("Host"), where)
        async with bot_at(where, tmp_path, service.url):
            where.discord.fail_next("POST", r"/channels/\d+/messages", 500, times=2)
            starting = tasks.start(
                host.command("translate start", {"to": "en"}, channel=where.captions), "start"
            )
            participants = where.discord.voice.participants
            while where.account.id not in participants(where.lounge.id):  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.05)
            stopped = await host.command("translate stop", {}, channel=where.captions)
            assert stopped.content == "Translation has stopped."
            started = await starting
            assert started.content.startswith("Translation was stopped before it began.")
            await host.speak(SPEECH)
            assert speech_s(service) == 0
            assert where.account.id not in participants(where.lounge.id)
        await tasks.close()
