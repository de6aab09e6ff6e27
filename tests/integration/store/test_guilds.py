"""Servers that remove the bot, on both databases."""

from datetime import date

from sqlalchemy import func, select

from bot.domain.spent import Spent, SpentKey
from bot.domain.stored import GuildSettings, MemberLanguages, SavedRoom, Term, TranscriptLine
from bot.domain.stores import GuildStore
from bot.domain.voices import MemberVoice
from bot.store.consent import ConsentTable
from bot.store.database import Database
from bot.store.glossary import GlossaryTable
from bot.store.guilds import GuildTable
from bot.store.host import HostTable
from bot.store.rooms import RoomTable
from bot.store.settings import SettingsTable
from bot.store.tables import GUILD_TABLES
from bot.store.transcripts import TranscriptTable
from bot.store.usage import UsageTable
from bot.store.voices import VoiceTable
from bot.store.wishes import WishTable

GONE, STAYS = 2**62 + 1, 7
LEFT_AT = 1_795_000_000.0


async def fill(database: Database, guild: int) -> None:
    """A row in every table but that of departures."""
    await GuildTable(database).greet(guild, LEFT_AT - 1000)
    await ConsentTable(database).agree(guild, 1)
    await ConsentTable(database).decline(guild, 2)
    await SettingsTable(database).put_settings(guild, GuildSettings(originals=False))
    await WishTable(database).put_wishes(guild, 1, MemberLanguages(reads="ja"))
    await VoiceTable(database).put_voice(guild, 1, MemberVoice(silent=True))
    await GlossaryTable(database).put_terms(guild, [Term("ja", "a", "b")], most=1)
    line = TranscriptLine("noon", 1, LEFT_AT, LEFT_AT, 1, "Ana", "ja", "x", "es", "y")
    await TranscriptTable(database).append(guild, [line])
    await RoomTable(database).save_room(SavedRoom(guild, 1, 2, ("ja",), None, 1, "noon"))
    key = SpentKey(date(2026, 11, 22), guild, 1, "speech")
    await UsageTable(database).add({key: Spent(connects=1)})
    await HostTable(database).put_names({guild: "A server"})


async def tables_with(database: Database, guild: int) -> set[str]:
    found = set()
    async with database.reading() as connection:
        for table in GUILD_TABLES:
            query = select(func.count()).where(table.c.guild_id == guild)
            if (await connection.execute(query)).scalar_one():
                found.add(table.name)
    return found


EVERYTHING = {table.name for table in GUILD_TABLES} - {"departures"}


async def test_everything_of_a_guild_goes_once_it_left_before_the_time(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        guilds: GuildStore = GuildTable(database)
        await fill(database, GONE)
        await fill(database, STAYS)
        assert await tables_with(database, GONE) == EVERYTHING
        await guilds.guild_left(GONE, LEFT_AT)
        assert await guilds.purge(LEFT_AT) == 0  # left at that time, not before
        assert await tables_with(database, GONE) == EVERYTHING | {"departures"}
        assert await guilds.purge(LEFT_AT + 1) == 1
        assert await tables_with(database, GONE) == set()
        assert await tables_with(database, STAYS) == EVERYTHING
        assert await guilds.purge(LEFT_AT + 1) == 0


async def test_a_guild_that_comes_back_in_time_loses_nothing(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        guilds = GuildTable(database)
        await fill(database, GONE)
        await guilds.guild_left(GONE, LEFT_AT)
        await guilds.guild_back(GONE)
        await guilds.guild_back(GONE)
        assert await guilds.purge(LEFT_AT * 2) == 0
        assert await tables_with(database, GONE) == EVERYTHING


async def test_a_guild_is_greeted_once_for_each_time_that_the_bot_joins_it(
    database_url: str,
) -> None:
    async with await Database.open(database_url) as database:
        guilds = GuildTable(database)
        assert await guilds.greet(GONE, LEFT_AT)
        assert await guilds.greet(STAYS, LEFT_AT)
        assert not await guilds.greet(GONE, LEFT_AT)
    async with await Database.open(database_url) as database:  # the next process
        guilds = GuildTable(database)
        assert not await guilds.greet(GONE, LEFT_AT)
        assert await guilds.greet(GONE, LEFT_AT + 0.001)
        assert not await guilds.greet(GONE, LEFT_AT + 0.001)
        assert not await guilds.greet(STAYS, LEFT_AT)


async def test_the_first_time_a_guild_left_counts_until_it_is_back(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        guilds = GuildTable(database)
        await fill(database, GONE)
        await guilds.guild_left(GONE, LEFT_AT)
        await guilds.guild_left(GONE, LEFT_AT + 1000)
        assert await guilds.purge(LEFT_AT + 1) == 1
        await fill(database, GONE)
        await guilds.guild_left(GONE, LEFT_AT)
        await guilds.guild_back(GONE)
        await guilds.guild_left(GONE, LEFT_AT + 1000)
        assert await guilds.purge(LEFT_AT + 1) == 0


async def test_guilds_are_known_by_anything_that_is_kept(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        guilds = GuildTable(database)
        assert await guilds.guilds() == frozenset()
        await ConsentTable(database).agree(1, 1)
        await RoomTable(database).save_room(SavedRoom(2, 1, 2, ("ja",), None, 1, "noon"))
        await guilds.guild_left(3, LEFT_AT)
        assert await guilds.guilds() == {1, 2, 3}
