"""The page of a call: asked for in Discord, read and heard over HTTP, as long as one may."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from aiohttp import CookieJar, WSMsgType

from bot.loopback import Permissions, Person, ReceivedAnswer
from bot.page.packets import CloseCode
from tests.call.test_room_commands import use
from tests.call.test_room_panel import panel_of
from tests.call.test_run import UNUSED_ENGINE
from tests.integration.translation.translation_service import Service, Session
from tests.support.call import Place, ask, bot_at, enter, place
from tests.support.clips import clip
from tests.support.page import free_port

WITHIN_S = 20.0
LISTEN = "parley:panel:listen"


async def spoken(session: Session) -> None:
    """Translate whatever is said by one sentence, with voice where that was asked for."""
    await session.begin()
    async for _ in session.chunks():
        break
    ids = {"response_id": "resp_1", "item_id": "item_1"}
    modalities = str(session.settings.get("modalities") or session.settings)
    await session.say("input_audio_buffer.speech_started", audio_start_ms=0)
    await session.say("response.created", response={"id": "resp_1"})
    await session.say("response.audio_transcript.text", text="Good ", stash="morning", **ids)
    if "audio" in modalities:
        tone = (np.sin(np.arange(24_000) / 10) * 8000).astype("<i2").tobytes()
        await session.say("response.audio.delta", delta=base64.b64encode(tone).decode(), **ids)
    await session.say("response.audio_transcript.done", transcript="Good morning.", **ids)
    await session.say("response.audio.done", **ids)
    await session.say("input_audio_buffer.speech_stopped", audio_end_ms=100)
    await session.say("response.done", response={"id": "resp_1"})
    await session.rest()


async def link_of(person: Person, where: Place, **options: object) -> str:
    """The link that a member is given."""
    answer = await ask(person, where, "translate listen", **options)
    assert answer.ephemeral
    return url_in(answer)


def url_in(answer: ReceivedAnswer) -> str:
    """The link in an answer."""
    parts = (part for row in answer.components for part in row["components"])
    (url,) = (str(part["url"]) for part in parts if "url" in part)
    return url


class Window:
    """A page that is open, as its code sees it."""

    def __init__(self, live: aiohttp.ClientWebSocketResponse) -> None:
        self.live = live
        self.lines: list[dict[str, Any]] = []
        self.room: dict[str, Any] = {}
        self.voice = 0

    async def until(self, done: Any) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not done(self):
                message = await self.live.receive()
                if message.type is WSMsgType.BINARY:
                    self.voice += len(message.data)
                    continue
                assert message.type is WSMsgType.TEXT, message
                for event in json.loads(message.data):
                    if event["t"] == "line":
                        self.lines.append(event)
                    elif event["t"] == "room":
                        self.room = event

    async def closed(self) -> int | None:
        async with asyncio.timeout(WITHIN_S):
            while not self.live.closed:
                message = await self.live.receive()
                if message.type is WSMsgType.CLOSE:  # what the client makes of it comes too late
                    return int(message.data)
        return self.live.close_code


@asynccontextmanager
async def opened(link: str, voice: str | None = None) -> AsyncIterator[Window]:
    """Open a link as a browser does."""
    url, _, token = link.partition("#")
    origin = {"Origin": url.rstrip("/")}
    async with aiohttp.ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        async with session.post(f"{url}session", data=token, headers=origin) as answer:
            assert answer.status == 204, answer.status
        async with session.ws_connect(f"{url}live", headers=origin) as live:
            asked = {"language": None, "voice": voice, "epoch": "", "after": 0, "number": 0}
            await live.send_json(asked)
            yield Window(live)


def page_at(port: int) -> dict[str, str]:
    return {"PUBLIC_URL": f"http://localhost:{port}", "WEB_PORT": str(port)}


async def test_a_member_reads_and_hears_the_call_on_their_page(tmp_path: Path) -> None:
    port = free_port()
    async with (
        Service(spoken) as service,
        place() as where,
        bot_at(where, tmp_path, service.url, **page_at(port)),
    ):
        host = await enter(where.guild.add_person("Host"), where)
        guest = where.guild.add_person("Guest")  # not in the voice channel
        await use(where, host, "translate start", to="en, es", voice=False)
        async with opened(await link_of(guest, where, language="en"), "opus") as page:
            await page.until(lambda now: now.room.get("state") == "live")
            await host.speak(clip("es_conf-invalid")[0][:64_000])
            await page.until(lambda now: any(line["final"] for line in now.lines) and now.voice)
            assert page.lines[-1]["text"] == "Good morning."
            assert any(one["name"] == "Host" for one in page.lines)
            assert await use(where, host, "translate stop") == "Translation has stopped."
            assert await page.closed() == CloseCode.ENDED
        assert where.discord.complaints == []


async def test_a_page_is_shut_when_its_reader_may_no_longer_see_the_captions(
    tmp_path: Path,
) -> None:
    port = free_port()
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE, **page_at(port)):
        host = await enter(where.guild.add_person("Host"), where)
        guest = await enter(where.guild.add_person("Guest"), where)
        await use(where, host, "translate start", to="en")
        link = await link_of(guest, where)
        async with opened(link) as page:
            await page.until(lambda now: now.room)
            where.guild.deny(where.captions, guest, Permissions.VIEW_CHANNEL)
            assert await page.closed() == CloseCode.NOT_ALLOWED


async def test_of_who_is_in_no_voice_channel_it_is_asked_what_they_may_read(
    tmp_path: Path,
) -> None:
    """Discord tells of none of it by itself."""
    port, view = free_port(), Permissions.VIEW_CHANNEL
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE, **page_at(port)):
        role = where.guild.add_role("Readers")
        host = await enter(where.guild.add_person("Host", admin=True), where)
        guest, other = (where.guild.add_person(name) for name in ("Guest", "Other"))
        where.guild.deny(where.captions, where.guild.everyone, view)
        where.guild.allow(where.captions, where.account, view | Permissions.SEND_MESSAGES)
        where.guild.allow(where.captions, role, view)
        for person in (guest, other):
            where.guild.give(person, role)
        await use(where, host, "translate start", to="en")
        first, second = await link_of(guest, where), await link_of(other, where)
        async with opened(first) as page, opened(second) as others:
            await page.until(lambda now: now.room)
            await others.until(lambda now: now.room)
            async with asyncio.timeout(5):
                where.guild.state.members[guest.id].role_ids.clear()
                assert await page.closed() == CloseCode.NOT_ALLOWED
            async with asyncio.timeout(5):
                where.guild.remove(other)
                assert await others.closed() == CloseCode.NOT_ALLOWED
        outside = where.guild.add_text_channel("other")
        refused = await guest.command("translate listen", {}, channel=outside)
        assert "You can't see" in refused.content
        assert where.discord.complaints == []


async def test_what_is_not_to_be_read_gives_no_link(tmp_path: Path) -> None:
    none = "This bot has no page for that. Whoever hosts it can set one up."
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE):
        host = await enter(where.guild.add_person("Host"), where)
        assert (await use(where, host, "translate listen")).startswith(
            "Nothing is being translated"
        )
        await use(where, host, "translate start", to="en")
        assert await use(where, host, "translate listen") == none
        missing = await use(where, host, "translate listen", language="fr")
        assert missing == "French isn't one of the languages here."


async def test_who_can_not_see_the_captions_gets_no_link(tmp_path: Path) -> None:
    port = free_port()
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE, **page_at(port)):
        host = await enter(where.guild.add_person("Host"), where)
        guest = where.guild.add_person("Guest")
        await use(where, host, "translate start", to="en")
        other = where.guild.add_text_channel("other")
        where.guild.deny(where.captions, guest, Permissions.VIEW_CHANNEL)
        answer = await guest.command("translate listen", {}, channel=other)
        assert "You can't see" in answer.content
        assert not answer.components


async def test_the_panel_gives_each_who_presses_a_link_of_their_own(tmp_path: Path) -> None:
    port = free_port()
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE, **page_at(port)):
        host = await enter(where.guild.add_person("Host"), where)
        guest = where.guild.add_person("Guest")
        await use(where, host, "translate start", to="en")
        panel = await panel_of(where)
        answers = [await person.press(panel, LISTEN) for person in (host, guest)]
        urls = [url_in(answer) for answer in answers]
        assert len(set(urls)) == 2
        assert all(answer.ephemeral for answer in answers)
        async with opened(urls[0]) as page, opened(urls[1]) as other:
            await page.until(lambda now: now.room)
            await other.until(lambda now: now.room)
            stopped = await host.press(answers[0], "Stop reading")
            assert stopped.content.startswith("You stopped reading this call.")
            assert not stopped.components
            assert await page.closed() == CloseCode.LEFT
            async with opened(await link_of(host, where)) as again:
                await again.until(lambda now: now.room)
            assert not other.live.closed
        assert where.discord.complaints == []
