"""The database: opened with its folder and schema, closed without a trace."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Self

import aiosqlite
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.errors import StoreError
from bot.locks import FairLock, KeyedLimit
from bot.logs import get_logger
from bot.store import faults, migrations
from bot.store.sqlite import SqliteConnection, write_ahead

log = get_logger(__name__)

_BUSY_MS = 5000
_CONNECT_S = 10.0
_ANSWER_S = 2.0  # within which it answers whoever asks whether it is there
_STATEMENT_S = 60.0  # a server that went silent is given up after it
_TURN_S = 10.0  # for which a guild's request waits for others before it is given up
_READERS = 2  # of a guild at a time; the pool has fifteen connections for all
_READS = "parley_reads"

_ANY_ROW = text("SELECT version_num FROM alembic_version")

BACKGROUND = 0  # in the place of a guild: writes that nobody waits for


class Database:
    """An open database; made by `open`, usable as an async context manager.

    Attributes:
        failures: Transactions that failed.
    """

    def __init__(self, url: str) -> None:
        self._connections: set[SqliteConnection] = set()  # of SQLite
        self._interrupted: set[asyncio.Task[Any] | None] = set()
        self._engine = engine_of(url, self._connect)
        self.failures = 0
        self._left: Callable[[], float] = lambda: math.inf
        self._reads = self._engine.execution_options(**{_READS: True})
        self._readers = KeyedLimit(_READERS)
        self._writers: FairLock | KeyedLimit = KeyedLimit()
        if self.dialect == "sqlite":
            event.listen(self._engine.sync_engine, "connect", _prepare)
            event.listen(self._engine.sync_engine, "begin", self._begin)
            # SQLite has one writer, and lets those who wait for it in by chance: in turn is fair.
            self._writers = FairLock()

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open the database at `url`; its folder and tables are made where they are missing.

        Tables of an earlier version are brought to this one's, keeping what they hold.

        Raises:
            StoreError: One line that says what is wrong and what to do about it.
        """
        return await cls._opened(url, migrations.upgrade)

    @classmethod
    async def existing(cls, url: str) -> Self:
        """Open a database that a bot of this version uses; nothing is made and no table changed.

        Raises:
            StoreError: There is none, or one of another version.
        """
        _check_file(url)
        return await cls._opened(url, migrations.check)

    @classmethod
    async def _opened(cls, url: str, prepare: Callable[[SyncConnection], None]) -> Self:
        database = cls(url)
        try:
            async with database._engine.begin() as connection:
                await connection.run_sync(prepare)
            database._obey()
        except (SQLAlchemyError, OSError) as error:
            await database.close()
            raise faults.at_start(error) from None
        except BaseException:
            await database.close()
            raise
        return database

    @asynccontextmanager
    async def transaction(self, guild_id: int = BACKGROUND) -> AsyncIterator[AsyncConnection]:
        """Open a transaction to write: committed at the end, rolled back on an error.

        One at a time for each guild. With SQLite others wait meanwhile, so a transaction has a
        bounded number of rows (`bounded`).

        Args:
            guild_id: The guild whose turn it is; the background shares one.

        Raises:
            StoreError: The database failed; `retryable` when it may work later.
        """
        async with AsyncExitStack() as stack:
            await _wait_for(stack, self._writers.of(guild_id))
            yield await stack.enter_async_context(self._begun(self._engine))

    @asynccontextmanager
    async def reading(self, guild_id: int | None = None) -> AsyncIterator[AsyncConnection]:
        """Open a transaction to read: it sees one state of the database and waits for no writer.

        Args:
            guild_id: The guild that reads, with few readers at a time; None: not limited.

        Raises:
            StoreError: The database failed; `retryable` when it may work later.
        """
        async with AsyncExitStack() as stack:
            if guild_id is not None:
                await _wait_for(stack, self._readers.of(guild_id))
            yield await stack.enter_async_context(self._begun(self._reads))

    async def answers(self) -> bool:
        """Return whether a row can be read now, without waiting long."""
        try:
            async with asyncio.timeout(_ANSWER_S), self.reading() as connection:
                await connection.execute(_ANY_ROW)
        except (StoreError, TimeoutError):
            return False
        return True

    @asynccontextmanager
    async def _begun(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        try:
            async with engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, OSError, OverflowError) as error:  # the last is SQLite's for 2**63
            self.failures += 1
            log.warning("the database failed", reason=faults.reason(error))
            # SQLAlchemy's error repeats the statement, and the driver's may repeat a value.
            raise faults.in_use(error) from None
        finally:
            self._obey()

    def _obey(self) -> None:
        """Raise a cancellation that was wanted while the transaction ran."""
        task = asyncio.current_task()
        if task in self._interrupted:
            self._interrupted.discard(task)
            raise asyncio.CancelledError

    def _begin(self, connection: SyncConnection) -> None:
        reads = connection.get_execution_options().get(_READS, False)
        if (left_ms := self._left() * 1000) < _BUSY_MS:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={max(0, int(left_ms))}")
        # A writer takes its lock at once: one that begins by reading could not be let in later.
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    def hurry(self, left: Callable[[], float]) -> None:
        """Wait for a lock of SQLite's no longer than this.

        A statement that waits for one can't be cancelled.

        Args:
            left: In how many seconds nothing may wait any more.
        """
        self._left = left

    @property
    def dialect(self) -> str:
        """The kind of database: sqlite or postgresql."""
        return self._engine.dialect.name

    async def close(self) -> None:
        """Close every connection and end its thread. Idempotent."""
        await self._engine.dispose()
        while self._connections:
            self._connections.pop().end()
        self._obey()

    async def _connect(self) -> aiosqlite.Connection:
        # Made here and not by SQLAlchemy, so that the thread of one that fails to open is known
        # too: it would outlive the error, and speak to an event loop that may be gone.
        (database,), options = self._engine.dialect.create_connect_args(self._engine.url)
        connection = SqliteConnection(self._interrupt, database, **options)
        self._connections = {known for known in self._connections if not known.has_ended}
        self._connections.add(connection)
        opened = await connection
        # Busy first: switching to a write-ahead log takes a lock.
        await opened.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        await write_ahead(opened, _BUSY_MS / 1000)
        return opened

    def _interrupt(self) -> None:
        self._interrupted.add(asyncio.current_task())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _wait_for(stack: AsyncExitStack, turn: AbstractAsyncContextManager[None]) -> None:
    try:
        async with asyncio.timeout(_TURN_S):
            await stack.enter_async_context(turn)
    except TimeoutError as error:
        log.warning("the database was busy for too long")
        raise faults.in_use(error) from None


