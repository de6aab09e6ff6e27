"""SQLite connections whose statements run to their end, whoever is cancelled meanwhile.

A statement runs on a thread and can't be taken back. Cancelled in the middle of one, the driver and
SQLAlchemy lost the connection with its lock on the file, and nothing was ever written again.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import aiosqlite

T = TypeVar("T")

_ROWS = 64  # fetched at once, as is aiosqlite's default
_RETRY_S = 0.02


async def to_the_end(work: Coroutine[Any, Any, T], interrupted: Callable[[], None]) -> T:
    """Return what `work` returns; a cancellation meanwhile is told and otherwise ignored."""
    # Owned by this call, which does not end before it does.
    task = asyncio.get_running_loop().create_task(work, name="database statement")
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            interrupted()
    return task.result()


class SqliteConnection(aiosqlite.Connection):
    """A connection with a thread of its own.

    Args:
        interrupted: Called in the task that was cancelled, while it waits for a statement.
        database: File, or ":memory:".
        options: Options of `sqlite3.connect`.
    """

    def __init__(self, interrupted: Callable[[], None], database: str, **options: Any) -> None:
        super().__init__(lambda: sqlite3.connect(database, **options), _ROWS)
        self._interrupted = interrupted
        self._thread.daemon = True

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        statement = super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]
        return await to_the_end(statement, self._interrupted)

    async def _connect(self) -> aiosqlite.Connection:
        return await to_the_end(super()._connect(), self._interrupted)

    def end(self) -> None:
        """Wait for its thread, which says that it ends a moment before it does."""
        self._thread.join(timeout=1.0)

    @property
    def has_ended(self) -> bool:
        """Whether its thread has ended."""
        return not self._thread.is_alive()


async def write_ahead(connection: aiosqlite.Connection, patience_s: float) -> None:
    """Switch the file to a write-ahead log, which it keeps: readers then wait for no writer.

    Two that switch a new file at once would wait for each other, so SQLite refuses one of them at
    once, whatever its busy timeout is: it finds the file switched when it tries again.

    Args:
        connection: Open, with a busy timeout.
        patience_s: For how many seconds it tries again.

    Raises:
        sqlite3.OperationalError: The file stayed locked.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
    while True:
        try:
            await connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or loop.time() > deadline:
                raise
            await asyncio.sleep(_RETRY_S)
        else:
            return
