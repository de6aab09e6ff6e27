"""Consent in a whole call: what members read, press and ask for, and what is kept of them."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.domain.stored import ConsentMode, GuildSettings
from bot.loopback import Message
from bot.store.database import Database
from bot.store.settings import SettingsTable
from tests.integration.translation.translation_service import Service, translate
from tests.support.call import Place, bot_at, enter, place
from tests.support.clips import clip

SPEECH = "es_conf-invalid"


async def announced_mode(where: Place, folder: Path) -> None:
    """As a moderator would have set it."""
    async with await Database.open(f"sqlite+aiosqlite:///{folder / 'parley.db'}") as database:
        settings = GuildSettings(consent=ConsentMode.ANNOUNCED)
        await SettingsTable(database).put_settings(where.guild.id, settings)


def words_to(where: Place, text: str) -> list[Message]:
    return [m for m in where.captions.messages if text in m.content and not m.deleted]


def kept(folder: Path) -> str:
    """Every row of every table."""
    with closing(sqlite3.connect(folder / "parley.db")) as file:
        names = file.execute("select name from sqlite_master where type = 'table'").fetchall()
        rows: list[Any] = [file.execute(f'select * from "{n}"').fetchall() for (n,) in names]  # noqa: S608 - the database's own names
    return str(rows)


async def test_with_opt_in_who_enters_later_reads_a_word_and_decides_by_command(
    tmp_path: Path,
) -> None:
    async with place() as where, Service(translate) as service:
        host = where.guild.add_person("Host", admin=True)
        ana = where.guild.add_person("Ana")
        async with bot_at(where, tmp_path, service.url):
            await enter(host, where)
            await host.command(
                "translate start", {"to": "en", "channel": where.lounge}, channel=where.captions
            )
            await enter(ana, where)
            await where.until(
                lambda: bool(words_to(where, "You are not heard unless")), 10, "the word to Ana"
            )
            (word,) = words_to(where, "You are not heard unless")
            assert f"<@{ana.id}>" in word.content
            assert word.mentions == [], "opting in is no matter to be pinged for"
            await ana.speak(clip(SPEECH)[0])
            assert str(ana.id) not in kept(tmp_path)
            before = await ana.command("privacy status", {}, channel=where.captions)
            assert "You haven't joined in" in before.content
            assert "Nothing is kept about you" in before.content
            joined = await ana.command("privacy join", {}, channel=where.captions)
            assert "You've joined in:" in joined.content
            assert joined.ephemeral
            after = await ana.command("privacy status", {}, channel=where.captions)
            assert "Kept: that you joined in" in after.content
            await ana.speak(clip(SPEECH)[0])
            await where.captioned("Ana")
            left = await ana.command("privacy leave", {}, channel=where.captions)
            assert "nothing you say is heard or kept" in left.content
            heard = [bytes(session.audio) for session in service.sessions]
            await ana.speak(clip(SPEECH)[0])
            assert [bytes(session.audio) for session in service.sessions] == heard
            again = await ana.command("privacy forget-me", {}, channel=where.captions)
            assert "minutes counted for you" in again.content
            assert "Its moderators can delete them" in again.content
            assert str(ana.id) not in kept(tmp_path)
            await host.command("translate stop", {}, channel=where.captions)
        assert where.discord.complaints == []


async def test_where_everybody_is_announced_each_is_named_in_time_and_a_no_is_remembered(
    tmp_path: Path,
) -> None:
    async with place() as where, Service(translate) as service:
        await announced_mode(where, tmp_path)
        host = where.guild.add_person("Host", admin=True)
        ana, ben = (where.guild.add_person(name) for name in ("Ana", "Ben"))
        async with bot_at(where, tmp_path, service.url) as app:
            for person in (host, ana, ben):
                await enter(person, where)
            await host.command(
                "translate start", {"to": "en", "channel": where.lounge}, channel=where.captions
            )
            assert words_to(where, "heard 10 seconds later, unless they stay out")
            await where.until(
                lambda: bool(words_to(where, "heard in 10 seconds")), 10, "the announcement"
            )
            (told,) = words_to(where, "heard in 10 seconds")
            assert {user.id for user in told.mentions} == {ana.id, ben.id}
            consent = await app.rooms.consent(where.guild.id)
            assert consent.agreed == {host.id}, "not before they could say no"
            out = await ana.press(told, "Stay out")
            assert "only your no is remembered" in out.content
            async with asyncio.timeout(20):
                while ben.id not in consent.agreed:  # noqa: ASYNC110 - consent has no event
                    await asyncio.sleep(0.2)
            await asyncio.gather(ana.speak(clip(SPEECH)[0]), ben.speak(clip(SPEECH)[0]))
            await where.captioned("Ben")
            status = await ana.command("privacy status", {}, channel=where.captions)
            assert "Kept: that you stay out" in status.content
            forgotten = await ben.command("privacy forget-me", {}, channel=where.captions)
            assert "I won't hear you until I restart" in forgotten.content
            assert consent.agreed == {host.id}
            assert str(ben.id) not in kept(tmp_path)
            assert str(ana.id) in kept(tmp_path)
            await host.command("translate stop", {}, channel=where.captions)
        assert where.discord.complaints == []
