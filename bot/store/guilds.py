"""Servers that removed the bot, and the end of what is kept of them."""

from typing import Final

from sqlalchemy import delete, select, union
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StoreError
from bot.store import bounded
from bot.store.database import Database
from bot.store.tables import GUILD_TABLES, departures, glossary, greeted, transcripts, usage
from bot.store.upsert import insert, put

_BULKY: Final = (transcripts, usage, glossary)  # of which a guild may have very many rows


class GuildTable:
    """Implements GuildStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def guilds(self) -> frozenset[int]:
        """Return the ids of all guilds of which anything is kept."""
        query = union(*(select(table.c.guild_id) for table in GUILD_TABLES))
        async with self._database.reading() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def departed(self) -> frozenset[int]:
        """Return the ids of the guilds that removed the bot."""
        async with self._database.reading() as connection:
            return frozenset((await connection.execute(select(departures.c.guild_id))).scalars())

    async def guild_left(self, guild_id: int, at: float) -> None:
        """Note when a guild removed the bot (seconds since 1970); the first time counts."""
        row = insert(self._database.dialect, departures).on_conflict_do_nothing()
        async with self._database.transaction() as connection:
            await connection.execute(row, {"guild_id": guild_id, "at": at})

    async def guild_back(self, guild_id: int) -> None:
        """Record that a guild invited the bot again in time."""
        async with self._database.transaction() as connection:
            await connection.execute(delete(departures).where(departures.c.guild_id == guild_id))

    async def greet(self, guild_id: int, joined: float) -> bool:
        """Remember that it was greeted; False where it was since the bot joined it then."""
        known = select(greeted.c.joined).where(greeted.c.guild_id == guild_id)
        row = put(self._database.dialect, greeted)
        async with self._database.transaction() as connection:
            if (await connection.execute(known)).scalar_one_or_none() == joined:
                return False
            await connection.execute(row, {"guild_id": guild_id, "joined": joined})
        return True

    async def purge(self, before: float) -> int:
        """Remove everything of guilds that were left before; returns how many guilds.

        One after the other, and one that fails for good does not keep the others here.
        """
        left = select(departures.c.guild_id).where(departures.c.at < before)
        async with self._database.reading() as connection:
            gone = (await connection.execute(left)).scalars().all()
        count = 0
        failed: StoreError | None = None
        for guild_id in gone:
            try:
                count += await self._remove(guild_id, before)
            except StoreError as error:
                if error.retryable:
                    raise
                failed = error
        if failed is not None:
            raise failed
        return count

    async def _remove(self, guild_id: int, before: float) -> bool:
        """Delete what is kept of a guild; return False if it was invited again meanwhile."""
        for table in _BULKY:
            removed = bounded.ROWS
            while removed == bounded.ROWS:
                async with self._database.transaction() as connection:
                    if not await self._has_left(connection, guild_id, before):
                        return False
                    its = table.c.guild_id == guild_id
                    removed = await bounded.remove_some(connection, table, its)
        # Settings and answers belong together, so they go in one.
        async with self._database.transaction() as connection:
            if not await self._has_left(connection, guild_id, before):
                return False
            for table in GUILD_TABLES:
                await connection.execute(delete(table).where(table.c.guild_id == guild_id))
        return True

    async def _has_left(self, connection: AsyncConnection, guild_id: int, before: float) -> bool:
        # Locked until the end: one that is invited again now waits for this transaction.
        left = (departures.c.guild_id == guild_id) & (departures.c.at < before)
        query = select(departures.c.guild_id).where(left).with_for_update()
        return (await connection.execute(query)).first() is not None
