"""What a room needs, on a Discord that computes permissions: refused before anything starts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.app import App
from bot.loopback import Person
from bot.loopback.state.permissions import Permissions
from tests.support.call import Place, bot_at, place

UNUSED_ENGINE = "ws://127.0.0.1:9/api-ws/v1/realtime"


@dataclass(frozen=True, slots=True)
class ServerWithHost:
    """A server with a running bot; everybody may see and use every channel at first."""

    where: Place
    app: App
    host: Person
    guest: Person

    async def start(self, person: Person, **options: object) -> str:
        """What is answered to one who wants a room in the lounge; none may have started."""
        answer = await person.command(
            "translate start",
            {"to": "en", "channel": self.where.lounge, **options},
            channel=self.where.captions,
        )
        assert answer.ephemeral
        assert len(self.app.rooms) == 0
        assert self.where.account.id not in self.where.discord.voice.participants(
            self.where.lounge.id
        )
        assert not [m for m in self.where.captions.messages if m.private_to is None]
        return answer.content.partition("\n-# ")[0]

    async def check(self, **options: object) -> list[str]:
        answer = await self.host.command(
            "settings check", {"channel": self.where.lounge, **options}, channel=self.where.captions
        )
        return answer.content.splitlines()


@asynccontextmanager
async def server_with_host(folder: Path) -> AsyncIterator[ServerWithHost]:
    async with place() as where:
        host = where.guild.add_person("Host")
        where.guild.give(host, where.guild.add_role("Manager", Permissions.MANAGE_GUILD))
        guest = where.guild.add_person("Guest")
        async with bot_at(where, folder, UNUSED_ENGINE) as app:
            await host.command("settings show", channel=where.captions)
            yield ServerWithHost(where, app, host, guest)
        assert where.discord.complaints == []


async def test_without_connect_or_speak_the_channel_and_what_is_missing_are_named(
    tmp_path: Path,
) -> None:
    async with server_with_host(tmp_path) as here:
        guild, bot, lounge = here.where.guild, here.where.account, here.where.lounge
        guild.deny(lounge, bot, Permissions.SPEAK)
        said = await here.start(here.host, voice=True)
        assert said == "I need the Speak permission in #Lounge."
        guild.deny(lounge, bot, Permissions.CONNECT)
        said = await here.start(here.host)
        assert said == "I need the Connect permission in #Lounge."


async def test_without_send_messages_the_channel_and_what_is_missing_are_named(
    tmp_path: Path,
) -> None:
    async with server_with_host(tmp_path) as here:
        here.where.guild.deny(here.where.captions, here.where.account, Permissions.SEND_MESSAGES)
        said = await here.start(here.host)
        assert said == "I need the Send Messages permission in #captions."


async def test_everything_that_is_missing_anywhere_is_named_at_once(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        guild, bot = here.where.guild, here.where.account
        guild.deny(here.where.lounge, bot, Permissions.VIEW_CHANNEL)
        guild.deny(here.where.captions, bot, Permissions.SEND_MESSAGES)
        guild.deny(here.where.lounge, here.guest, Permissions.CONNECT)
        guild.deny(here.where.captions, here.guest, Permissions.SEND_MESSAGES)
        guild.give(here.guest, guild.add_role("Manager", Permissions.MANAGE_GUILD))
        assert (await here.start(here.guest, voice=True)).splitlines() == [
            "I need the View Channel, Connect, Speak permissions in #Lounge.",
            "I need the Send Messages permission in #captions.",
            "You need the Connect permission in #Lounge.",
            "You need the Send Messages permission in #captions.",
        ]


async def test_a_voice_channels_own_chat_is_one_place_and_named_once(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        guild, bot, lounge = here.where.guild, here.where.account, here.where.lounge
        guild.deny(lounge, bot, Permissions.CONNECT | Permissions.SEND_MESSAGES)
        said = await here.start(here.host, text=lounge)
        assert said == "I need the Connect, Send Messages permissions in #Lounge."


async def test_who_may_mute_members_needs_not_request_to_speak(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        guild, bot = here.where.guild, here.where.account
        stage = guild.add_stage_channel("Stage")
        guild.deny(stage, bot, Permissions.REQUEST_TO_SPEAK)
        guild.allow(stage, bot, Permissions.MUTE_MEMBERS)
        guild.deny(here.where.captions, bot, Permissions.SEND_MESSAGES)
        said = await here.start(here.host, channel=stage, voice=True)
        assert said == "I need the Send Messages permission in #captions."


async def test_a_stage_asks_for_request_to_speak_when_the_translation_is_spoken(
    tmp_path: Path,
) -> None:
    async with server_with_host(tmp_path) as here:
        stage = here.where.guild.add_stage_channel("Stage")
        here.where.guild.deny(stage, here.where.account, Permissions.REQUEST_TO_SPEAK)
        said = await here.start(here.host, channel=stage, voice=True)
        assert said == "I need the Request to Speak permission in #Stage."


async def test_only_the_chosen_roles_and_managers_start_rooms(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        guild = here.where.guild
        role = guild.add_role("Interpreters")
        asked = await here.host.command("settings starters", channel=here.where.captions)
        await here.host.select(asked, "parley:settings:starters", [str(role.id)])
        assert await here.start(here.guest) == (
            "In this server, only members with one of these roles can do this: @Interpreters."
        )
        guild.deny(here.where.lounge, here.where.account, Permissions.CONNECT)
        guild.give(here.guest, role)
        assert await here.start(here.guest) == (
            f"Join <#{here.where.lounge.id}> first. From outside the channel, only members with "
            "Manage Server can start translation there."
        )
        await here.guest.join(here.where.lounge)
        for person in (here.host, here.guest):
            assert await here.start(person) == "I need the Connect permission in #Lounge."


async def test_a_channel_where_i_can_not_work_never_starts_by_itself(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        here.where.guild.deny(here.where.lounge, here.where.account, Permissions.CONNECT)
        answer = await here.host.command(
            "settings auto-start", {"channel": here.where.lounge}, channel=here.where.captions
        )
        assert answer.content.startswith("I need the Connect permission in #Lounge.")
        shown = await here.host.command("settings show", channel=here.where.captions)
        assert "**Starts automatically:** nowhere" in shown.content


async def test_the_check_walks_all_that_a_room_needs(tmp_path: Path) -> None:
    async with server_with_host(tmp_path) as here:
        guild, bot = here.where.guild, here.where.account
        lounge, captions = f"<#{here.where.lounge.id}>", f"<#{here.where.captions.id}>"
        assert await here.check() == [
            "**Translation can start here.**",
            f"✅ I have in {lounge}: View Channel, Connect, Set Voice Channel Status",
            (
                f"✅ I have in {captions}: View Channel, Send Messages, Manage Webhooks, "
                "Read Message History"
            ),
            f"✅ You have in {lounge}: View Channel, Connect",
            f"✅ You have in {captions}: View Channel, Send Messages",
            "✅ 0.0 minutes translated today (no limit)",
        ]
        guild.deny(here.where.lounge, bot, Permissions.CONNECT)
        guild.deny(
            here.where.captions,
            bot,
            Permissions.MANAGE_WEBHOOKS | Permissions.CREATE_PUBLIC_THREADS,
        )
        await here.host.command(
            "settings captions",
            {"layout": "a thread for each language"},
            channel=here.where.captions,
        )
        assert (await here.check())[:6] == [
            "**Translation can't start here yet.**",
            f"❌ I need in {lounge}: Connect",
            (
                f"⚠️ I don't have Set Voice Channel Status in {lounge}: "
                "the channel doesn't show that it is being translated."
            ),
            (
                f"⚠️ I don't have Manage Webhooks in {captions}: "
                "captions are posted under my name, with the speaker's in bold."
            ),
            f"⚠️ I don't have Create Public Threads in {captions}: all languages together.",
            f"✅ I have in {lounge}: View Channel",
        ]


async def test_the_check_needs_a_voice_channel_and_finds_the_one_its_person_is_in(
    tmp_path: Path,
) -> None:
    async with server_with_host(tmp_path) as here:
        answer = await here.host.command("settings check", channel=here.where.captions)
        assert answer.content.startswith("Join a voice channel first")
        await here.host.join(here.where.lounge)
        answer = await here.host.command("settings check", channel=here.where.captions)
        assert answer.content.startswith("**Translation can start here.**")


@pytest.mark.parametrize(("limit", "full"), [(1, True), (2, False)])
async def test_the_check_says_when_the_voice_channel_is_full(
    tmp_path: Path, limit: int, *, full: bool
) -> None:
    async with place() as where:
        booth = where.guild.add_voice_channel("Booth", user_limit=limit)
        host = where.guild.add_person("Host", admin=True)
        await host.join(booth)
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            answer = await host.command("settings check", channel=where.captions)
            assert (f"❌ <#{booth.id}> is full, and I can't get in." in answer.content) == full
            assert answer.content.startswith("**Translation can't start here yet.**") == full
