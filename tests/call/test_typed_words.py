"""/say in a running room: what somebody types stands among the captions of those who speak."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from bot.errors import LoopbackError
from bot.loopback import Permissions, Person
from tests.integration.translation.text_service import VOICE_PIECES, TextRoutes
from tests.integration.translation.translation_service import Service, listen
from tests.integration.voice.voice_lounge import within
from tests.support.call import Place, ask, bot_at, enter, notice_of, place

NEXT_TO_NOTHING = (
    Permissions.VIEW_CHANNEL
    | Permissions.READ_MESSAGE_HISTORY
    | Permissions.USE_APPLICATION_COMMANDS
    | Permissions.CONNECT
)


@asynccontextmanager
async def room(folder: Path) -> AsyncIterator[tuple[Place, Person]]:
    """One that translates into English and French, with its host in it."""
    async with place() as where, Service(listen, texts=TextRoutes()) as service:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        async with bot_at(where, folder, service.url):
            await ask(host, where, "settings transcripts", days=1)
            await ask(host, where, "translate start", to="en, fr")
            yield where, host
        assert where.discord.complaints == []


def shown_first(where: Place) -> str:
    return where.said()[0].message.content


async def test_typed_words_stand_under_their_members_name_in_all_languages(tmp_path: Path) -> None:
    async with room(tmp_path) as (where, host):
        ana = await enter(where.guild.add_person("Ana"), where)
        await ana.press(await notice_of(where), "Join in")
        told = await ask(ana, where, "say", text=f"Hola <@{host.id}> <:wave:7> *todos* @everyone")
        assert told.content == f"Your words appear in <#{where.captions.id}>."
        await where.until(lambda: bool(where.said()) and "`FR`" in shown_first(where), 30, "French")
        (said,) = where.said()
        shown = r"Hola Host :wave: \*todos\* @" + "\u200beveryone"
        assert said.message.content.splitlines()[:2] == [f"`EN` en: {shown}", f"`FR` fr: {shown}"]
        assert said.words.source == "Hola Host :wave: *todos* @everyone"
        assert said.message.mentions == []
        assert "20 tokens" in (await ask(ana, where, "translate usage")).content
        await ask(host, where, "translate stop")
        kept = await ask(ana, where, "translate transcript", format="txt")
        written = kept.message.attachments[0].content.decode()
        assert "Ana" in written
        assert "en: Hola Host :wave: *todos* @everyone" in written


async def test_another_member_hears_typed_words_read_aloud(tmp_path: Path) -> None:
    texts = TextRoutes()
    async with place() as where, Service(listen, texts=texts) as service:
        host = await enter(where.guild.add_person("Host", admin=True), where)
        async with bot_at(where, tmp_path, service.url):
            options = {"to": "en", "voice": True}
            await host.command("translate start", options, channel=where.captions)
            ana = await enter(where.guild.add_person("Ana"), where)
            await ana.press(await notice_of(where), "Join in")
            await ask(ana, where, "say", text="Hola")
            frames = VOICE_PIECES * 200 // 20
            await within(15, lambda: host.ear.frames(where.account.id) >= frames)
            heard = np.frombuffer(host.ear.pcm(where.account.id, 24_000), "<i2")
            strongest = np.abs(np.fft.rfft(heard)).argmax() * 24_000 / len(heard)
            assert abs(strongest - 440) < 5
            (asked,) = texts.read_aloud
            assert (asked["text"], asked["language_type"]) == ("en: Hola", "English")
            usage = await ask(ana, where, "translate usage")
            assert "8 typed characters read aloud" in usage.content
        assert where.discord.complaints == []


async def test_only_who_joined_in_and_is_there_is_shown(tmp_path: Path) -> None:
    async with room(tmp_path) as (where, host):
        where.guild.set_permissions(where.guild.everyone, NEXT_TO_NOTHING)
        ana = where.guild.add_person("Ana")
        outside = await ask(ana, where, "say", text="Hola")
        assert outside.content.startswith(f"Join <#{where.lounge.id}> first.")
        await enter(ana, where)
        asked = await ask(ana, where, "say", text="Hola")
        assert asked.content.startswith("Join in first:")
        await ana.press(asked, "Stay out")
        out = await ask(ana, where, "say", text="Hola")
        assert out.content.startswith("You chose to stay out")
        await ana.press(out, "Join in")
        await ask(host, where, "translate pause")
        paused = await ask(ana, where, "say", text="Hola")
        assert paused.content.startswith("Translation is paused.")
        assert where.said() == []
        await ask(host, where, "translate resume")
        await ask(ana, where, "say", text="Hola")
        await where.captioned("Ana")


async def test_without_words_or_a_room_nothing_is_said(tmp_path: Path) -> None:
    async with room(tmp_path) as (where, host):
        for text in ("<:wave:7> 👋 <#1>", "123 👋"):
            blank = await ask(host, where, "say", text=text)
            assert blank.content.startswith("There is nothing to translate in this.")
        with pytest.raises(LoopbackError, match="1 to 500 characters"):
            await ask(host, where, "say", text="x" * 501)
        await ask(host, where, "translate stop")
        over = await ask(host, where, "say", text="Hola")
        assert over.content.startswith("Nothing is being translated here.")
