"""What was spent, per day, guild, person and model."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.room.spent import COLUMNS, NOBODY, Spent, SpentKey
from bot.store.database import Database
from bot.store.tables import usage

_KEYS = ("day", "guild_id", "user_id", "model")
_AMOUNTS = [usage.c[name] for name in COLUMNS]


class UsageTable:
    """Implements UsageStore. Every method raises StoreError when the database fails."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, amounts: Mapping[SpentKey, Spent]) -> None:
        """Add to rows, all of them or none."""
        if not amounts:
            return
        async with self._database.transaction() as connection:
            await self._add(connection, [_values(key, row) for key, row in amounts.items()])

    async def _add(self, connection: AsyncConnection, rows: list[dict[str, Any]]) -> None:
        insert = postgresql.insert if self._database.dialect == "postgresql" else sqlite.insert
        row = insert(usage)
        added = {name: usage.c[name] + row.excluded[name] for name in COLUMNS}
        await connection.execute(row.on_conflict_do_update(index_elements=_KEYS, set_=added), rows)

    async def day(self, guild_id: int, day: date) -> Mapping[str, Spent]:
        """What a guild spent on a day, by model."""
        query = (
            select(usage.c.model, *(func.sum(column) for column in _AMOUNTS))
            .where((usage.c.guild_id == guild_id) & (usage.c.day == day))
            .group_by(usage.c.model)
        )
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).all()
        # PostgreSQL's sums of bigint are decimals.
        return {model: Spent(*(int(amount) for amount in amounts)) for model, *amounts in rows}

    async def since(self, guild_id: int, day: date) -> Mapping[SpentKey, Spent]:
        """A guild's rows of a day and those after it."""
        query = select(usage).where((usage.c.guild_id == guild_id) & (usage.c.day >= day))
        async with self._database.transaction() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return {
            SpentKey(*(row[name] for name in _KEYS)): Spent(*(row[name] for name in COLUMNS))
            for row in rows
        }

    async def forget(self, guild_id: int, user_id: int) -> None:
        """Add a person's rows to those that name nobody, and delete them."""
        if user_id == NOBODY:
            return
        theirs = (usage.c.guild_id == guild_id) & (usage.c.user_id == user_id)
        async with self._database.transaction() as connection:
            rows = (await connection.execute(select(usage).where(theirs))).mappings().all()
            if rows:
                await self._add(connection, [dict(row) | {"user_id": NOBODY} for row in rows])
                await connection.execute(delete(usage).where(theirs))


def _values(key: SpentKey, amount: Spent) -> dict[str, Any]:
    return {name: getattr(key, name) for name in _KEYS} | {
        name: getattr(amount, name) for name in COLUMNS
    }
