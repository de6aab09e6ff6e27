"""A process that writes all the time, for tests that kill it at any moment."""

import asyncio
import os
from datetime import date

from bot.domain.spent import Spent, SpentKey
from bot.domain.stored import GuildSettings, SavedRoom, Term, TranscriptLine
from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.glossary import GlossaryTable
from bot.store.rooms import RoomTable
from bot.store.settings import SettingsTable
from bot.store.transcripts import TranscriptTable
from bot.store.usage import UsageTable

GUILD = 5
DAY = date(2026, 11, 22)
USERS = 4  # share each batch of usage
LANGUAGES = ("en", "fr", "ja")  # of each utterance


def lines(number: int) -> list[TranscriptLine]:
    """What is written of one utterance, in one go."""
    return [
        TranscriptLine("s", number, number, number + 1, 1, "Ana", code, f"{number}" * 50, "es", "x")
        for code in LANGUAGES
    ]


def terms(number: int) -> list[Term]:
    """An import that replaces all translations."""
    return [Term("ja", f"word {n}", f"{number}") for n in range(30)]


def room(number: int) -> SavedRoom:
    """A room that moves on."""
    return SavedRoom(GUILD, number, number, ("en",), None, 1, f"{number}")


def settings(number: int) -> GuildSettings:
    """Two values that belong together."""
    return GuildSettings(transcript_days=number, caption_minutes=number)


def usage() -> dict[SpentKey, Spent]:
    """One of everything for each user."""
    return {SpentKey(DAY, GUILD, user, "speech"): Spent(1, 1, 1, 1, 1, 1) for user in range(USERS)}


def write(url: str, first: str) -> None:
    """Write round after round from this number on; each is said once all of it is written."""
    asyncio.run(_write(url, int(first)))


async def _write(url: str, number: int) -> None:
    async with await Database.open(url) as database:
        while True:
            # Beside each other, as in a running bot.
            await asyncio.gather(
                TranscriptTable(database).append(GUILD, lines(number)),
                GlossaryTable(database).put_terms(GUILD, terms(number), most=100),
                RoomTable(database).save_room(room(number)),
                SettingsTable(database).put_settings(GUILD, settings(number)),
                UsageTable(database).add(usage()),
                ConsentTable(database).agree(GUILD, number),
            )
            os.write(1, f"{number}\n".encode())
            number += 1
