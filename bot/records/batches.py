"""Lines of transcripts on their way to the store: taken at once, written in batches.

Taking never waits. What is not written yet is lost when the process is killed: at most what came
since the last batch.
"""

from collections.abc import Callable, Mapping
from typing import Final

from bot.batch_writer import BatchWriter, write_rows
from bot.clock import Clock
from bot.domain.stored import TranscriptLine
from bot.domain.stores import TranscriptStore
from bot.logs import get_logger

log = get_logger(__name__)

BATCH_S: Final = 2.0
RETRY_S: Final = 10.0
MOST_LINES: Final = 10_000  # waiting, while the store fails: about 5 MB

_Key = tuple[str, int, str]  # session, utterance, language


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
        self._most_lines = most_lines
        self._lines: dict[int, dict[_Key, TranscriptLine]] = {}  # by guild, the oldest first
        self._waiting = 0
        self._writer = BatchWriter(
            "transcripts",
            clock=clock,
            waiting=lambda: self._lines,
            write=self._write,
            every_s=BATCH_S,
            retry_s=RETRY_S,
        )
        self.dropped = 0

    def __len__(self) -> int:
        """Return how many lines wait."""
        return self._waiting

    def keep(self, guild_id: int, line: TranscriptLine) -> None:
        """Write this line soon, in the place of the one that there is for its utterance."""
        key = line.session, line.utterance, line.language
        lines = self._lines.setdefault(guild_id, {})
        self._waiting += key not in lines
        lines[key] = line
        if self._waiting > self._most_lines:
            self._leave_out_one()
        self._writer.soon(guild_id)

    def _leave_out_one(self) -> None:
        guild_id, lines = max(self._lines.items(), key=lambda of: len(of[1]))
        self._take_out(guild_id, next(iter(lines)))
        if self.dropped == 0:
            log.error("lines of transcripts are dropped: the store has failed for too long")
        self.dropped += 1

    def _take_out(self, guild_id: int, key: _Key) -> None:
        lines = self._lines[guild_id]
        del lines[key]
        self._waiting -= 1
        if not lines:
            del self._lines[guild_id]  # nothing of a guild is kept while nothing of it waits

    async def flush(self, guild_id: int | None = None) -> bool:
        """Write what waits of a guild, or of all; return whether that worked.

        What could not be written waits on.
        """
        return await self._writer.flush(guild_id)

    async def _write(self, guild_id: int) -> None:
        lines = self._lines.get(guild_id, {})

        async def write(some: Mapping[_Key, TranscriptLine]) -> None:
            await self._store.append(guild_id, list(some.values()))

        def written(some: Mapping[_Key, TranscriptLine]) -> None:
            for key, line in some.items():  # but not what changed meanwhile
                if lines.get(key) is line:
                    self._take_out(guild_id, key)

        await write_rows(lines, write, written)

    def drop(self, guild_id: int, unwanted: Callable[[TranscriptLine], bool]) -> int:
        """Leave out waiting lines of a guild; returns how many."""
        lines = self._lines.get(guild_id, {})
        keys = [key for key, line in lines.items() if unwanted(line)]
        for key in keys:
            self._take_out(guild_id, key)
        return len(keys)

    async def forget(self, guild_id: int, user_id: int) -> int:
        """Remove all that a member said, written or waiting; returns how many lines.

        Raises:
            StoreError: The store still has lines of theirs.
        """
        async with self._writer.alone(guild_id):
            waiting = self.drop(guild_id, lambda line: line.user_id == user_id)
            return waiting + await self._store.forget_lines(guild_id, user_id)

    async def expire(self, guild_id: int, before: float) -> int:
        """Remove what was said before (seconds since 1970); returns how many lines.

        Raises:
            StoreError: The store can't be written.
        """
        async with self._writer.alone(guild_id):
            self.drop(guild_id, lambda line: line.at < before)
            return await self._store.expire(guild_id, before)

    async def close(self) -> None:
        """Write what waits, and end. Idempotent."""
        try:
            await self._writer.close()
        finally:  # also when there is no more time for it
            if self._waiting:
                log.error("lines of transcripts could not be written", count=self._waiting)
