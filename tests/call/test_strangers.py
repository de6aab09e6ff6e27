"""Servers that the host did not name, on a public bot: what they try, and what it costs."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.stored import GuildSettings, SavedRoom
from bot.loopback import Person
from bot.store.database import Database
from bot.store.rooms import RoomTable
from bot.store.settings import SettingsTable
from tests.call.test_page import link_of, opened, page_at
from tests.call.test_room_commands import use
from tests.call.test_rooms_come_back import panels
from tests.integration.translation.text_service import TextRoutes
from tests.integration.translation.translation_service import Service, translate
from tests.support.call import Place, bot_at, enter, notice_of, place, stop
from tests.support.clips import clip
from tests.support.page import free_port

GUEST_MINUTES = 0.2
CONVERSATIONS = 2 * 5  # of two people, into five languages
# A sentence may be finished (15 s in all), each conversation tells what it sent after a second, and
# ends its turn with silence.
BEYOND_S = 15 + CONVERSATIONS * (1 + 1)
USED_UP = "This server has used its 0.2 translation minutes for today."
NOT_SERVED = "I'm not set up for this server. To have it allowed, contact ops@example.org."


@dataclass
class Bill:
    """What the service was sent, by whoever is at it."""

    service: Service
    texts: TextRoutes

    @property
    def seconds(self) -> float:
        return sum(len(session.audio) for session in self.service.sessions) / 32_000

    async def of(self, work: Callable[[], Awaitable[object]]) -> tuple[float, int]:
        """Seconds of audio and requests for text that some work costs."""
        before, asked = self.seconds, len(self.texts.asked)
        await work()
        return self.seconds - before, len(self.texts.asked) - asked


def server(where: Place, name: str) -> Place:
    """Another server of the same bot."""
    guild = where.discord.add_guild(name)
    captions, lounge = guild.add_text_channel("captions"), guild.add_voice_channel("Lounge")
    guild.invite(where.account)
    return Place(where.discord, guild, lounge, captions, where.account)


def ran(where: Place) -> SavedRoom:
    """A room that ran a moment ago, before the server was denied."""
    ids = (where.guild.id, where.lounge.id, where.captions.id)
    return SavedRoom(*ids, ("en",), None, 1, "s", saved_at=datetime.now(UTC).timestamp())


async def talk(*people: Person, seconds: float) -> None:
    """All of them at once, in a sentence that does not end."""
    await asyncio.gather(
        *(person.speak(clip("es_vm-newuser")[0][: round(32_000 * seconds)]) for person in people)
    )


async def test_a_strangers_server_costs_nothing_beyond_its_allowance(tmp_path: Path) -> None:
    texts = TextRoutes()
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(Service(translate, texts=texts))
        home = await stack.enter_async_context(place())
        strange, banned = server(home, "Strangers"), server(home, "Banned")
        async with await Database.open(home.env(tmp_path, "")["DATABASE_URL"]) as database:
            for where in (strange, banned):
                starts = GuildSettings(auto_channels={where.lounge.id: where.captions.id})
                await SettingsTable(database).put_settings(where.guild.id, starts)
            await RoomTable(database).save_room(ran(banned))
        settings = page_at(free_port()) | {
            "ALLOWED_GUILDS": str(home.guild.id),
            "DENIED_GUILDS": str(banned.guild.id),
            "GUEST_DAILY_MINUTES": str(GUEST_MINUTES),
            "HOST_CONTACT": "ops@example.org",
            "FAN_OUT": "speech",
        }
        banned.guild.use_for_system_messages(banned.captions)
        ban = await enter(banned.guild.add_person("Ban", admin=True), banned)
        await stack.enter_async_context(bot_at(home, tmp_path, service.url, **settings))
        bill = Bill(service, texts)

        # A server that is denied: nothing comes back, starts by itself or when asked, and nobody is
        # told but those who ask.
        note = ban.write("Hola a todos", banned.captions)

        async def nothing() -> None:
            await ban.leave()
            await enter(ban, banned)
            for command in ("translate start", "translate listen", "say", "settings show", "help"):
                options = {"text": "Hola"} if command == "say" else {}
                assert await use(banned, ban, command, **options) == NOT_SERVED
            assert (await ban.use_on(note, "Translate")).content.startswith(NOT_SERVED)
            assert (await use(banned, ban, "privacy leave")).startswith("You are not being heard")
            await talk(ban, seconds=0.5)

        assert await bill.of(nothing) == (0, 0)
        assert service.handshakes == 0
        assert home.discord.voice.participants(banned.lounge.id) == (ban.id,)
        assert [message.content for message in banned.captions.messages] == ["Hola a todos"]

        # A guest: start loops, languages, a voice for each of them, and everybody talks.
        eve = strange.guild.add_person("Eve", admin=True)
        mallory = strange.guild.add_person("Mallory")
        for person in (eve, mallory):  # it starts by itself
            await enter(person, strange)
        await strange.until(lambda: bool(panels(strange)), 5, "the panel")
        await stop(eve, strange)
        begun = await use(strange, eve, "translate start", to="en")
        assert begun.startswith("Translating"), begun
        await mallory.press(await notice_of(strange), "Join in")
        for language in ("es", "fr", "de", "pt"):
            await use(strange, eve, "translate language add", language=language)
        page = await stack.enter_async_context(opened(await link_of(mallory, strange), "opus"))
        await page.until(lambda now: now.room)

        def used_up() -> list[str]:
            return [m.content for m in strange.captions.messages if USED_UP in m.content]

        await talk(eve, mallory, seconds=4)
        await strange.until(lambda: bool(used_up()), 5, "the notice")
        await strange.captioned("Eve", "Mallory")  # what was begun is whole
        assert 0 < bill.seconds <= GUEST_MINUTES * 60 + BEYOND_S

        note = eve.write("Hola a todos", strange.captions)

        async def more() -> None:
            await use(strange, eve, "translate language remove", language="pt")
            await use(strange, eve, "translate language add", language="it")
            await talk(eve, mallory, seconds=0.5)
            assert (await use(strange, eve, "say", text="Hola")).startswith(USED_UP)
            assert (await eve.use_on(note, "Translate")).content.startswith(USED_UP)
            await stop(eve, strange)
            await mallory.leave()
            await eve.leave()
            await use(strange, eve, "translate status")  # the bot has seen that nobody is there
            for person in (eve, mallory):
                await enter(person, strange)
            await strange.until(lambda: len(used_up()) == 2, 5, "why it does not start by itself")
            for _ in range(3):
                assert (await use(strange, eve, "translate start", to="en")).startswith(USED_UP)

        seconds, asked = await bill.of(more)
        assert seconds < CONVERSATIONS * 0.3, "the last silence of sentences, and no word"
        assert asked == 0
        assert strange.account.id not in home.discord.voice.participants(strange.lounge.id)

        # The host's own server goes on.
        host = await enter(home.guild.add_person("Host"), home)
        await use(home, host, "translate start", to="en")
        await talk(host, seconds=0.5)
        await home.captioned("Host", within_s=10)
        assert home.discord.complaints == []
