"""The database: opened with its folder and schema, closed without a trace."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Self

import aiosqlite
from sqlalchemy import event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import StoreError
from bot.store.tables import metadata

_BUSY_MS = 5000


class Database:
    """An open database; made by `open`, usable as an async context manager."""

    def __init__(self, url: str) -> None:
        self._threads: set[Thread] = set()
        self._engine = _engine(url, self._connect)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine.sync_engine, "connect", _prepare)

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database at `url`; its folder and tables are made where they are missing.

        Raises:
            StoreError: One line that says what is wrong with the URL, folder or file.
        """
        database = cls(url)
        try:
            async with database.transaction() as connection:
                await connection.run_sync(metadata.create_all)
        except BaseException:
            await database.close()
            raise
        return database

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection; committed at the end, rolled back when an error passes through.

        Raises:
            StoreError: The database failed; `retryable` when it may work later.
        """
        try:
            async with self._engine.begin() as connection:
                yield connection
        except OperationalError as error:
            # Locked, out of space, server away; the driver's own words have no values in them.
            raise _unusable(error, retryable=True) from error
        except DBAPIError as error:
            raise _unusable(error, retryable=False) from error
        except (SQLAlchemyError, OSError) as error:
            raise StoreError(f"The database failed ({type(error).__name__}).") from error

    @property
    def dialect(self) -> str:
        """The kind of database: sqlite or postgresql."""
        return self._engine.dialect.name

    async def close(self) -> None:
        """Close every connection and end its thread. Idempotent."""
        await self._engine.dispose()
        # Each connection's thread says that it ends a moment before it does.
        while self._threads:
            self._threads.pop().join(timeout=1.0)

    async def _connect(self) -> aiosqlite.Connection:
        # Made here and not by SQLAlchemy, so that the thread of one that fails to open is known
        # too: it would outlive the error, and speak to an event loop that may be gone.
        arguments, options = self._engine.dialect.create_connect_args(self._engine.url)
        connection = aiosqlite.connect(*arguments, **options)
        thread = connection._thread  # noqa: SLF001 - aiosqlite names it nowhere else
        thread.daemon = True
        self._threads = {known for known in self._threads if known.is_alive()} | {thread}
        return await connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _engine(url: str, connect: Callable[[], Awaitable[aiosqlite.Connection]]) -> AsyncEngine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = create_async_engine(parsed, async_creator=connect)
        else:
            engine = create_async_engine(parsed, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError):
        raise StoreError("The database's URL is not one that SQLAlchemy knows.") from None
    except ModuleNotFoundError as error:
        raise StoreError(f"The database's driver {error.name} is not installed.") from None
    if engine.dialect.name == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        _make_folder(Path(str(parsed.database)).parent)
    return engine


def _unusable(error: DBAPIError, *, retryable: bool) -> StoreError:
    return StoreError(f"The database can't be used: {error.orig}.", retryable=retryable)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"The database's folder {folder} can't be made: {error.strerror}."
        raise StoreError(reason) from None


def _prepare(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # Busy first: switching to WAL takes a lock.
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
