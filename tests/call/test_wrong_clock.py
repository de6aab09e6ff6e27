"""A bot on a machine whose clock is wrong, on a Discord that knows the time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.domain.spent import Spent, SpentKey
from bot.domain.stored import GuildSettings, TranscriptLine
from bot.store.database import Database
from bot.store.guilds import GuildTable
from bot.store.settings import SettingsTable
from bot.store.transcripts import TranscriptTable
from bot.store.usage import UsageTable
from bot.wall_clock import WallClock
from tests.support.call import bot_at, place

UNUSED_ENGINE = "ws://127.0.0.1:9/api-ws/v1/realtime"
ANA = 11
LEFT, LONG_AGO = 71, 72  # servers that removed the bot


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("days", [365, 31])
async def test_a_clock_that_is_ahead_at_the_start_wipes_nothing_and_what_is_due_goes(
    days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    now = datetime.now(UTC)

    def ago(**time: int) -> float:
        return (now - timedelta(**time)).timestamp()

    def line(number: int, at: float) -> TranscriptLine:
        return TranscriptLine("1.x", number, at, at + 1, ANA, "Ana", "en", str(number), None, "")

    ahead = partial(WallClock, machine=lambda: datetime.now(UTC) + timedelta(days=days))
    monkeypatch.setattr("bot.app.WallClock", ahead)
    async with place() as where, await Database.open(database_url) as database:
        here = where.guild.id
        guilds, lines = GuildTable(database), TranscriptTable(database)
        await SettingsTable(database).put_settings(here, GuildSettings(transcript_days=7))
        await lines.append(here, [line(1, ago(days=8)), line(2, ago(days=6))])
        await guilds.guild_left(LEFT, ago(days=29))
        await guilds.guild_left(LONG_AGO, ago(days=31))
        spent = {
            SpentKey((now - timedelta(days=age)).date(), here, ANA, "m"): Spent(16_000)
            for age in (402, 398)
        }
        await UsageTable(database).add(spent)

        async def spent_ago() -> set[int]:
            rows = await UsageTable(database).since(here, (now - timedelta(days=500)).date())
            return {(now.date() - key.day).days for key in rows}

        async def said() -> list[int]:
            pages = lines.pages(here, "1.x", 0.0)
            return [kept.utterance async for page in pages for kept in page]

        async def rounds_made() -> bool:
            kept = (await said(), await guilds.departed(), await spent_ago())
            return all(len(what) < 2 for what in kept)

        async with bot_at(where, tmp_path, UNUSED_ENGINE, DATABASE_URL=database_url):
            await until(rounds_made)
        assert await said() == [2]
        assert await guilds.departed() == {LEFT}
        assert await spent_ago() == {398}