def is_postgresql(url: str) -> bool:
    """Return whether this is the address of a PostgreSQL."""
    return url.partition("://")[0].startswith("postgresql")


def engine_of(
    url: str, connect: Callable[[], Awaitable[aiosqlite.Connection]] | None = None
) -> AsyncEngine:
    """Make an engine that has not connected yet, and a file's folder where it is missing.

    Args:
        url: The database's URL, as SQLAlchemy writes it.
        connect: Makes connections to SQLite.

    Raises:
        StoreError: The URL, its driver or its folder is no good.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = create_async_engine(parsed, async_creator=connect, hide_parameters=True)
        else:
            engine = create_async_engine(
                parsed,
                hide_parameters=True,
                # A connection that its server dropped is noticed before it is used.
                pool_pre_ping=True,
                connect_args=_limits() if parsed.drivername.endswith("asyncpg") else {},
            )
    except (ArgumentError, NoSuchModuleError):
        raise StoreError("The database's URL is not one that SQLAlchemy knows.") from None
    except ModuleNotFoundError as error:
        raise StoreError(f"The database's driver {error.name} is not installed.") from None
    if engine.dialect.name == "sqlite" and parsed.database not in {None, "", ":memory:"}:
        _make_folder(Path(str(parsed.database)).parent)
    return engine


def _check_file(url: str) -> None:
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).is_file():
        raise StoreError(
            f"There is no database at {parsed.database}: start the bot once, or name its database "
            "in DATABASE_URL."
        )


def _limits() -> dict[str, float]:
    return {"timeout": _CONNECT_S, "command_timeout": _STATEMENT_S}


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = f"The database's folder {folder} can't be made: {error.strerror}."
        raise StoreError(reason) from None


def _prepare(connection: Any, _record: object) -> None:
    # Python's driver begins transactions by itself, and only before a write: `_begin` does it.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()
