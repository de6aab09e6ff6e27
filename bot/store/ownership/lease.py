"""One process for each SQLite file: what it holds while it lives, so that a second one is refused.

Two processes of one bot would take each other's rooms for leftovers and throw each other out of
voice, and what divides a bot among processes needs PostgreSQL (`processes.py`). Whatever ends a
process, `kill -9` too, frees its lease at once.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.domain.processes import DatabaseLease
from bot.errors import StoreError
from bot.store import faults
from bot.store.database import engine_of

_FREED_WITHIN_S: Final = 1.0  # by a process that was killed a moment ago
_AGAIN_S: Final = 0.1
_TRIES: Final = round(_FREED_WITHIN_S / _AGAIN_S)


async def take(url: str) -> DatabaseLease:
    """Take the lease of the database at `url`, before anything else is done with it.

    Raises:
        StoreError: Another process holds it, or the database can't be reached.
    """
    engine = engine_of(url)
    try:
        return await FileLease.take(_lock_file(engine))
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        await engine.dispose()
        raise faults.at_start(error) from None
    except BaseException:
        await engine.dispose()
        raise


async def _tried(take: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(_TRIES):
        if await take():
            return
        await asyncio.sleep(_AGAIN_S)
    raise StoreError(
        "Another process of this bot uses the database: end that one, then start again. Several "
        "processes need PostgreSQL.",
        retryable=True,
    )


def _lock_file(engine: AsyncEngine) -> str:
    """Return a file beside the database's; empty where that is none, as in memory."""
    (database,), options = engine.dialect.create_connect_args(engine.url)
    connection = sqlite3.connect(database, **options)
    try:
        files = {name: file for _, name, file in connection.execute("PRAGMA database_list")}
    finally:
        connection.close()
    return f"{files['main']}-lease" if files["main"] else ""


class FileLease:
    """A lock of SQLite's on a file of its own, so that the database can be read and copied.

    Args:
        connection: Holds it; None: there is nothing to hold.
    """

    def __init__(self, connection: sqlite3.Connection | None) -> None:
        self._connection = connection

    @classmethod
    async def take(cls, file: str) -> "FileLease":
        """Take it, or raise StoreError; an empty name is nobody else's."""
        if not file:
            return cls(None)
        connection = sqlite3.connect(file, timeout=0.0, isolation_level=None)
        try:
            await _tried(lambda: _locked(connection))
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    async def lost(self) -> StoreError:
        """Wait for ever: the system takes it from nobody."""
        await asyncio.Event().wait()
        raise AssertionError

    async def close(self) -> None:
        """Give it back. The file stays: another may be about to lock it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


async def _locked(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
