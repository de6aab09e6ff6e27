"""After the session with Discord was lost and made anew, the bot sees who is there."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.domain.stored import GuildSettings
from bot.loopback import Person
from tests.call.test_room_commands import kept
from tests.integration.translation.translation_service import Service, translate
from tests.support.call import Place, ask, bot_at, enter, place
from tests.support.clips import clip
from tests.support.heard import speech_s

SPEECH = clip("es_conf-invalid")[0]


@contextmanager
def gap(where: Place) -> Iterator[None]:
    """Discord closes the session with 4009; the voice connection lives, as it does for a while."""
    voice = where.discord._backend.voice
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(voice, "leave_all", lambda _bot, _session_id: None)
        where.discord.close_gateway(where.account, 4009, resumable=False)
        yield


async def comes_back(where: Place) -> None:
    await asyncio.sleep(0.1)
    await where.discord.gateway_connected(where.account)
    await asyncio.sleep(3.0)  # discord.py waits 2 s for further servers


async def joined(where: Place, person: Person) -> None:
    await ask(person, where, "privacy join")


async def test_who_left_counts_no_more_and_who_came_is_heard_by_name_once_told(
    tmp_path: Path,
) -> None:
    async with place() as where, Service(translate) as service:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        ana, ben = where.guild.add_person("Ana"), where.guild.add_person("Ben")
        await enter(ana, where)
        async with bot_at(where, tmp_path, service.url):
            for person in (ana, ben):
                await joined(where, person)
            await ask(host, where, "translate start", to="en")
            with gap(where):
                await ana.leave()
                await enter(ben, where)
                await comes_back(where)
            status = (await ask(host, where, "translate status")).content
            assert "Ana" not in status
            assert "- Ben: heard" in status
            before = speech_s(service)
            await ben.speak(SPEECH)
            assert speech_s(service) - before > 1.5
            await where.until(
                lambda: any(s.message.author_name == "Ben" for s in where.said()), 10, "a caption"
            )
            told = [m.content for m in where.captions.messages if f"<@{ben.id}>" in m.content]
            assert len(told) == 1
        assert where.discord.complaints == []


async def test_a_room_starts_by_itself_for_who_came_in_the_gap(tmp_path: Path) -> None:
    async with place() as where:
        wanted = {where.lounge.id: where.captions.id}
        await kept(where, tmp_path, GuildSettings(auto_channels=wanted))
        ana = where.guild.add_person("Ana")
        async with bot_at(where, tmp_path, "ws://127.0.0.1:9/x") as app:
            await app.bot.ready()
            with gap(where):
                await enter(ana, where)
                await comes_back(where)
            await where.until(
                lambda: any("being translated" in m.content for m in where.captions.messages),
                10,
                "a notice",
            )
        assert where.discord.complaints == []


async def test_a_room_that_all_left_in_the_gap_ends(tmp_path: Path) -> None:
    async with place() as where:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        async with bot_at(where, tmp_path, "ws://127.0.0.1:9/x") as app:
            await ask(host, where, "translate start", to="en")
            room = app.rooms.find(where.guild.id)
            assert room is not None
            with gap(where):
                await host.leave()
                await comes_back(where)
            assert room.status().speakers == ()
            room._deserted()  # a minute later
            await where.until(
                lambda: any(
                    "I left because nobody has been" in m.content for m in where.captions.messages
                ),
                10,
                "the reason",
            )
