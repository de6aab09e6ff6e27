"""Lines of transcripts on their way to the store: taken at once, written in batches.

Taking never waits. What is not written yet is lost when the process is killed: at most what came
since the last batch.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from bot.clock import Clock, Timer
from bot.errors import StoreError
from bot.room.records import TranscriptLine
from bot.room.stores import TranscriptStore
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

BATCH_S: Final = 2.0
RETRY_S: Final = 10.0
MOST_LINES: Final = 10_000  # waiting, while the store fails: about 5 MB

_Key = tuple[int, str, int, str]  # guild, session, utterance, language


class Batches:
    """Writes lines of all rooms.

    Args:
        store: Where they are kept.
        clock: The time between batches.
        most_lines: How many may wait; beyond, the oldest is left out and counted in `dropped`.
    """

    def __init__(
        self, store: TranscriptStore, *, clock: Clock, most_lines: int = MOST_LINES
    ) -> None:
        self._store = store
        self._clock = clock
        self._most_lines = most_lines
        self._waiting: dict[_Key, TranscriptLine] = {}  # oldest first
        self._writing = asyncio.Lock()
        self._timer: Timer | None = None
        self._tasks = TaskOwner("transcripts")
        self._failing = False
        self._closed = False
        self.dropped = 0

    def __len__(self) -> int:
        """Lines that wait."""
        return len(self._waiting)

    def keep(self, guild_id: int, line: TranscriptLine) -> None:
        """Write this line soon, in the place of the one that there is for its utterance."""
        self._wait(guild_id, line)
        self._set_timer(BATCH_S)

    def _wait(self, guild_id: int, line: TranscriptLine) -> None:
        self._waiting[guild_id, line.session, line.utterance, line.language] = line
        if len(self._waiting) > self._most_lines:
            del self._waiting[next(iter(self._waiting))]
            if self.dropped == 0:
                log.error("lines of transcripts are left out: the store has failed for too long")
            self.dropped += 1

    def _set_timer(self, in_s: float) -> None:
        if self._waiting and self._timer is None and not self._closed:
            self._timer = self._clock.call_at(self._clock.now() + in_s, self._due)

    def _due(self) -> None:
        self._timer = None
        self._tasks.start(self._batch(), "batch")

    async def _batch(self) -> None:
        self._set_timer(BATCH_S if await self.flush() else RETRY_S)

    async def flush(self) -> bool:
        """Write what waits; whether that worked. What could not be written waits on."""
        async with self._writing:
            by_guild: dict[int, dict[_Key, TranscriptLine]] = {}
            for key, line in self._waiting.items():
                by_guild.setdefault(key[0], {})[key] = line
            for guild_id, lines in by_guild.items():
                try:
                    await self._store.append(guild_id, list(lines.values()))
                except StoreError as error:
                    if not self._failing:
                        log.warning("transcripts can't be written, and wait: %s", error.code)
                    self._failing = True
                    return False
                for key, line in lines.items():  # but not what changed meanwhile
                    if self._waiting.get(key) is line:
                        del self._waiting[key]
            self._failing = False
            return True

    def drop(self, unwanted: Callable[[int, TranscriptLine], bool]) -> int:
        """Leave out waiting lines, by guild and line; returns how many."""
        keys = [key for key, line in self._waiting.items() if unwanted(key[0], line)]
        for key in keys:
            del self._waiting[key]
        return len(keys)

    async def forget(self, guild_id: int, user_id: int) -> int:
        """Remove all that a member said, written or waiting; returns how many lines.

        Raises:
            StoreError: The store still has lines of theirs.
        """
        async with self._writing:
            waiting = self.drop(lambda guild, line: (guild, line.user_id) == (guild_id, user_id))
            return waiting + await self._store.forget_lines(guild_id, user_id)

    async def expire(self, guild_id: int, before: float) -> int:
        """Remove what was said before (seconds since 1970); returns how many lines.

        Raises:
            StoreError: The store can't be written.
        """
        async with self._writing:
            self.drop(lambda guild, line: guild == guild_id and line.at < before)
            return await self._store.expire(guild_id, before)

    async def close(self) -> None:
        """Write what waits, and end. Idempotent."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            await self._tasks.drain()
            await self.flush()
        finally:  # also when there is no more time for it
            if self._waiting:
                log.error("%d lines of transcripts could not be written", len(self._waiting))
            await self._tasks.close()
