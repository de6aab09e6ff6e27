"""A call that is taken down: told before, handed out afterwards, forgotten on request."""

import csv
import io
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.stored import GuildSettings
from bot.loopback import Person, ReceivedAnswer
from bot.store.database import Database
from bot.store.settings import SettingsTable
from tests.support.call import Place, bot_at, enter, notice_of, place
from tests.support.clips import clip
from tests.support.subtitles import read_srt, read_vtt


async def test_what_was_said_is_handed_out_under_the_right_name_and_time_and_forgotten(
    tmp_path: Path, engine_url: str
) -> None:
    async with place() as where:
        url = where.env(tmp_path, engine_url)["DATABASE_URL"]
        async with await Database.open(url) as database:
            wanted = GuildSettings(transcript_days=2)
            await SettingsTable(database).put_settings(where.guild.id, wanted)
        host = where.guild.add_person("Host", admin=True)
        ana, ben = (where.guild.add_person(name) for name in ("Ana", "Ben"))
        async with bot_at(where, tmp_path, engine_url):
            for person in (host, ana, ben):
                await enter(person, where)
            begin = {"to": "English", "channel": where.lounge}
            await host.command("translate start", begin, channel=where.captions)
            told = "\n".join(message.content for message in where.captions.messages)
            assert "**A transcript is kept** for 2 days." in told
            await ana.press(await notice_of(where), "Join in")
            began = datetime.now(UTC).timestamp()
            await ana.speak(clip("es_conf-invalid")[0])
            await ben.speak(clip("fr_followme_status")[0])  # did not join in
            await where.captioned("Ana")
            caption = where.said()[0].words
            rows = json.loads(await file(ana, where, "json"))["utterances"]
            ended = datetime.now(UTC).timestamp()
            assert [(row["name"], row["user_id"]) for row in rows] == [("Ana", str(ana.id))]
            assert rows[0]["texts"] == {"en": caption.text}
            assert rows[0]["source_language"] == "es"
            assert began - 0.5 <= rows[0]["at"] < rows[0]["until"] <= ended
            assert rows[0]["at"] < began + 3.0
            ((name, language, words),) = read_vtt(await file(ana, where, "vtt", "en"))[0].lines
            assert (name, language, words) == ("Ana", "en", caption.text)
            assert read_srt(await file(ana, where, "srt"))[0].start_ms == 0
            table = csv.DictReader(io.StringIO(await file(ben, where, "csv")))
            assert [row["en"] for row in table] == [caption.text]
            assert caption.text in await file(ben, where, "txt")
            forgotten = await ana.command("privacy forget-me", {}, channel=where.captions)
            assert forgotten.ephemeral
            assert "no such transcript" in (await ask(ana, where, "txt")).content
        assert where.discord.complaints == []
    with closing(sqlite3.connect(tmp_path / "parley.db")) as kept:
        assert kept.execute("select count(*) from transcripts").fetchone() == (0,)


async def ask(
    person: Person, where: Place, form: str, language: str | None = None
) -> ReceivedAnswer:
    options = {"format": form} | ({} if language is None else {"language": language})
    return await person.command("translate transcript", options, channel=where.captions)


async def file(person: Person, where: Place, form: str, language: str | None = None) -> str:
    answer = await ask(person, where, form, language)
    assert answer.ephemeral, answer.content
    assert answer.message.attachments, answer.content
    return answer.message.attachments[0].content.decode("utf-8-sig")
