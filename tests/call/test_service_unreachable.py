"""A translation service that can't be reached, refuses its key in mid-call, and is back.

What is asserted is what a member reads in the answers, the panel and the channel, what `/health`
says to the host, and what the log says.
"""

import asyncio
import logging
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.loopback import Message, Person
from bot.tasks import TaskOwner
from tests.call.test_run import free_port
from tests.integration.translation.text_service import Asked, TextRoutes
from tests.integration.translation.translation_service import Service, translate
from tests.support.call import Place, bot_at, enter, place, stop
from tests.support.clips import clip
from tests.support.log_lines import logged

STOP = "parley:panel:stop"
REFUSES_KEY = '{"code":"InvalidApiKey","message":"Invalid API-key provided."}'


def texts(where: Place) -> list[str]:
    """What the bot itself says in the channel, the panel included."""
    return [m.content for m in where.captions.messages if not m.deleted and m.webhook_id is None]


def said(where: Place, part: str) -> int:
    return sum(part in text for text in texts(where))


def panel(where: Place) -> Message:
    (found,) = [m for m in where.captions.messages if STOP in str(m.components)]
    return found


async def health(port: int) -> tuple[int, dict[str, Any]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/health") as response,
    ):
        return response.status, await response.json()


async def start(host: Person, where: Place, **options: Any) -> str:
    answer = await host.command(
        "translate start",
        {"to": "English", "channel": where.lounge, **options},
        channel=where.captions,
    )
    assert answer.answered_after_s < 3.0  # Discord's limit, before the "thinking" that is shown
    return answer.content


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    found = logged(one for one in caplog.records if one.levelno >= logging.WARNING)
    return [line for line in found if "translation service" in line]


@pytest.mark.timeout(90)
async def test_who_is_there_reads_that_the_service_is_away_and_that_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port, health_port = free_port(), free_port()
    url = f"ws://127.0.0.1:{port}/api-ws/v1/realtime"
    async with place() as where:
        host = where.guild.add_person("Host", admin=True)
        guest = where.guild.add_person("Guest")
        async with bot_at(where, tmp_path, url, HEALTH_PORT=str(health_port)) as app:
            assert (await health(health_port))[1]["status"] == "ok"
            await enter(host, where)
            await enter(guest, where)
            answer = await start(host, where)
            assert "Nothing new can be translated since <t:" in answer
            assert "The translation service's address refuses the connection" in answer
            assert "Translating" not in answer
            await where.until(lambda: bool(_panels(where)), 10, "panel")
            notice = next(m for m in where.captions.messages if "consent:join" in str(m.components))
            joined = await guest.press(notice, "parley:consent:join")
            assert "You've joined in" in joined.content
            assert "Nothing new can be translated since <t:" in joined.content
            status, state = await health(health_port)
            assert (status, state["healthy"], state["status"]) == (200, True, "degraded")
            trouble = state["troubles"]["translation"]
            assert (trouble["code"], trouble["tried_again"]) == ("connection_refused", True)
            await asyncio.gather(*(one.speak(clip("es_conf-invalid")[0]) for one in (host, guest)))
            await where.until(
                lambda: said(where, "is kept for about 20 seconds") == 1, 10, "a word"
            )
            await where.until(lambda: "Nothing new can be" in panel(where).content, 10, "the panel")
            shown = await host.command("translate status", {}, channel=where.captions)
            assert "Nothing new can be translated since <t:" in shown.content
            interrupted = "Translation is interrupted"
            await where.until(lambda: where.lounge.status == interrupted, 15, "the voice line")
            (warning,) = warnings(caplog)
            assert "connection_refused" in warning
            async with Service(translate, port=port):
                await where.until(lambda: said(where, "works again") == 1, 45, "that it is back")
                await where.until(lambda: "Nothing new" not in panel(where).content, 15, "panel")
                assert (await health(health_port))[1]["status"] == "ok"
                assert (await health(health_port))[1]["troubles"] == {}
                await host.speak(clip("es_conf-invalid")[0])
                await where.until(lambda: bool(where.said()), 30, "a caption")
                assert "Translating" in panel(where).content
                assert len(warnings(caplog)) == 2
                assert "a service works again" in warnings(caplog)[-1]
                assert said(where, "is kept for about 20 seconds") == 1
                assert len(app.rooms) == 1
                await stop(host, where)


def _panels(where: Place) -> list[Message]:
    return [m for m in where.captions.messages if STOP in str(m.components)]


