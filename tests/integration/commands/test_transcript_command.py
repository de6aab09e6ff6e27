"""/translate transcript as people type it: the file, and who gets it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain.stored import GuildSettings, TranscriptLine
from bot.errors import LoopbackError
from bot.loopback import Channel, Permissions, Person, ReceivedAnswer
from bot.store.database import Database
from bot.store.settings import SettingsTable
from bot.store.transcripts import TranscriptTable
from tests.support.call import Place, ask, bot_at, place
from tests.support.subtitles import read_srt, read_vtt

NOWHERE = "ws://127.0.0.1:9/api-ws/v1/realtime"  # nothing is translated here
DAY_S = 86_400.0


def line(session: str, number: int, at: float, language: str, text: str) -> TranscriptLine:
    return TranscriptLine(session, number, at, at + 2, 1, "Ana", language, text, "es", "Hola.")


async def keep(folder: Path, guild_id: int, days: int, *lines: TranscriptLine) -> None:
    database = await Database.open(f"sqlite+aiosqlite:///{folder / 'parley.db'}")
    async with database:
        settings = GuildSettings(transcript_days=days)
        await SettingsTable(database).put_settings(guild_id, settings)
        await TranscriptTable(database).append(guild_id, lines)


@dataclass
class Scene:
    where: Place
    secret: Channel
    host: Person
    ana: Person
    now: float

    async def ask(self, who: Person | None = None, **options: str) -> ReceivedAnswer:
        person = self.ana if who is None else who
        given = {"format": "txt"} | options
        return await ask(person, self.where, "translate transcript", **given)

    async def file(self, who: Person | None = None, **options: str) -> str:
        answer = await self.ask(who, **options)
        (attachment,) = answer.message.attachments
        assert attachment.filename.startswith("transcript-20")
        assert attachment.filename.endswith("." + options.get("format", "txt"))
        return attachment.content.decode("utf-8-sig")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with place() as where:
        secret = where.guild.add_text_channel("secret")
        where.guild.deny(secret, where.guild.everyone, Permissions.READ_MESSAGE_HISTORY)
        now = datetime.now(UTC).timestamp()
        old, new = f"{where.captions.id}.one", f"{secret.id}.two"
        await keep(
            tmp_path,
            where.guild.id,
            2,
            line(f"{where.captions.id}.zero", 1, now - 3 * DAY_S, "en", "Too old."),
            line(old, 1, now - 600, "en", "Hello."),
            line(old, 1, now - 600, "fr", "Bonjour."),
            line(old, 2, now - 590, "en", "Bye."),
            line(new, 1, now - 60, "en", "Secret."),
        )
        async with bot_at(where, tmp_path, NOWHERE):
            host = where.guild.add_person("Host", admin=True)
            yield Scene(where, secret, host, where.guild.add_person("Ana"), now)
        assert where.discord.complaints == []


async def test_whoever_sees_the_channel_gets_its_newest_transcript_in_any_format(
    scene: Scene,
) -> None:
    text = await scene.file()
    assert "Ana\n    es: Hola.\n    en: Hello.\n    fr: Bonjour.\n" in text
    assert "Too old." not in text
    english = await scene.file(format="vtt", language="English")
    assert [cue.lines for cue in read_vtt(english)] == [
        (("Ana", "en", "Hello."),),
        (("Ana", "en", "Bye."),),
    ]
    assert [cue.start_ms for cue in read_srt(await scene.file(format="srt"))] == [0, 10_000]
    rows = json.loads(await scene.file(format="json", language="all"))["utterances"]
    assert rows[0]["texts"] == {"en": "Hello.", "fr": "Bonjour."}
    assert (await scene.file(format="csv")).splitlines()[0].endswith(",en,fr")


async def test_who_does_not_see_the_channel_gets_nothing_of_it(scene: Scene) -> None:
    assert "Secret." in await scene.file(scene.host)
    refused = await scene.ask(session=f"{scene.secret.id}.two")
    assert refused.content.startswith("You need the Read Message History permission in #secret.")
    assert refused.message.attachments == []
    for person, sessions in ((scene.ana, 1), (scene.host, 2)):
        choices = await person.autocomplete(
            "translate transcript", {}, focused="session", channel=scene.where.captions
        )
        assert len(choices) == sessions
        assert choices[-1].name.endswith("UTC, #captions, 1 min")
        assert choices[-1].value == f"{scene.where.captions.id}.one"


async def test_a_transcript_of_a_channel_that_is_gone_is_the_administrators(scene: Scene) -> None:
    scene.where.guild.delete_channel(scene.where.captions)
    session = f"{scene.where.captions.id}.one"
    given = {"format": "txt", "session": session}
    refused = await scene.ana.command("translate transcript", given, channel=scene.secret)
    assert "only administrators can get it" in refused.content
    allowed = await scene.host.command("translate transcript", given, channel=scene.secret)
    assert len(allowed.message.attachments) == 1


async def test_what_there_is_not_is_said(scene: Scene) -> None:
    assert (
        "isn't available in “de”, only in English, French."
        in (await scene.ask(language="de")).content
    )
    for session in ("nonsense", f"{scene.where.captions.id}.zero"):
        assert "There is no such transcript." in (await scene.ask(session=session)).content
    with pytest.raises(LoopbackError, match="no choice"):
        await scene.ask(format="pdf")


async def test_its_languages_are_completed(scene: Scene) -> None:
    choices = await scene.ana.autocomplete(
        "translate transcript", {}, focused="language", channel=scene.where.captions
    )
    shown = [(choice.name, choice.value) for choice in choices]
    assert shown == [("All side by side", "all"), ("English", "en"), ("French", "fr")]
    session = {"session": f"{scene.secret.id}.two"}
    hidden = await scene.ana.autocomplete(
        "translate transcript", session, focused="language", channel=scene.where.captions
    )
    assert hidden == []


async def test_a_server_that_turns_them_off_keeps_none(scene: Scene) -> None:
    await scene.host.command("settings transcripts", {"days": 0}, channel=scene.where.captions)
    assert "There is no such transcript." in (await scene.ask()).content
