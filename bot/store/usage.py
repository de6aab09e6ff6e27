"""What was spent, per day, guild, person and model."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.room.spent import COLUMNS, NOBODY, Spent, SpentKey
from bot.store.database import Database
from bot.store.tables import usage
from bot.store.upsert import insert

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
        row = insert(self._database.dialect, usage)
        added = {name: usage.c[name] + row.excluded[name] for name in COLUMNS}
        # In one order everywhere: two batches that share rows must not wait for each other.
        rows = sorted(rows, key=lambda values: tuple(values[name] for name in _KEYS))
        await connection.execute(row.on_conflict_do_update(index_elements=_KEYS, set_=added), rows)

    async def day(self, guild_id: int, day: date) -> Mapping[str, Spent]:
        """What a guild spent on a day, by model."""
        query = (
            select(usage.c.model, *(func.sum(column) for column in _AMOUNTS))
            .where((usage.c.guild_id == guild_id) & (usage.c.day == day))
            .group_by(usage.c.model)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        # PostgreSQL's sums of bigint are decimals.
        return {model: Spent(*(int(amount) for amount in amounts)) for model, *amounts in rows}

    async def since(self, guild_id: int, day: date) -> Mapping[SpentKey, Spent]:
        """A guild's rows of a day and those after it."""
        query = select(usage).where((usage.c.guild_id == guild_id) & (usage.c.day >= day))
        async with self._database.reading() as connection:
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
            # In one statement, so that nothing is added between reading and deleting.
            taken = await connection.execute(delete(usage).where(theirs).returning(usage))
            rows = [dict(row) | {"user_id": NOBODY} for row in taken.mappings()]
            if rows:
                await self._add(connection, rows)

    async def expire(self, before: date) -> int:
        """Remove the days before this one, of all guilds; returns how many rows."""
        async with self._database.transaction() as connection:
            return (await connection.execute(delete(usage).where(usage.c.day < before))).rowcount


def _values(key: SpentKey, amount: Spent) -> dict[str, Any]:
    return {name: getattr(key, name) for name in _KEYS} | {
        name: getattr(amount, name) for name in COLUMNS
    }
