"""One process for each database: what it holds while it lives, so that a second one is refused.

Two processes of one bot would take each other's rooms for leftovers and throw each other out of
voice. Whatever ends a process, `kill -9` too, frees its lease at once.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import StoreError
from bot.logs import get_logger
from bot.store import faults
from bot.store.database import engine_of
from bot.tasks import TaskOwner

log = get_logger(__name__)

_FREED_WITHIN_S: Final = 1.0  # by a process that was killed a moment ago
_AGAIN_S: Final = 0.1
_TRIES: Final = round(_FREED_WITHIN_S / _AGAIN_S)
_LOOK_S: Final = 5.0  # between two looks at whether it is still held
_RETRY_S: Final = 1.0  # while it is not
_ANSWER_S: Final = 5.0
_FAULTS: Final = (SQLAlchemyError, OSError, TimeoutError)

# Advisory locks are a database's own, and known by two numbers: ours, and of what.
_KEY: Final = {"ours": 0x7061726C, "what": 0}
_TAKE: Final = text("SELECT pg_try_advisory_lock(:ours, :what), pg_backend_pid()")
_HOLDER: Final = text(
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2"
    " AND classid::int8 = :ours AND objid::int8 = :what"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
# So that the server learns soon of a machine that went without a word.
_KEEPALIVE: Final = {"tcp_keepalives_idle": 10, "tcp_keepalives_interval": 5}
_SET: Final = text("SELECT set_config(:name, :value, false)")


class DatabaseLease(Protocol):
    """The lock on a database, held by one process."""

    async def lost(self) -> StoreError:
        """Wait until another process holds it; a sentence for who runs this one."""

    async def close(self) -> None:
        """Give it back. Idempotent."""


async def take(url: str) -> DatabaseLease:
    """Take the lease of the database at `url`, before anything else is done with it.

    Raises:
        StoreError: Another process holds it, or the database can't be reached.
    """
    engine = engine_of(url)
    try:
        if engine.dialect.name == "postgresql":
            return await SessionLease.take(engine)
        return await FileLease.take(_lock_file(engine))
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        await engine.dispose()
        raise faults.at_start(error) from None
    except BaseException:
        await engine.dispose()
        raise


async def holder(connection: AsyncConnection) -> int | None:
    """Return the number of the PostgreSQL session that holds the lease; None: nobody does."""
    session = (await connection.execute(_HOLDER, _KEY)).scalar()
    return None if session is None else int(session)


async def _tried(take: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(_TRIES):
        if await take():
            return
        await asyncio.sleep(_AGAIN_S)
    raise StoreError(
        "Another process of this bot uses the database: end that one, then start again.",
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


class SessionLease:
    """An advisory lock of PostgreSQL's, on a connection of its own.

    A server that is started anew, or a network that fails, ends that connection. Then the lock is
    taken again on another one, and only a process that was quicker makes this one lose it.

    Args:
        engine: Makes connections.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._session = 0  # number of the server's process that held the lock last
        self._lost = asyncio.Event()
        self._tasks = TaskOwner("lease")

    @classmethod
    async def take(cls, engine: AsyncEngine) -> "SessionLease":
        """Take it, or raise StoreError, or what the driver raises."""
        lease = cls(engine)
        await _tried(lease._taken)
        lease._tasks.start(lease._watch(), "watch")
        return lease

    async def _taken(self) -> bool:
        return await self._other() is None

    async def lost(self) -> StoreError:
        """Wait until another process was quicker after the connection was lost."""
        await self._lost.wait()
        return StoreError("Another process of this bot has taken over the database.")

    async def close(self) -> None:
        """Give it back, by ending the connection."""
        await self._tasks.close()
        await self._drop()
        await self._engine.dispose()

    async def _other(self) -> int | None:
        """Take the lock on a new connection, or say whose session holds it."""
        connection = await self._engine.connect()
        try:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            got, session = (await connection.execute(_TAKE, _KEY)).one()
            if not got:
                return await holder(connection) or 0
            for name, seconds in _KEEPALIVE.items():
                await connection.execute(_SET, {"name": name, "value": str(seconds)})
            self._connection, self._session = connection, session
        finally:
            if self._connection is None:
                await connection.invalidate()  # with the lock, if it was taken
                await connection.close()
        return None

    async def _watch(self) -> None:
        while not self._lost.is_set():
            await asyncio.sleep(_RETRY_S if self._connection is None else _LOOK_S)
            try:
                async with asyncio.timeout(_ANSWER_S):
                    await self._look()
            except _FAULTS as error:
                if self._connection is not None:
                    name = type(error).__name__
                    log.warning(
                        "the connection that holds the database's lease is lost", error=name
                    )
                await self._drop()

    async def _look(self) -> None:
        if self._connection is not None:
            await self._connection.execute(text("SELECT 1"))
            return
        before = self._session
        holder = await self._other()
        if holder is None:
            log.info("the database's lease is held again")
        elif holder != before:  # else the server has not noticed yet that its client is gone
            log.error("another process has taken the database's lease")
            self._lost.set()

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.close()
        except _FAULTS as error:
            log.debug("a lost connection did not close", error=type(error).__name__)
