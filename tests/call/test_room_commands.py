"""The commands of a running room, as people in Discord use them."""

import asyncio
import base64
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bot.domain.stored import GuildSettings
from bot.loopback import Permissions, Person
from bot.store.database import Database
from bot.store.settings import SettingsTable
from tests.call.test_run import UNUSED_ENGINE
from tests.integration.translation.translation_service import Service, Session
from tests.support.call import Place, ask, bot_at, enter, place
from tests.support.clips import clip

_ID = re.compile(r"\n-# [0-9a-f]{8}$")  # of a refusal, as the log has it
NO_ROOM = "Nothing is being translated here. Start with /translate start."
LESS: list[tuple[str, Mapping[str, str | int]]] = [("translate stop", {}), ("translate pause", {})]
CHANGES: list[tuple[str, Mapping[str, str | int]]] = [
    ("translate resume", {}),
    ("translate move", {}),
    ("translate language add", {"language": "fr"}),
    ("translate language remove", {"language": "en"}),
    ("translate voice on", {}),
    ("translate voice off", {}),
    ("translate voice mode", {"mode": "polite"}),
    ("translate voice volume", {"percent": 50}),
    ("translate voice skip", {}),
]


async def use(where: Place, person: Person, command: str, **options: object) -> str:
    return _ID.sub("", (await ask(person, where, command, **options)).shown)


async def kept(where: Place, folder: Path, settings: GuildSettings) -> None:
    """The server's settings, in the store before the bot starts."""
    url = where.env(folder, UNUSED_ENGINE)["DATABASE_URL"]
    async with await Database.open(url) as database:
        await SettingsTable(database).put_settings(where.guild.id, settings)


async def test_a_room_is_changed_while_it_runs(tmp_path: Path, service_url: str) -> None:
    async with place() as where, bot_at(where, tmp_path, service_url):
        den = where.guild.add_voice_channel("Den")
        host = await enter(where.guild.add_person("Host"), where)
        assert "captions appear in" in await use(where, host, "translate start")
        added = await use(where, host, "translate language add", language="Spanish")
        assert added == "Now translating into English, Spanish."
        removed = await use(where, host, "translate language remove", language="en")
        assert removed == "Now translating into Spanish."
        wishes = await use(where, host, "translate my-languages", speaks="de", reads="Japanese")
        assert wishes == "You speak German, and read Japanese while you are in the voice channel."
        assert "into Spanish, Japanese" in await use(where, host, "translate status")
        assert await use(where, host, "translate my-languages", reads="none") == "You speak German."
        await use(where, host, "translate pause")
        assert "**Paused: nobody is heard.**" in await use(where, host, "translate status")
        await use(where, host, "translate resume")
        await host.move(den)
        moved = await use(where, host, "translate move")
        assert moved == f"Now translating <#{den.id}>."
        assert where.account.id in where.discord.voice.participants(den.id)
        assert f"Translating <#{den.id}>" in await use(where, host, "translate status")
        assert await use(where, host, "translate stop") == "Translation has stopped."
        assert await use(where, host, "translate status") == NO_ROOM
        said = [message.content for message in where.captions.messages]
        assert "Translation is paused. Nobody is heard until it resumes." in said
        assert "Translation resumed. Those who joined in are heard again." in said
        assert where.discord.complaints == []


