"""Writes rows to the store in batches, guild by guild, and keeps them while the store fails.

Each guild has batches of its own, so that none waits for another's, and a row that the store
refuses keeps nothing back but itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager
from itertools import islice
from typing import Final, TypeVar

from bot.clock import Alarm, Clock
from bot.errors import StoreError
from bot.locks import KeyedLimit
from bot.logs import get_logger
from bot.tasks import TaskOwner

log = get_logger(__name__)

_AT_ONCE: Final = 500  # rows, in one transaction
_SINGLY: Final = 100  # rows of a batch that was refused, tried one by one
_HOPELESS: Final = 3  # refused in a row: it is not the rows

K = TypeVar("K")
V = TypeVar("V")


class BatchWriter:
    """Decides when the rows of a guild are written; its owner keeps the rows.

    Args:
        name: What the rows are called in the log: "usage".
        clock: Tells the time and calls back.
        waiting: Returns the guilds of which rows wait.
        write: Writes a guild's waiting rows; may use `write_rows`.
        every_s: Seconds from the first row to its batch.
        retry_s: Seconds from a batch that failed to the next.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        waiting: Callable[[], Iterable[int]],
        write: Callable[[int], Awaitable[None]],
        every_s: float,
        retry_s: float,
    ) -> None:
        self._name = name
        self._clock = clock
        self._waiting = waiting
        self._write = write
        self._every_s = every_s
        self._retry_s = retry_s
        self._alarms: dict[int, Alarm] = {}
        self._failing: set[int] = set()
        self._locks = KeyedLimit()
        self._tasks = TaskOwner(name)
        self._closed = False

    def soon(self, guild_id: int) -> None:
        """Write the guild's rows in a batch that begins within `every_s` seconds."""
        self._set(guild_id, self._every_s)

    def alone(self, guild_id: int) -> AbstractAsyncContextManager[object]:
        """Return a context in which no batch of the guild is being written."""
        return self._locks.of(guild_id)

    def _set(self, guild_id: int, in_s: float) -> None:
        if guild_id in self._alarms or guild_id not in self._waiting() or self._closed:
            return
        alarm = Alarm(self._clock, lambda: self._due(guild_id))
        self._alarms[guild_id] = alarm
        alarm.set_in(in_s)

    def _due(self, guild_id: int) -> None:
        del self._alarms[guild_id]
        self._tasks.start(self._batch(guild_id), f"batch {guild_id}", guild=guild_id)

    async def _batch(self, guild_id: int) -> None:
        self._set(guild_id, self._every_s if await self.flush(guild_id) else self._retry_s)

    async def flush(self, guild_id: int | None = None) -> bool:
        """Write what waits of a guild, or of all; return whether that worked.

        What could not be written waits on.
        """
        guilds = list(self._waiting()) if guild_id is None else [guild_id]
        # At once, so that none waits for as long as the store lets the others wait.
        return all(await asyncio.gather(*(self._flush(guild) for guild in guilds)))

    async def _flush(self, guild_id: int) -> bool:
        async with self._locks.of(guild_id):
            try:
                await self._write(guild_id)
            except StoreError as error:
                if guild_id not in self._failing:
                    log.warning(
                        "can't be written, and waits",
                        what=self._name,
                        code=error.code,
                        guild=guild_id,
                    )
                self._failing.add(guild_id)
                return False
            self._failing.discard(guild_id)
            return True

    async def close(self) -> None:
        """Write what waits, and end. Idempotent."""
        self._closed = True
        for alarm in self._alarms.values():
            alarm.cancel()
        self._alarms.clear()
        try:
            await self._tasks.drain()
            await self.flush()
        finally:  # also when there is no more time for it
            await self._tasks.close()


async def write_rows(
    rows: MutableMapping[K, V],
    write: Callable[[Mapping[K, V]], Awaitable[None]],
    written: Callable[[Mapping[K, V]], None],
) -> None:
    """Write all rows; where the store refuses some for good, write those beside them singly.

    Args:
        rows: What waits, in order; may lose and gain rows meanwhile. Refused rows move to the end.
        write: Writes these rows in one transaction.
        written: Takes these rows, which were written, out of `rows`.

    Raises:
        StoreError: Rows are left.
    """
    try:
        while some := dict(islice(rows.items(), _AT_ONCE)):
            await write(some)
            written(some)
    except StoreError as error:
        if not error.retryable and len(rows) > 1:
            await _write_singly(rows, write, written)
        if rows:
            raise


async def _write_singly(
    rows: MutableMapping[K, V],
    write: Callable[[Mapping[K, V]], Awaitable[None]],
    written: Callable[[Mapping[K, V]], None],
) -> None:
    refused = 0  # in a row
    for key in list(islice(rows, _SINGLY)):
        if key not in rows:  # taken out meanwhile
            continue
        row = {key: rows[key]}
        try:
            await write(row)
        except StoreError as error:
            refused += 1
            if error.retryable or refused == _HOPELESS:
                return
            if key in rows:
                rows[key] = rows.pop(key)  # the last to be tried again
        else:
            refused = 0
            written(row)