@pytest.mark.timeout(90)
async def test_a_key_refused_in_mid_call_ends_the_room_when_nobody_is_translated_any_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    health_port = free_port()
    async with place() as where, Service(translate) as service:
        host = where.guild.add_person("Host", admin=True)
        guest = where.guild.add_person("Guest")
        async with bot_at(
            where,
            tmp_path,
            service.url,
            HEALTH_PORT=str(health_port),
            LIVETRANSLATE_IDLE_SECONDS="8",
        ) as app:
            await host.command(
                "settings auto-start", {"channel": where.lounge}, channel=where.captions
            )
            await enter(host, where)
            await where.until(lambda: bool(_panels(where)), 10, "a room that starts by itself")
            await enter(guest, where)
            notice = next(m for m in where.captions.messages if "consent:join" in str(m.components))
            for one in (host, guest):
                await one.press(notice, "parley:consent:join")
            await host.speak(clip("es_conf-invalid")[0])
            await where.until(lambda: bool(where.said()), 20, "the first caption")
            service.refuse(401, REFUSES_KEY)
            await guest.speak(clip("es_conf-invalid")[0])
            await where.until(
                lambda: said(where, "Whoever is being translated now still is") == 1, 15, "a word"
            )
            assert len(app.rooms) == 1
            await where.until(
                lambda: "Guest: heard, but not translated" in panel(where).content, 10, "panel"
            )
            captions = len(where.said())
            await host.speak(clip("es_conf-invalid")[0])  # the open conversation lives on
            await where.until(lambda: len(where.said()) > captions, 20, "one more caption")
            ends = "Translation has ended and nobody is heard anymore."
            await where.until(lambda: said(where, ends) == 1, 30, "the end")
            (last,) = [text for text in texts(where) if ends in text]
            assert "The translation service refuses this bot's key." in last
            assert "/translate start" in last or "translate start" in last
            await where.until(
                lambda: where.account.id not in where.discord.voice.participants(where.lounge.id),
                15,
                "that the bot leaves",
            )
            for _ in range(200):
                if len(app.rooms) == 0:
                    break
                await asyncio.sleep(0.05)
            status, state = await health(health_port)
            assert (status, state["status"], state["rooms"]) == (200, "degraded", 0)
            assert state["troubles"]["translation"]["code"] == "bad_key"
            assert state["troubles"]["translation"]["tried_again"] is False
            asked = service.handshakes
            for _ in range(3):  # a channel that starts by itself does not do so in a loop
                await guest.leave()
                await enter(guest, where)
                await asyncio.sleep(0.3)
            await where.until(lambda: said(where, "couldn't start automatically") == 1, 10, "why")
            assert said(where, "couldn't start automatically") == 1
            assert len(app.rooms) == 0
            assert service.handshakes == asked
            again = await start(host, where)
            assert "DASHSCOPE_API_KEY" in again
            assert service.handshakes == asked + 1  # by hand it is tried
            refusals = [line for line in warnings(caplog) if "refuses for good" in line]
            assert len(refusals) == 1
            assert "InvalidApiKey" in refusals[0]
            service.accept()
            assert "Translating" in await start(host, where)
            assert (await health(health_port))[1]["status"] == "ok"
            await stop(host, where)


@pytest.mark.timeout(60)
async def test_one_refusal_that_does_not_come_again_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with place() as where, Service(translate) as service:
        host = where.guild.add_person("Host", admin=True)
        guest = where.guild.add_person("Guest")
        async with bot_at(where, tmp_path, service.url) as app:
            await enter(host, where)
            await enter(guest, where)
            await start(host, where)
            notice = next(m for m in where.captions.messages if "consent:join" in str(m.components))
            await guest.press(notice, "parley:consent:join")
            service.refuse(403)
            tried = service.handshakes
            tasks = TaskOwner("speech")
            tasks.start(guest.speak(clip("es_conf-invalid")[0]), "guest")
            await service.shaken_hands(tried + 1)
            await asyncio.sleep(0.3)  # it is refused by then
            service.accept()
            await tasks.drain()
            await service.shaken_hands(tried + 2)  # it is asked again
            await asyncio.sleep(1.0)
            assert len(app.rooms) == 1
            assert said(where, "denies") == 0
            assert warnings(caplog) == []
            await guest.speak(clip("es_conf-invalid")[0])
            await where.until(lambda: bool(where.said()), 20, "a caption of who was given up")
            await stop(host, where)


@pytest.mark.timeout(90)
async def test_a_room_does_not_come_back_to_a_service_that_refuses(tmp_path: Path) -> None:
    async with place() as where, Service(translate) as service:
        host = where.guild.add_person("Host", admin=True)
        async with bot_at(where, tmp_path, service.url):
            await enter(host, where)
            await start(host, where)
        service.refuse(400, '{"code":"Arrearage"}')
        async with bot_at(where, tmp_path, service.url) as app:
            await where.until(
                lambda: said(where, "I was restarted and can't continue translating") == 1,
                20,
                "why",
            )
            (why,) = [text for text in texts(where) if "can't continue translating" in text]
            assert "The credit of this bot's translation account is used up" in why
            assert len(app.rooms) == 0


@pytest.mark.timeout(90)
async def test_languages_in_writing_say_that_they_are_missing_and_that_they_are_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refused = True

    def refuse(_: Asked) -> tuple[int, str, str] | None:
        return (503, "ServiceUnavailable", "Down.") if refused else None

    health_port = free_port()
    routes = TextRoutes(refuse=refuse)
    async with place() as where, Service(translate, texts=routes) as service:
        host = where.guild.add_person("Host", admin=True)
        more = {"FAN_OUT": "text", "HEALTH_PORT": str(health_port)}
        async with bot_at(where, tmp_path, service.url, **more):
            await enter(host, where)
            assert "Translating" in await start(host, where, to="English, French")
            await host.speak(clip("es_conf-invalid")[0])
            missing = "Captions in French have been missing since <t:"
            await where.until(lambda: said(where, f"{missing}") >= 1, 20, "a word")
            await where.until(lambda: missing in panel(where).content, 10, "the panel")
            status, state = await health(health_port)
            assert (status, state["status"]) == (200, "degraded")
            assert list(state["troubles"]) == ["text_translation"]
            refused = False
            await host.speak(clip("es_conf-invalid")[0])
            back = "Captions in French are back."
            await where.until(lambda: said(where, back) == 1, 20, "that it is back")
            assert (await health(health_port))[1]["status"] == "ok"
            assert len(warnings(caplog)) == 2
            await stop(host, where)
