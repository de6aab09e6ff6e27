"""Much in small transactions, between which others have their turn.

SQLite has one writer: a server's ten thousand lines in one transaction would hold up every other.
And what a driver gives at once keeps the event loop busy for as long as it takes to unpack.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Select, Table, delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.database import BACKGROUND, Database

ROWS: Final = 500  # a few milliseconds


async def remove(
    database: Database, table: Table, which: ColumnElement[bool], guild_id: int = BACKGROUND
) -> int:
    """Remove rows, in any order; returns how many.

    Args:
        database: The database.
        table: The table.
        which: True of the rows.
        guild_id: The guild whose turns are used.

    Raises:
        StoreError: Some are still there; what went is gone.
    """
    removed = 0
    while True:
        async with database.transaction(guild_id) as connection:
            count = await remove_some(connection, table, which)
        removed += count
        if count < ROWS:
            return removed


async def remove_some(connection: AsyncConnection, table: Table, which: ColumnElement[bool]) -> int:
    """Remove at most `ROWS` rows; returns how many there were."""
    keys = list(table.primary_key)
    some = select(*keys).where(which).limit(ROWS)
    return (await connection.execute(delete(table).where(tuple_(*keys).in_(some)))).rowcount


async def pages(
    connection: AsyncConnection, query: Select[Any]
) -> AsyncGenerator[Sequence[Row[Any]], None]:
    """Yield the rows of a query, some at a time."""
    async with connection.stream(query) as rows:
        async for page in rows.partitions(ROWS):
            yield page
