"""The database: opened with its folder and schema, closed without a trace."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread
from typing import Any, Self

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

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._threads: set[Thread] = set()
        if engine.dialect.name == "sqlite":
            event.listen(engine.sync_engine, "connect", self._connected)

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database at `url`; its folder and tables are made where they are missing.

        Raises:
            StoreError: One line that says what is wrong with the URL, folder or file.
        """
        database = cls(_engine(url))
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

    def _connected(self, connection: Any, _record: object) -> None:
        self._threads = {thread for thread in self._threads if thread.is_alive()}
        self._threads.add(connection.driver_connection._thread)  # noqa: SLF001 - aiosqlite names it nowhere else
        _prepare(connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def _engine(url: str) -> AsyncEngine:
    try:
        parsed = make_url(url)
        engine = create_async_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
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


def _prepare(connection: Any) -> None:
    cursor = connection.cursor()
    # Busy first: switching to WAL takes a lock.
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
