"""What was spent, per day, guild, person and model."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.spent import COLUMNS, NOBODY, Spent, SpentKey
from bot.store import bounded
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
        """Add to rows, all of them or none; few enough for one transaction (`bounded.ROWS`)."""
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
        """Return what a guild spent on a day, by model."""
        query = (
            select(usage.c.model, *(func.sum(column) for column in _AMOUNTS))
            .where((usage.c.guild_id == guild_id) & (usage.c.day == day))
            .group_by(usage.c.model)
        )
        async with self._database.reading(guild_id) as connection:
            rows = (await connection.execute(query)).all()
        # PostgreSQL's sums of bigint are decimals.
        return {model: Spent(*(int(amount) for amount in amounts)) for model, *amounts in rows}

    async def since(
        self, guild_id: int, day: date, whose: int | None = None
    ) -> Mapping[SpentKey, Spent]:
        """Return a guild's rows of a day and those after it.

        Args:
            guild_id: The guild.
            day: The first day.
            whose: Only this person's rows are apart, the others' are summed as `NOBODY`'s; None:
                everybody's are apart.
        """
        who: ColumnElement[int] = usage.c.user_id
        if whose is not None:
            who = case((usage.c.user_id == whose, usage.c.user_id), else_=NOBODY)
        which = (usage.c.day, who.label("who"), usage.c.model)
        query = (
            select(*which, *(func.sum(column) for column in _AMOUNTS))
            .where((usage.c.guild_id == guild_id) & (usage.c.day >= day))
            .group_by(*which)
        )
        found: dict[SpentKey, Spent] = {}
        async with self._database.reading(guild_id) as connection:
            async for page in bounded.pages(connection, query):
                for row in page:
                    on, user_id, model, *amounts = tuple(row)
                    key = SpentKey(on, guild_id, user_id, model)
                    found[key] = Spent(*(int(amount) for amount in amounts))
        return found

    async def by_guild(self, day: date) -> Mapping[int, Mapping[str, Spent]]:
        """Return what each guild spent on a day and those after it, by guild and model."""
        query = (
            select(usage.c.guild_id, usage.c.model, *(func.sum(column) for column in _AMOUNTS))
            .where(usage.c.day >= day)
            .group_by(usage.c.guild_id, usage.c.model)
        )
        found: dict[int, dict[str, Spent]] = {}
        async with self._database.reading() as connection:
            async for page in bounded.pages(connection, query):
                for guild_id, model, *amounts in map(tuple, page):
                    spent = Spent(*(int(amount) for amount in amounts))
                    found.setdefault(guild_id, {})[model] = spent
        return found

    async def forget(self, guild_id: int, user_id: int) -> None:
        """Add a person's rows to those that name nobody, and delete them."""
        if user_id == NOBODY:
            return
        theirs = (usage.c.guild_id == guild_id) & (usage.c.user_id == user_id)
        async with self._database.transaction(guild_id) as connection:
            # In one statement, so that nothing is added between reading and deleting.
            taken = await connection.execute(delete(usage).where(theirs).returning(usage))
            rows = [dict(row) | {"user_id": NOBODY} for row in taken.mappings()]
            if rows:
                await self._add(connection, rows)

    async def expire(self, before: date) -> int:
        """Remove the days before this one, of all guilds; returns how many rows."""
        return await bounded.remove(self._database, usage, usage.c.day < before)


def _values(key: SpentKey, amount: Spent) -> dict[str, Any]:
    return {name: getattr(key, name) for name in _KEYS} | {
        name: getattr(amount, name) for name in COLUMNS
    }
