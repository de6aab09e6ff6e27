"""What a server reads after it invites the bot, the check beneath it, and /help."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import App
from bot.loopback import (
    INVITED,
    Channel,
    Guild,
    LoopbackDiscord,
    Message,
    Permissions,
    Person,
)
from bot.words import commands, render, t
from tests.call.test_run import UNUSED_ENGINE
from tests.support.call import Place, ask, bot_at, place

LOCALES = ["en-US", "de", "ja"]
AUDITED = INVITED | Permissions.VIEW_AUDIT_LOG


@dataclass(frozen=True)
class Server:
    """A server that has not invited the bot yet, and who will."""

    guild: Guild
    lounge: Channel
    chat: Channel
    inviter: Person


def server(discord: LoopbackDiscord, locale: str = "en-US") -> Server:
    guild = discord.add_guild("New", locale=locale)
    chat, lounge = guild.add_text_channel("general"), guild.add_voice_channel("Lounge")
    guild.use_for_system_messages(chat)
    return Server(guild, lounge, chat, guild.add_person("Host", locale=locale, admin=True))


@asynccontextmanager
async def bot_alone(
    folder: Path, locale: str = "en-US"
) -> AsyncIterator[tuple[Place, Server, App]]:
    """A bot that runs, and a new server that has not invited it."""
    async with place() as where, bot_at(where, folder, UNUSED_ENGINE) as app:
        yield where, server(where.discord, locale), app


async def greeting(where: Place, channel: Channel, count: int = 1) -> Message:
    await where.until(lambda: len(channel.messages) == count, 10, "the greeting")
    return channel.messages[-1]


async def settled(where: Place) -> None:
    """What the bot does after an event has had its time."""
    host = where.guild.add_person("Other host", admin=True)
    for _ in range(3):
        await ask(host, where, "settings show")
        await asyncio.sleep(0.1)


async def logged(said: str, caplog: pytest.LogCaptureFixture) -> None:
    async with asyncio.timeout(10):
        while said not in caplog.text:  # noqa: ASYNC110 - a log tells nobody
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("locale", LOCALES)
async def test_a_server_that_invites_the_bot_reads_three_steps_and_can_check(
    locale: str, tmp_path: Path
) -> None:
    async with bot_alone(tmp_path, locale) as (where, new, _):
        new.guild.invite(where.account, by=new.inviter)
        message = await greeting(where, new.chat)
        (start,) = [c["id"] for c in where.account.commands.values() if c["name"] == "translate"]
        assert f"</translate start:{start}>" in message.content
        rows = new.inviter.reads(message).splitlines()
        assert rows[0] == render(t("### I translate voice channels live"), locale)
        assert [row[:2] for row in rows[1:4]] == ["1.", "2.", "3."]
        started = f"/{commands.name('translate', locale)} {commands.name('start', locale)}"
        assert started in rows[2]
        assert f"**{render(t('Join in'), locale)}**" in rows[3]
        assert rows[4].startswith("-# ")  # who hears the speech, and what is kept
        assert render(t("a translation engine on the bot's own machine"), locale) in rows[4]
        assert f"/{commands.name('help', locale)}" in rows[5]

        label = render(t("Check"), locale)
        await new.inviter.join(new.lounge)
        checked = await new.inviter.press(message, label)
        assert checked.ephemeral
        fine = render(t("**Translation can start here.**"), locale)
        assert checked.content.splitlines()[0] == fine
        assert f"<#{new.lounge.id}>" in checked.content

        for reader in LOCALES:
            member = new.guild.add_person("Ana", locale=reader)
            refused = await member.press(message, label)
            assert refused.ephemeral
            needed = t(
                "You need the {permission} permission for this.", permission=t("Manage Server")
            )
            assert refused.content.splitlines()[0] == render(needed, reader)
        assert len(new.chat.messages) == 1
        assert where.discord.complaints == []


async def test_the_check_says_what_is_missing_and_names_the_channel_it_looked_at(
    tmp_path: Path,
) -> None:
    async with bot_alone(tmp_path) as (where, new, _):
        new.guild.invite(where.account)
        message = await greeting(where, new.chat)
        new.guild.deny(new.lounge, where.account, Permissions.CONNECT)
        checked = await new.inviter.press(message, "Check")
        first, *_, last = checked.shown.splitlines()
        assert first == "**Translation can't start here yet.**"
        assert f"❌ I need in <#{new.lounge.id}>: Connect" in checked.content
        assert last == (
            f"-# You're not in a voice channel, so this is about <#{new.lounge.id}>. "
            "Use /settings check to check another one."
        )
        new.guild.delete_channel(new.lounge)
        checked = await new.inviter.press(message, "Check")
        assert checked.content.startswith("You see no voice channel in this server: create one")
        assert where.discord.complaints == []


async def test_the_check_answers_after_a_restart(tmp_path: Path) -> None:
    async with place() as where:
        new = server(where.discord)
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            new.guild.invite(where.account)
            message = await greeting(where, new.chat)
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            checked = await new.inviter.press(message, "Check")
            assert checked.content.startswith("**Translation can start here.**")
            await settled(where)
            assert len(new.chat.messages) == 1  # a restart greets nobody
            assert where.captions.messages == []
        assert where.discord.complaints == []


@pytest.mark.parametrize("locale", ["de", "ja"])
@pytest.mark.parametrize("channel", ["closed", "none"])
async def test_without_a_channel_for_system_messages_who_invited_reads_it(
    locale: str, channel: str, tmp_path: Path
) -> None:
    async with bot_alone(tmp_path, locale) as (where, new, _):
        if channel == "closed":
            new.guild.deny(new.chat, new.guild.everyone, Permissions.SEND_MESSAGES)
        else:
            new.guild.use_for_system_messages(None)
        new.guild.invite(where.account, AUDITED, by=new.inviter)
        direct = new.inviter.direct(where.account)
        message = await greeting(where, direct)
        assert new.chat.messages == []
        assert message.content.startswith(render(t("### I translate voice channels live"), locale))
        checked = await new.inviter.press(message, render(t("Check"), locale))
        assert checked.content.startswith(render(t("**Translation can start here.**"), locale))
        assert f"<#{new.lounge.id}>" in checked.content
        new.guild.state.members[new.inviter.id].role_ids.clear()
        refused = await new.inviter.press(message, render(t("Check"), locale))
        needed = t("You need the {permission} permission for this.", permission=t("Manage Server"))
        assert refused.content.startswith(render(needed, locale))
        where.discord.complaints.clear()
        new.guild.remove(new.inviter)
        gone = await new.inviter.press(message, render(t("Check"), locale))
        assert gone.content.startswith(render(t("You are no longer in that server."), locale))
        new.guild.remove(where.account)
        await settled(where)
        gone = await new.inviter.press(message, render(t("Check"), locale))
        assert gone.content.startswith(render(t("I am no longer in that server."), locale))


async def test_where_nobody_can_be_written_to_nothing_is_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "cogs.welcome")
    async with bot_alone(tmp_path) as (where, new, _):
        new.guild.use_for_system_messages(None)
        new.guild.invite(where.account, by=new.inviter)  # without View Audit Log
        await logged(f"guild={new.guild.id}", caplog)
        assert "a server is not greeted" in caplog.text
        assert where.discord.complaints == []  # nothing was tried that is not allowed

        caplog.clear()
        second = server(where.discord)
        second.guild.use_for_system_messages(None)
        second.inviter.user.takes_messages = False
        second.guild.invite(where.account, AUDITED, by=second.inviter)
        await logged(f"guild={second.guild.id}", caplog)
        assert "a server is not greeted" in caplog.text
        for one in (new, second):
            assert one.chat.messages == []
            assert one.inviter.direct(where.account).messages == []
        answer = await new.inviter.command("help", {}, channel=new.chat)
        assert "1. Join a voice channel." in answer.content


async def test_a_channel_that_refuses_after_all_leaves_it_to_who_invited(tmp_path: Path) -> None:
    async with bot_alone(tmp_path) as (where, new, _):
        where.discord.fail_next("POST", rf"/channels/{new.chat.id}/messages", 403)
        new.guild.invite(where.account, AUDITED, by=new.inviter)
        await greeting(where, new.inviter.direct(where.account))
        assert new.chat.messages == []


async def test_an_outage_and_a_new_session_greet_nobody_and_a_new_invitation_does(
    tmp_path: Path,
) -> None:
    async with bot_alone(tmp_path) as (where, new, app):
        new.guild.invite(where.account)
        await greeting(where, new.chat)
        new.guild.begin_outage(where.account)
        new.guild.end_outage(where.account)
        await settled(where)
        where.discord.close_gateway(where.account, 4000, resumable=False)
        await app.bot.wait_for("shard_ready", timeout=20)
        await settled(where)
        # Discord may say twice that a server is there.
        app.bot.dispatch("guild_join", app.bot.get_guild(new.guild.id))
        await settled(where)
        assert len(new.chat.messages) == 1
        new.guild.remove(where.account)
        new.guild.invite(where.account)
        again = await greeting(where, new.chat, 2)
        assert again.content == new.chat.messages[0].content
        assert where.captions.messages == []  # a server that was there before is not new
        assert where.discord.complaints == []


async def test_a_server_that_came_back_reads_it_in_the_language_and_the_mode_it_chose(
    tmp_path: Path,
) -> None:
    async with bot_alone(tmp_path) as (where, new, _):
        new.guild.invite(where.account)
        await greeting(where, new.chat)
        options = {"language": "de"}
        await new.inviter.command("settings language", options, channel=new.chat)
        mode = {"mode": "everyone who doesn't say no"}
        asked = await new.inviter.command("settings privacy", mode, channel=new.chat)
        await new.inviter.press(asked, "The law allows it here")
        await new.inviter.command("settings transcripts", {"days": 2}, channel=new.chat)
        new.guild.remove(where.account)
        new.guild.invite(where.account)
        await where.until(lambda: len(new.chat.messages) == 2, 10, "the greeting")
        text = new.chat.messages[-1].content
        assert "1. Betritt einen Sprachkanal." in text
        assert "**Draußen bleiben**" in text
        assert "2 Tage" in text
        assert "**Teilnehmen**" not in text


async def test_who_invited_the_bot_before_it_ran_reads_it_once_it_does(tmp_path: Path) -> None:
    async with place() as where:
        new, old = server(where.discord), server(where.discord)
        for one in (new, old):
            one.guild.invite(where.account)
        member = old.guild.state.members[where.account.id]
        member.joined_at -= timedelta(days=1, minutes=1)
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            await greeting(where, new.chat)
        new.guild.remove(where.account)
        new.guild.invite(where.account)
        for _ in range(2):
            async with bot_at(where, tmp_path, UNUSED_ENGINE):
                await greeting(where, new.chat, 2)
                await settled(where)
        assert len(new.chat.messages) == 2
        assert old.chat.messages == []
        assert where.discord.complaints == []


async def test_a_server_is_greeted_while_the_store_fails(tmp_path: Path) -> None:
    async with bot_alone(tmp_path) as (where, new, _):
        with closing(sqlite3.connect(tmp_path / "parley.db")) as file:
            file.execute("drop table greeted")
            file.execute("drop table settings")
            file.commit()
        new.guild.invite(where.account)
        assert "1. Join a voice channel." in (await greeting(where, new.chat)).content


@pytest.mark.parametrize("locale", LOCALES)
async def test_help_says_the_same_in_the_readers_language_in_servers_and_direct_messages(
    locale: str, tmp_path: Path
) -> None:
    async with bot_alone(tmp_path, "en-US") as (where, new, _):
        new.guild.invite(where.account)
        message = await greeting(where, new.chat)
        host = new.guild.add_person("Gast", locale=locale, admin=True)
        asked = await host.command("help", {}, channel=new.chat)
        assert asked.ephemeral
        direct = await host.command("help", {}, channel=host.direct(where.account))
        assert direct.content == asked.content
        assert not direct.components
        if locale == "en-US":
            assert message.content.startswith(asked.content)
        else:
            assert asked.content.startswith(
                render(t("### I translate voice channels live"), locale)
            )
        started = f"/{commands.name('translate', locale)} {commands.name('start', locale)}"
        assert started in asked.shown
        checked = await host.press(asked, render(t("Check"), locale))
        assert checked.ephemeral
        assert checked.content.startswith(render(t("**Translation can start here.**"), locale))
        assert where.discord.complaints == []


async def test_help_serves_a_member_without_any_permission_and_offers_no_check(
    tmp_path: Path,
) -> None:
    async with place() as where, bot_at(where, tmp_path, UNUSED_ENGINE):
        answer = await ask(where.guild.add_person("Ana"), where, "help")
        assert "1. Join a voice channel." in answer.content
        assert not answer.components


async def test_help_is_answered_in_words_where_the_settings_can_not_be_read(
    tmp_path: Path,
) -> None:
    async with place() as where:
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            pass
        with closing(sqlite3.connect(tmp_path / "parley.db")) as file:
            file.execute("insert into settings values (?, ?)", (where.guild.id, '{"targets": 7}'))
            file.commit()
        async with bot_at(where, tmp_path, UNUSED_ENGINE):
            answer = await ask(where.guild.add_person("Ana"), where, "help")
            assert "-# " in answer.content
            assert "1. Join" not in answer.content
