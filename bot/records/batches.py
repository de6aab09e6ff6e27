"""Lines of transcripts on their way to the store: taken at once, written in batches.

Taking never waits. What is not written yet is lost when the process is killed: at most what came
since the last batch. Each guild has batches of its own, so that none waits for another's, and a
line that the store refuses keeps nothing back but itself.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from bot.clock import Clock, Timer
from bot.domain.stored import TranscriptLine
from bot.domain.stores import TranscriptStore
from bot.errors import StoreError
from bot.locks import KeyedLimit
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

BATCH_S: Final = 2.0
RETRY_S: Final = 10.0
MOST_LINES: Final = 10_000  # waiting, while the store fails: about 5 MB
_AT_ONCE: Final = 500  # lines, in one transaction
_SINGLY: Final = 100  # lines of a batch that was refused, tried one by one
_HOPELESS: Final = 3  # refused in a row: it is not the lines

_Key = tuple[str, int, str]  # session, utterance, language


@dataclass(slots=True)
class _Guild:
    """What waits of one.

    Attributes:
        lines: The oldest first.
        failing: The last batch was not written whole.
    """

    lines: dict[_Key, TranscriptLine] = field(default_factory=dict)
    timer: Timer | None = None
    failing: bool = False


class Batches:
    """Writes lines of all rooms.

    Args:
        store: Where they are kept.
        clock: The time between batches.
        most_lines: How many may wait; beyond, the oldest of the guild that has the most is left out
            and counted in `dropped`.
    """

    def __init__(
        self, store: TranscriptStore, *, clock: Clock, most_lines: int = MOST_LINES
    ) -> None:
        self._store = store
        self._clock = clock
        self._most_lines = most_lines
        self._guilds: dict[int, _Guild] = {}
        self._waiting = 0
        self._locks = KeyedLimit()  # of a guild: one writes or removes
        self._tasks = TaskOwner("transcripts")
        self._closed = False
        self.dropped = 0

    def __len__(self) -> int:
        """Lines that wait."""
        return self._waiting

    def keep(self, guild_id: int, line: TranscriptLine) -> None:
        """Write this line soon, in the place of the one that there is for its utterance."""
        key = line.session, line.utterance, line.language
        guild = self._guilds.setdefault(guild_id, _Guild())
        self._waiting += key not in guild.lines
        guild.lines[key] = line
        if self._waiting > self._most_lines:
            self._leave_out_one()
        self._set_timer(guild_id, BATCH_S)

    def _leave_out_one(self) -> None:
        guild = max(self._guilds.values(), key=lambda one: len(one.lines))
        self._take_out(guild, next(iter(guild.lines)))
        if self.dropped == 0:
            log.error("lines of transcripts are left out: the store has failed for too long")
        self.dropped += 1

    def _take_out(self, guild: _Guild, key: _Key) -> None:
        del guild.lines[key]
        self._waiting -= 1

    def _set_timer(self, guild_id: int, in_s: float) -> None:
        guild = self._guilds.get(guild_id)
        if guild is None or guild.timer is not None or self._closed:
            return
        if guild.lines:
            at = self._clock.now() + in_s
            guild.timer = self._clock.call_at(at, lambda: self._due(guild_id))
        elif not guild.failing:
            del self._guilds[guild_id]  # nothing of it is kept while nothing of it waits

    def _due(self, guild_id: int) -> None:
        if (guild := self._guilds.get(guild_id)) is not None:
            guild.timer = None
        self._tasks.start(self._batch(guild_id), f"batch {guild_id}")

    async def _batch(self, guild_id: int) -> None:
        self._set_timer(guild_id, BATCH_S if await self.flush(guild_id) else RETRY_S)

    async def flush(self, guild_id: int | None = None) -> bool:
        """Write what waits of a guild, or of all; whether that worked.

        What could not be written waits on.
        """
        guilds = [
            (each, guild)
            for each, guild in self._guilds.items()
            if guild.lines and guild_id in (None, each)
        ]
        # At once, so that none waits for as long as the store lets the others wait.
        return all(await asyncio.gather(*(self._flush(each, guild) for each, guild in guilds)))

    async def _flush(self, guild_id: int, guild: _Guild) -> bool:
        async with self._locks.of(guild_id):
            try:
                await self._write(guild_id, guild)
            except StoreError as error:
                if not guild.failing:
                    log.warning("transcripts can't be written, and wait: %s", error.code)
                guild.failing = True
                return False
            guild.failing = False
            return True

    async def _write(self, guild_id: int, guild: _Guild) -> None:
        try:
            # Looked at anew each time: what was dropped meanwhile is not written.
            while lines := dict(islice(guild.lines.items(), _AT_ONCE)):
                await self._store.append(guild_id, list(lines.values()))
                self._written(guild, lines)
        except StoreError as error:
            if not error.retryable and len(guild.lines) > 1:
                await self._write_singly(guild_id, guild)
            if guild.lines:
                raise

    async def _write_singly(self, guild_id: int, guild: _Guild) -> None:
        refused = 0  # in a row
        for key in list(islice(guild.lines, _SINGLY)):
            if (line := guild.lines.get(key)) is None:
                continue
            try:
                await self._store.append(guild_id, [line])
            except StoreError as error:
                refused += 1
                if error.retryable or refused == _HOPELESS:
                    return
                if (newest := guild.lines.pop(key, None)) is not None:
                    guild.lines[key] = newest  # the last to be tried again
            else:
                refused = 0
                self._written(guild, {key: line})

    def _written(self, guild: _Guild, lines: Mapping[_Key, TranscriptLine]) -> None:
        for key, line in lines.items():  # but not what changed meanwhile
            if guild.lines.get(key) is line:
                self._take_out(guild, key)

    def drop(self, guild_id: int, unwanted: Callable[[TranscriptLine], bool]) -> int:
        """Leave out waiting lines of a guild; returns how many."""
        if (guild := self._guilds.get(guild_id)) is None:
            return 0
        keys = [key for key, line in guild.lines.items() if unwanted(line)]
        for key in keys:
            self._take_out(guild, key)
        return len(keys)

    async def forget(self, guild_id: int, user_id: int) -> int:
        """Remove all that a member said, written or waiting; returns how many lines.

        Raises:
            StoreError: The store still has lines of theirs.
        """
        async with self._locks.of(guild_id):
            waiting = self.drop(guild_id, lambda line: line.user_id == user_id)
            return waiting + await self._store.forget_lines(guild_id, user_id)

    async def expire(self, guild_id: int, before: float) -> int:
        """Remove what was said before (seconds since 1970); returns how many lines.

        Raises:
            StoreError: The store can't be written.
        """
        async with self._locks.of(guild_id):
            self.drop(guild_id, lambda line: line.at < before)
            return await self._store.expire(guild_id, before)

    async def close(self) -> None:
        """Write what waits, and end. Idempotent."""
        self._closed = True
        for guild in self._guilds.values():
            if guild.timer is not None:
                guild.timer.cancel()
                guild.timer = None
        try:
            await self._tasks.drain()
            await self.flush()
        finally:  # also when there is no more time for it
            if self._waiting:
                log.error("lines of transcripts that could not be written: %d", self._waiting)
            await self._tasks.close()