async def test_what_cannot_be_is_said_and_changes_nothing(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE, MAX_LANGUAGES="2"):
        host = await enter(where.guild.add_person("Host"), where)
        for command, options in [*LESS, *CHANGES, ("translate status", {})]:
            assert await use(where, host, command, **options) == NO_ROOM
        assert "can't translate into “tlh”" in await use(where, host, "translate start", to="tlh")
        too_many = await use(where, host, "translate start", to="en, es, fr")
        assert too_many == "That's 3 languages; you can choose up to 2."
        await use(where, host, "translate start", to="en")
        busy = await use(where, host, "translate start", to="en")
        assert (
            busy
            == "This server is already translating a voice channel. Stop it with /translate stop."
        )
        for command, options, said in [
            ("translate resume", {}, "Translation isn't paused."),
            ("translate move", {}, "I'm already in that voice channel."),
            ("translate language add", {"language": "en"}, "already one of the languages"),
            ("translate language add", {"language": "tlh"}, "can't translate into “tlh”"),
            ("translate language add", {"language": "es, fr"}, "Choose one language."),
            ("translate language remove", {"language": "es"}, "one of the chosen languages"),
            ("translate language remove", {"language": "en"}, "at least one language"),
            ("translate my-languages", {"speaks": "tlh"}, "can't translate into “tlh”"),
            ("translate my-voice", {"voice": "Chelsie"}, "There is no voice “Chelsie”."),
            ("translate voice on", {"language": "es"}, "one of the chosen languages"),
            ("translate voice on", {"language": "tlh"}, "can't translate into “tlh”"),
            ("translate voice skip", {}, "Nothing is being read aloud right now."),
        ]:
            assert said in await use(where, host, command, **options)
        await use(where, host, "translate language add", language="es")
        full = await use(where, host, "translate language add", language="fr")
        assert full == "You can choose up to 2 languages."
        many = await use(where, host, "translate start", to="en", guests=2)
        assert many == "Guests can add 0 to 1 languages."
        unread = await use(where, host, "translate my-languages", reads="fr")
        assert "there is no room for another language" in unread
        assert "reads French" in await use(where, host, "translate status")
        await use(where, host, "translate pause")
        assert await use(where, host, "translate pause") == "Translation is already paused."


async def test_translations_are_read_aloud_as_the_room_wants_it(
    tmp_path: Path, service_url: str
) -> None:
    async with place() as where, bot_at(where, tmp_path, service_url):
        host = await enter(where.guild.add_person("Host"), where)
        await use(where, host, "translate start", to="en, es", voice=False)
        spoken = await use(where, host, "translate voice on", language="Spanish")
        assert spoken == "Spanish is now read aloud."
        polite = await use(where, host, "translate voice mode", mode="polite")
        assert polite == (
            "Reading aloud: In pauses. It waits while somebody speaks, up to 10 seconds."
        )
        assert await use(where, host, "translate voice volume", percent=50) == "Volume: 50%."
        shown = await use(where, host, "translate status")
        assert "Spanish is read aloud in the channel. In pauses, volume 50%." in shown
        silent = await use(where, host, "translate voice off")
        assert silent == "Translations are no longer read aloud."
        assert await use(where, host, "translate voice on") == "English is now read aloud."
        shown = await use(where, host, "translate status")
        assert "English is read aloud in the channel. In pauses, volume 50%." in shown
        assert where.discord.complaints == []


async def long_winded(session: Session) -> None:
    """Answer the first words with half a minute of voice."""
    await session.begin()
    async for _ in session.chunks():
        break
    ids = {"response_id": "resp_1", "item_id": "item_1"}
    await session.say("input_audio_buffer.speech_started", audio_start_ms=0)
    await session.say("response.created", response={"id": "resp_1"})
    tone = (np.sin(np.arange(24_000) / 10) * 8000).astype("<i2").tobytes()
    for _ in range(30):
        voice = base64.b64encode(tone).decode()
        await session.say("response.audio.delta", delta=voice, **ids)
    await session.say("response.audio_transcript.done", transcript="A long story.", **ids)
    await session.rest()


async def test_what_is_being_read_aloud_is_skipped_and_its_caption_says_so(tmp_path: Path) -> None:
    async with (
        Service(long_winded) as service,
        place() as where,
        bot_at(where, tmp_path, service.url),
    ):
        host = await enter(where.guild.add_person("Host"), where)
        await use(where, host, "translate start", to="en", voice=True)
        quiet = await use(where, host, "translate voice skip")
        assert quiet == "Nothing is being read aloud right now."
        await host.speak(clip("es_conf-invalid")[0][:64_000])
        bot = where.account.id
        await where.until(lambda: host.ear.frames(bot) > 50, 20, "the voice")
        assert await use(where, host, "translate voice skip") == "Skipped."
        heard = host.ear.frames(bot)
        await asyncio.sleep(1.0)
        assert host.ear.frames(bot) < heard + 25, "nothing more of it is heard"
        await where.until(
            lambda: any("A long story. 🔇" in m.content for m in where.captions.messages),
            10,
            "the mark",
        )


