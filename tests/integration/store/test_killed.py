"""kill -9 in the middle of writing, on both databases."""

import asyncio
import random
import time

from sqlalchemy import text

from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.glossary import GlossaryTable
from bot.store.rooms import RoomTable
from bot.store.settings import SettingsTable
from bot.store.transcripts import TranscriptTable
from bot.store.usage import UsageTable
from tests.support import writer
from tests.support.killable_process import KillableProcess, killable

LIVES = 25
LONGEST_S = 0.12  # that a process runs, from its first written round


async def assert_whole(url: str, acknowledged: int) -> int:
    """What is there is whole and not behind what was acknowledged; returns the next number."""
    async with await Database.open(url) as database:
        if database.dialect == "sqlite":
            async with database.reading() as connection:
                check = await connection.execute(text("PRAGMA integrity_check"))
                assert check.scalars().all() == ["ok"]
        users = await ConsentTable(database).consenting(writer.GUILD)
        written = [
            line
            async for page in TranscriptTable(database).pages(writer.GUILD, "s", 0.0)
            for line in page
        ]
        numbers = sorted({line.utterance for line in written})
        assert written == [line for number in numbers for line in writer.lines(number)]
        terms = await GlossaryTable(database).terms(writer.GUILD)
        last_import = int(terms[0].translation)
        assert {term.source: term for term in terms} == {
            term.source: term for term in writer.terms(last_import)
        }
        (room,) = await RoomTable(database).rooms()
        assert room == writer.room(room.voice_channel_id)
        settings = await SettingsTable(database).settings(writer.GUILD)
        assert settings == writer.settings(settings.transcript_days)
        rows = await UsageTable(database).since(writer.GUILD, writer.DAY)
        assert len(rows) == writer.USERS
        assert len(set(rows.values())) == 1  # each batch counted for all or for none
        done = set(range(acknowledged + 1))
        assert done <= set(numbers)
        assert done <= users
        assert next(iter(rows.values())).connects >= acknowledged + 1
        reached = (last_import, room.voice_channel_id, settings.transcript_days, max(users))
        assert all(acknowledged <= number <= acknowledged + 1 for number in reached)
        assert numbers[-1] <= acknowledged + 1
        return acknowledged + 1


def one_run(process: KillableProcess, number: int, lasts_s: float) -> int:
    """Write from a number on, and die; returns the last round that was acknowledged."""
    process.start(str(number))
    acknowledged = int(process.line())
    time.sleep(lasts_s)  # the moment of death: any will do
    for line in process.kill():
        acknowledged = int(line)
    return acknowledged


async def test_no_row_is_lost_or_half_written_however_often_it_is_killed(database_url: str) -> None:
    chance = random.Random(1)
    number = 0
    with killable("tests.support.writer:write", database_url) as process:
        for _ in range(LIVES):
            lasts_s = chance.uniform(0, LONGEST_S)
            acknowledged = await asyncio.to_thread(one_run, process, number, lasts_s)
            number = await assert_whole(database_url, acknowledged)
    assert number >= LIVES
