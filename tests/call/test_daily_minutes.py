"""A server with a daily limit, in a whole call: what its members read, and what is kept."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.call import bot_at, enter, notice_of, place, stop
from tests.support.clips import clip

LIMIT = "0.04"  # minutes: a sentence uses more than that


async def test_members_read_that_the_minutes_are_used_up_also_after_a_restart(
    tmp_path: Path, engine_url: str
) -> None:
    used_up = "This server has used its 0.04 translation minutes for today. Translation resumes "
    async with place() as where:
        host = where.guild.add_person("Host", admin=True)
        ana, ben = (where.guild.add_person(name) for name in ("Ana", "Ben"))
        begin = {"to": "English", "channel": where.lounge}

        def notices() -> list[str]:
            return [m.content for m in where.captions.messages if used_up in m.content]

        async with bot_at(where, tmp_path, engine_url, DAILY_MINUTES=LIMIT):
            for person in (host, ana, ben):
                await enter(person, where)
            await host.command("translate start", begin, channel=where.captions)
            for person in (ana, ben):
                await person.press(await notice_of(where), "Join in")
            await ana.speak(clip("es_conf-invalid")[0])
            await where.captioned("Ana")  # the sentence that used them up is whole
            await where.until(lambda: bool(notices()), 10, "the notice")
            await ben.speak(clip("fr_followme_status")[0])
            shown = await host.command("translate status", {}, channel=where.captions)
            assert "of 0.04 minutes translated; cost nothing (an estimate)" in shown.content
            own = await ana.command("translate usage", {}, channel=where.captions)
            assert own.ephemeral
            assert "(0.1 yours)" in own.content
            await stop(host, where)
            refused = await host.command("translate start", begin, channel=where.captions)
            assert refused.content.startswith(used_up)
        assert [s.message.author_name for s in where.said()] == ["Ana"]
        assert len(notices()) == 1
        assert notices()[0].endswith("at midnight UTC.")
        async with bot_at(where, tmp_path, engine_url, DAILY_MINUTES=LIMIT):
            refused = await host.command("translate start", begin, channel=where.captions)
            assert refused.content.startswith(used_up)
        assert where.discord.complaints == []
    with closing(sqlite3.connect(tmp_path / "parley.db")) as file:
        rows = file.execute("select guild_id, user_id, connects, tokens_in > 0 from usage")
        assert rows.fetchall() == [(where.guild.id, ana.id, 1, 1)]
