"""What the host decides of servers, the servers' names, and what all spent together."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access import HostGrant
from bot.domain.spent import COLUMNS, Spent
from bot.store import bounded
from bot.store.database import Database
from bot.store.tables import account_usage, account_warnings, guild_names, host_grants
from bot.store.upsert import insert, put

_MONTH_KEYS = ("month", "model")


class HostTable:
    """Implements GrantStore, NameStore and MonthStore.

    Every method raises StoreError when the database fails.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def grants(self) -> Mapping[int, HostGrant]:
        """Return every decision, by guild."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(host_grants))).all()
        return {row.guild_id: HostGrant(row.allowed, row.daily_minutes) for row in rows}

    async def put_grant(self, guild_id: int, grant: HostGrant) -> None:
        """Keep a decision, in the place of what was."""
        row = {
            "guild_id": guild_id,
            "allowed": grant.allowed,
            "daily_minutes": grant.daily_minutes,
        }
        async with self._database.transaction() as connection:
            await connection.execute(put(self._database.dialect, host_grants), row)

    async def drop_grant(self, guild_id: int) -> bool:
        """Forget a decision; returns whether there was one."""
        its = delete(host_grants).where(host_grants.c.guild_id == guild_id)
        async with self._database.transaction() as connection:
            return (await connection.execute(its)).rowcount > 0

    async def names(self) -> Mapping[int, str]:
        """Return every name, by guild."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(guild_names))).all()
        return {row.guild_id: row.name for row in rows}

    async def put_names(self, names: Mapping[int, str]) -> None:
        """Keep these, in the place of what was."""
        # In one order everywhere: two processes must not wait for each other.
        rows = iter(sorted(names.items()))
        while some := [{"guild_id": key, "name": name} for key, name in _some(rows)]:
            async with self._database.transaction() as connection:
                await connection.execute(put(self._database.dialect, guild_names), some)

    async def add_to_month(self, month: date, amounts: Mapping[str, Spent]) -> Mapping[str, Spent]:
        """Add amounts by model to a month, and return what it holds then; none: only return it."""
        if not amounts:
            async with self._database.reading() as connection:
                return await _month(connection, month)
        row = insert(self._database.dialect, account_usage)
        added = {name: account_usage.c[name] + row.excluded[name] for name in COLUMNS}
        values = [
            {"month": month, "model": model} | {name: getattr(amount, name) for name in COLUMNS}
            for model, amount in sorted(amounts.items())
        ]
        async with self._database.transaction() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=_MONTH_KEYS, set_=added), values
            )
            return await _month(connection, month)

    async def claim_warning(self, month: date, percent: int) -> bool:
        """Remember that a warning is given; returns False where it was given before."""
        row = insert(self._database.dialect, account_warnings).on_conflict_do_nothing()
        async with self._database.transaction() as connection:
            done = await connection.execute(row, {"month": month, "percent": percent})
            return done.rowcount > 0


def _some(rows: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
    return list(islice(rows, bounded.ROWS))


async def _month(connection: AsyncConnection, month: date) -> Mapping[str, Spent]:
    query = select(account_usage).where(account_usage.c.month == month)
    rows = (await connection.execute(query)).mappings().all()
    return {row["model"]: Spent(*(row[name] for name in COLUMNS)) for row in rows}
