"""Who agreed to be heard, per guild."""

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from bot.store.database import Database
from bot.store.tables import consent


class ConsentTable:
    """Implements ConsentStore. Every method raises StoreError when the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def consenting(self, guild_id: int) -> frozenset[int]:
        """User ids of those who agreed, in one query."""
        query = select(consent.c.user_id).where(consent.c.guild_id == guild_id)
        async with self._database.transaction() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def agree(self, guild_id: int, user_id: int) -> None:
        """Remember that this person agreed; who agreed already keeps their date."""
        insert = postgresql.insert if self._database.dialect == "postgresql" else sqlite.insert
        row = insert(consent).values(guild_id=guild_id, user_id=user_id)
        async with self._database.transaction() as connection:
            await connection.execute(row.on_conflict_do_nothing())

    async def withdraw(self, guild_id: int, user_id: int) -> None:
        """Forget that this person agreed."""
        row = (consent.c.guild_id == guild_id) & (consent.c.user_id == user_id)
        async with self._database.transaction() as connection:
            await connection.execute(delete(consent).where(row))
