"""Processes that share a PostgreSQL: what each owns is an advisory lock of its one connection.

However a process ends, its connection ends with it, and all that it owned is free at once. A
connection that is lost for another reason, as the server was started anew, is made again; then the
locks are taken again, and a shard that another process was quicker to take is lost.

Nothing here holds a transaction open. What has to outlast a process that is killed, as the account
and Discord still count it, is a row: shares of limits (`parley_look`), and the last identifies.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.domain.processes import GrantedShare, ProcessView, ShareReport
from bot.errors import StoreError
from bot.logs import get_logger
from bot.store import faults
from bot.store.database import engine_of
from bot.tasks import TaskOwner

log = get_logger(__name__)

T = TypeVar("T")

_ANSWER_S: Final = 5.0
_FREED_WITHIN_S: Final = 1.0  # by a process that was killed a moment ago
_AGAIN_S: Final = 0.1
_FAULTS: Final = (SQLAlchemyError, OSError, TimeoutError)

# Advisory locks are a database's own, and known by two numbers: what kind, and which. The function
# `parley_look` knows those of processes and shards.
_LEASE: Final = 0x7061726C  # held alone by versions that knew no second process
_ACCOUNT: Final = 0x70617261
_AGREEING: Final = 0x70617268
_PROCESS: Final = 0x70617270
_SHARD: Final = 0x70617273
_TOTAL: Final = 0x70617274

# So that the server learns within half a minute of a machine that went without a word.
_KEEPALIVE: Final = {
    "tcp_keepalives_idle": 10,
    "tcp_keepalives_interval": 5,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
_SET: Final = text("SELECT set_config(:name, :value, false)")
_HERE: Final = (
    "locktype = 'advisory' AND granted AND objsubid = 2 AND classid::int8 = :kind"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_TRY: Final = text("SELECT pg_try_advisory_lock(:kind, :which)")
_TRY_SHARED: Final = text("SELECT pg_try_advisory_lock_shared(:kind, :which)")
_LOCK: Final = text("SELECT pg_advisory_lock(:kind, :which)")
_UNLOCK: Final = text("SELECT pg_advisory_unlock(:kind, :which)")
_HELD: Final = text(f"SELECT DISTINCT objid::int8 FROM pg_locks WHERE {_HERE}")  # noqa: S608 - our own text
# Only this process takes the lock on its number: whoever holds it is its lost connection.
_END_BEFORE: Final = text(
    f"SELECT pg_terminate_backend(pid, 1000) FROM pg_locks WHERE {_HERE} AND objid::int8 = :which"  # noqa: S608 - likewise
)
_LOOK: Final = text("SELECT parley_look(:me, CAST(:reports AS jsonb))")
_SPACING_S: Final = 5.5  # Discord's 5, and what the way to it may vary
_IDENTIFY: Final = text(
    """
    WITH taken AS (
        INSERT INTO identifies (bucket, at) VALUES (:bucket, clock_timestamp())
        ON CONFLICT (bucket) DO UPDATE SET at = clock_timestamp()
        WHERE identifies.at <= clock_timestamp() - make_interval(secs => :spacing)
        OR identifies.at > clock_timestamp()
        RETURNING at
    )
    SELECT CASE WHEN EXISTS (SELECT FROM taken) THEN 0 ELSE greatest(0.05, coalesce((
        SELECT extract(epoch FROM at - clock_timestamp())::float8 + :spacing
        FROM identifies WHERE bucket = :bucket
    ), 0)) END
    """
)


async def run_on(connection: AsyncConnection) -> bool:
    """Return whether processes of the bot use the database of this connection."""
    return bool((await connection.execute(_HELD, {"kind": _LEASE})).all())


class SharingProcess:
    """Implements Processes. Made by `join`.

    Args:
        engine: Makes connections.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._turn = asyncio.Lock()  # a connection does one thing at a time
        self._number = random.randrange(1, 1 << 31)  # noqa: S311 - no secret
        self._account = self._total = 0
        self._mine: set[int] = set()
        self._taken_by_others: set[int] = set()  # while the connection was lost
        self._lost: asyncio.Future[StoreError] = asyncio.get_running_loop().create_future()
        self._closed = False
        self._tasks = TaskOwner("processes")

    @classmethod
    async def join(cls, url: str) -> "SharingProcess":
        """Join the processes that share the database at `url`.

        Raises:
            StoreError: It can't be reached, or an older version of the bot uses it.
        """
        process = cls(engine_of(url))
        try:
            await process._connect()
        except _FAULTS as error:
            await process.close()
            raise faults.at_start(error) from None
        except BaseException:
            await process.close()
            raise
        return process

    @property
    def number(self) -> int:
        """A number of this process's own."""
        return self._number

    async def agree(self, account: int, fixed: int | None, recommended: int) -> int:
        """Return into how many shards the bot is divided, the same in every process."""

        async def agreed(connection: AsyncConnection) -> int:
            await connection.execute(_LOCK, {"kind": _AGREEING, "which": 0})
            try:
                found = set((await connection.execute(_HELD, {"kind": _TOTAL})).scalars())
                total = min(found, default=fixed or recommended)
                if fixed is not None and total != fixed:
                    raise StoreError(
                        f"The other processes on this database divide the bot into {total} shards, "
                        f"and SHARD_COUNT is {fixed}: end them all first, or set it to {total}."
                    )
                await self._hold(connection, account % (1 << 31), total)
            finally:
                await connection.execute(_UNLOCK, {"kind": _AGREEING, "which": 0})
            return total

        self._total = await self._run(agreed)
        self._account = account % (1 << 31)
        return self._total

    async def _hold(self, connection: AsyncConnection, account: int, total: int) -> None:
        """Hold what all processes hold, or say which of them differs."""
        for kind, which, differs in (
            (_ACCOUNT, account, "Another bot account uses this database: each needs its own."),
            (_TOTAL, total, "Other processes divide the bot into another number of shards."),
        ):
            await connection.execute(_TRY_SHARED, {"kind": kind, "which": which})
            if set((await connection.execute(_HELD, {"kind": kind})).scalars()) != {which}:
                raise StoreError(differs)

    async def look(self, reports: Sequence[ShareReport]) -> ProcessView:
        """Report what this process uses, and see what the others do."""
        told = json.dumps([asdict(report) for report in reports])

        async def seen(connection: AsyncConnection) -> Mapping[str, Any]:
            parameters = {"me": self._number, "reports": told}
            answer: Any = (await connection.execute(_LOOK, parameters)).scalar_one()
            read: Mapping[str, Any] = json.loads(answer) if isinstance(answer, str) else answer
            return read

        view = await self._run(seen)
        lost, self._taken_by_others = frozenset(self._taken_by_others), set()
        return ProcessView(
            processes=view["processes"],
            taken=frozenset(view["taken"]),
            fewest=view["fewest"],
            lost=lost,
            settled=view["settled"],
            shares={name: GrantedShare(**row) for name, row in view["shares"].items()},
        )

    async def take(self, shard: int) -> bool:
        """Own a shard, if no other process does."""

        async def taken(connection: AsyncConnection) -> bool:
            got = await _got(connection, shard)
            if got:
                self._mine.add(shard)
            return got

        return await self._run(taken)

    async def give(self, shard: int) -> None:
        """Own a shard no more."""
        if shard not in self._mine:
            return
        self._mine.discard(shard)
        parameters = {"kind": _SHARD, "which": shard}
        await self._run(lambda connection: connection.execute(_UNLOCK, parameters))

    async def identify_in(self, bucket: int) -> float:
        """Take the turn to start a session with Discord; return 0.0, or in how long to ask."""
        parameters = {"bucket": bucket, "spacing": _SPACING_S}

        async def asked(connection: AsyncConnection) -> float:
            return float((await connection.execute(_IDENTIFY, parameters)).scalar_one())

        return await self._run(asked)

    async def lost(self) -> StoreError:
        """Wait until this process can't go on beside the others."""
        return await asyncio.shield(self._lost)

    async def close(self) -> None:
        """Give back all that is owned, by ending the connection. Idempotent."""
        self._closed = True
        await self._tasks.drain()  # what is asked has an end
        await self._drop()
        await self._engine.dispose()

    # The connection

    async def _run(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Do something on the connection, which is made again where it was lost.

        Whoever is cancelled meanwhile does not break it off: the connection would be lost with it,
        and all that is owned.
        """
        if self._closed:
            raise StoreError("The database is closed.", retryable=True)
        done = await asyncio.shield(self._tasks.start(self._done(work), "statement"))
        if isinstance(done, StoreError):
            raise done
        return done

    async def _done(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T | StoreError:
        async with self._turn:
            try:
                async with asyncio.timeout(_ANSWER_S):
                    connection = self._connection or await self._connect()
                    return await work(connection)
            except _FAULTS as error:
                if self._connection is not None:
                    name = type(error).__name__
                    log.warning(
                        "the connection by which this process owns shards is lost", error=name
                    )
                await self._drop()
                return faults.in_use(error)
            except StoreError as error:
                await self._drop()  # with what it holds in common with others, and does not
                return error

    async def _connect(self) -> AsyncConnection:
        connection = await self._engine.connect()
        try:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            for name, value in _KEEPALIVE.items():
                await connection.execute(_SET, {"name": name, "value": str(value)})
            mine = {"kind": _PROCESS, "which": self._number}
            await connection.execute(_END_BEFORE, mine)
            await _tried(connection, _TRY, mine)
            await _tried(connection, _TRY_SHARED, {"kind": _LEASE, "which": 0})
            await self._own_again(connection)
        except BaseException:
            await connection.invalidate()  # with the locks that were taken
            await connection.close()
            raise
        self._connection = connection
        return connection

    async def _own_again(self, connection: AsyncConnection) -> None:
        if not self._total:
            return  # nothing was owned before
        try:
            await self._hold(connection, self._account, self._total)
        except StoreError as error:
            if not self._lost.done():
                self._lost.set_result(error)
            raise
        for shard in sorted(self._mine):
            if not await _got(connection, shard):
                self._mine.discard(shard)
                self._taken_by_others.add(shard)
        log.info("this process owns its shards again", shards=len(self._mine))

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            async with asyncio.timeout(_FREED_WITHIN_S):
                await connection.invalidate()
                await connection.close()
        except _FAULTS as error:
            log.debug("a lost connection did not close", error=type(error).__name__)


async def _got(connection: AsyncConnection, shard: int) -> bool:
    parameters = {"kind": _SHARD, "which": shard}
    return bool((await connection.execute(_TRY, parameters)).scalar_one())


async def _tried(
    connection: AsyncConnection, statement: Any, parameters: Mapping[str, int]
) -> None:
    for _ in range(round(_FREED_WITHIN_S / _AGAIN_S)):
        if (await connection.execute(statement, parameters)).scalar_one():
            return
        await asyncio.sleep(_AGAIN_S)
    raise StoreError(
        "An older version of this bot uses the database: end that process, then start again.",
        retryable=True,
    )