async def test_guests_read_what_the_starter_and_the_way_of_translating_allow(
    tmp_path: Path,
) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE):
        host = await enter(where.guild.add_person("Host"), where)
        guest = await enter(where.guild.add_person("Guest"), where)
        await use(where, host, "translate start", to="en", guests=1)
        wished = await use(where, guest, "translate my-languages", reads="fr")
        assert wished == "You read French while you are in the voice channel."
        full = await use(where, host, "translate my-languages", reads="de")
        assert full == (
            "You want to read German, but there is no room for another language yet. "
            "You'll get it as soon as there is."
        )
        said = await use(where, guest, "translate status")
        assert "Added for readers: French." in said
        assert "reads German, but there is no room for another language" in said
        await use(where, host, "translate stop")
        await use(where, host, "translate start", to="en", guests=0)
        closed = await use(where, guest, "translate my-languages", reads="es")
        assert closed == (
            "Guests can't add languages here. You'll get Spanish where it is one of the languages."
        )
        said = await use(where, guest, "translate status")
        assert "- Guest: not heard, has not joined in; reads Spanish, which can't be" in said


async def test_with_conversations_alone_nothing_is_added_for_guests(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE, FAN_OUT="speech"):
        host = await enter(where.guild.add_person("Host"), where)
        refused = await use(where, host, "translate start", guests=1)
        assert refused == "No languages can be added for guests here."
        not_here = (
            "French can't be added for guests here. You'll get it where it is one of the languages."
        )
        assert await use(where, host, "translate my-languages", reads="fr") == not_here
        await use(where, host, "translate start", to="en")
        assert "into English\n" in await use(where, host, "translate status")
        both = await use(where, host, "translate my-languages", speaks="de")
        assert both == f"You speak German.\n{not_here}"
        await use(where, host, "translate language add", language="fr")
        assert "reads" not in await use(where, host, "translate status")


async def test_only_those_whom_the_server_lets_start_and_change_a_room(tmp_path: Path) -> None:
    async with place() as where:
        role = where.guild.add_role("Interpreters")
        await kept(where, tmp_path, GuildSettings(starter_roles=frozenset({role.id})))
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            host = await enter(where.guild.add_person("Host", admin=True), where)
            guest = await enter(where.guild.add_person("Guest"), where)
            refused = (
                "In this server, only members with one of these roles can do this: @Interpreters."
            )
            assert await use(where, guest, "translate start", to="en") == refused
            await use(where, host, "translate start", to="en")
            ask_host = f"That would change the call for everyone. Ask <@{host.id}>, who started it."
            for command, options in [*LESS, *CHANGES]:
                assert await use(where, guest, command, **options) == ask_host
            assert "Translating" in await use(where, guest, "translate status")
            await guest.leave()
            for command, options in LESS:
                assert await use(where, guest, command, **options) == ask_host
            assert await use(where, host, "translate stop") == "Translation has stopped."


async def test_from_outside_the_voice_channel_nobody_makes_the_bot_listen(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE):
        host = await enter(where.guild.add_person("Host"), where)
        await use(where, host, "translate start", to="en")
        await host.leave()
        for command, options in CHANGES:
            given = {"channel": where.lounge} if command == "translate move" else options
            refused = await use(where, host, command, **given)
            assert refused.startswith(f"Join <#{where.lounge.id}> first. From outside"), command
        assert "Paused" in await use(where, host, "translate pause")
        assert await use(where, host, "translate stop") == "Translation has stopped."


async def test_a_move_to_where_the_bot_may_not_go_changes_nothing(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE):
        host = await enter(where.guild.add_person("Host", admin=True), where)
        await use(where, host, "translate start", to="en")
        closed = where.guild.add_voice_channel("Closed")
        where.guild.deny(closed, where.account, Permissions.CONNECT)
        refused = await use(where, host, "translate move", channel=closed)
        assert refused == "I need the Connect permission in #Closed."
        assert where.account.id in where.discord.voice.participants(where.lounge.id)


async def test_languages_are_offered_while_one_types(tmp_path: Path) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE):
        host = await enter(where.guild.add_person("Host", locale="de"), where)
        await use(where, host, "translate start", to="en, es")

        async def offered(command: str, option: str, typed: str) -> list[object]:
            choices = await host.autocomplete(
                command, {option: typed}, focused=option, channel=where.captions
            )
            return [choice.value for choice in choices]

        assert (await offered("translate my-languages", "speaks", "Deut"))[0] == "de"
        assert (await offered("translate my-languages", "reads", "fran"))[0] == "fr"
        assert "en" not in await offered("translate language add", "language", "en")
        assert set(await offered("translate language remove", "language", "")) == {"en", "es"}
        assert (await offered("translate start", "to", "en, spa"))[0] == "en, es"
