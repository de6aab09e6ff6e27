"""Who agreed to be heard, and who said no, per guild."""

from sqlalchemy import Table, delete, select

from bot.store.database import Database
from bot.store.tables import consent, declined
from bot.store.upsert import insert


class ConsentTable:
    """Implements ConsentStore and DeclineStore. A person stands in one of the two, or in none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def consenting(self, guild_id: int) -> frozenset[int]:
        """Return the user ids of those who agreed, in one query."""
        return await self._members(consent, guild_id)

    async def agree(self, guild_id: int, user_id: int) -> None:
        """Remember that this person agreed; who agreed already keeps their date."""
        await self._move(guild_id, user_id, declined, consent)

    async def withdraw(self, guild_id: int, user_id: int) -> None:
        """Forget that this person agreed."""
        await self._move(guild_id, user_id, consent, None)

    async def declining(self, guild_id: int) -> frozenset[int]:
        """Return the user ids of those who said no."""
        return await self._members(declined, guild_id)

    async def decline(self, guild_id: int, user_id: int) -> None:
        """Remember that this person said no, and forget that they agreed."""
        await self._move(guild_id, user_id, consent, declined)

    async def undecline(self, guild_id: int, user_id: int) -> None:
        """Forget that this person said no."""
        await self._move(guild_id, user_id, declined, None)

    async def _members(self, table: Table, guild_id: int) -> frozenset[int]:
        query = select(table.c.user_id).where(table.c.guild_id == guild_id)
        async with self._database.reading(guild_id) as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def _move(self, guild_id: int, user_id: int, source: Table, to: Table | None) -> None:
        theirs = (source.c.guild_id == guild_id) & (source.c.user_id == user_id)
        async with self._database.transaction(guild_id) as connection:
            await connection.execute(delete(source).where(theirs))
            if to is not None:
                row = insert(self._database.dialect, to).on_conflict_do_nothing()
                await connection.execute(row, {"guild_id": guild_id, "user_id": user_id})
