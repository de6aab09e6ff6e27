"""Servers that removed the bot, and the end of what is kept of them."""

from sqlalchemy import delete, select, union

from bot.store.database import Database
from bot.store.tables import departures, metadata
from bot.store.upsert import insert


class GuildTable:
    """Implements GuildStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def guilds(self) -> frozenset[int]:
        """Ids of all guilds of which anything is kept."""
        query = union(*(select(table.c.guild_id) for table in metadata.sorted_tables))
        async with self._database.reading() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def departed(self) -> frozenset[int]:
        """Those of them that removed the bot."""
        async with self._database.reading() as connection:
            return frozenset((await connection.execute(select(departures.c.guild_id))).scalars())

    async def guild_left(self, guild_id: int, at: float) -> None:
        """The bot was removed (seconds since 1970); the first time counts."""
        row = insert(self._database.dialect, departures).on_conflict_do_nothing()
        async with self._database.transaction() as connection:
            await connection.execute(row, {"guild_id": guild_id, "at": at})

    async def guild_back(self, guild_id: int) -> None:
        """It was invited again in time."""
        async with self._database.transaction() as connection:
            await connection.execute(delete(departures).where(departures.c.guild_id == guild_id))

    async def purge(self, before: float) -> int:
        """Remove everything of guilds that were left before; returns how many guilds."""
        # Locked until the end: one that is invited again now waits, and then has nothing left.
        query = select(departures.c.guild_id).where(departures.c.at < before).with_for_update()
        async with self._database.transaction() as connection:
            gone = (await connection.execute(query)).scalars().all()
            for guild_id in gone:
                for table in metadata.sorted_tables:
                    await connection.execute(delete(table).where(table.c.guild_id == guild_id))
        return len(gone)
