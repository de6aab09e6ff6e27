"""What was spent: counted in memory, written to the store in batches.

Counting never waits. What is not written yet is lost when the process is killed: at most what came
since the last batch.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime

from bot.clock import Clock, Timer
from bot.errors import StoreError
from bot.room.events import Usage
from bot.room.ports import UsageStore
from bot.room.spent import NOBODY, Spent, SpentKey, spent
from bot.tasks import TaskOwner

log = logging.getLogger(__name__)

BATCH_S = 10.0
MOST_ROWS = 10_000  # waiting to be written, while the store fails


class Ledger:
    """Counts for all rooms of the process.

    Args:
        store: Where it is kept.
        model: Of the conversations.
        text_model: Of text translation.
        clock: The time between batches.
        wall: The date, in UTC. May be set, forwards and back.
        most_rows: How many rows may wait. Beyond, what people used is counted for their guild
            alone; beyond twice as many it is not kept, and counted in `dropped`.
    """

    def __init__(
        self,
        store: UsageStore,
        *,
        model: str,
        text_model: str,
        clock: Clock,
        wall: Callable[[], datetime],
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._store = store
        self._model = model
        self._text_model = text_model
        self._clock = clock
        self._wall = wall
        self._most_rows = most_rows
        self._waiting: dict[SpentKey, Spent] = {}
        self._day = wall().date()
        self._today: dict[int, dict[str, Spent]] = {}  # by guild and model
        self._known: set[int] = set()  # guilds whose earlier rows of today are in `_today`
        self._asked: dict[int, float] = {}  # clock second of the last try to know such a guild
        self._writing = asyncio.Lock()
        self._timer: Timer | None = None
        self._tasks = TaskOwner("ledger")
        self._failing = False
        self._closed = False
        self.dropped = 0

    def __len__(self) -> int:
        """Rows that wait to be written."""
        return len(self._waiting)

    @property
    def day(self) -> date:
        """Today, in UTC."""
        self._turn_the_page()
        return self._day

    def _turn_the_page(self) -> None:
        today = self._wall().date()
        if today != self._day:
            self._day = today
            # Today's rows may be there already: it was today before, by a clock that was wrong
            # then or in between.
            for of_day in (self._today, self._known, self._asked):
                of_day.clear()

    async def load(self, guild_id: int) -> None:
        """Know what a guild spent today before this process began.

        Raises:
            StoreError: The store can't be read.
        """
        while not self.knows(guild_id):
            # No batch is under way meanwhile: what waits is not in the store, what does not is.
            async with self._writing:
                day = self.day
                stored = await self._store.day(guild_id, day)
                if self.knows(guild_id) or day != self.day:
                    continue
                amounts = dict(stored)
                for key, amount in self._waiting.items():
                    if (key.guild_id, key.day) == (guild_id, day):
                        amounts[key.model] = amounts.get(key.model, Spent()) + amount
                self._today[guild_id] = amounts
                self._known.add(guild_id)

    def knows(self, guild_id: int) -> bool:
        """Whether all that a guild spent today is known, and not only what it did just now."""
        self._turn_the_page()
        return guild_id in self._known

    def _recall(self, guild_id: int) -> None:
        """Begin to know a guild in the day that has just begun; again later where that fails."""
        if self.knows(guild_id) or self._closed:
            return
        now = self._clock.now()
        if guild_id not in self._asked or now - self._asked[guild_id] >= BATCH_S:
            self._asked[guild_id] = now
            self._tasks.start(self._loaded(guild_id), f"today {guild_id}")

    async def _loaded(self, guild_id: int) -> None:
        try:
            await self.load(guild_id)
        except StoreError as error:
            if not self._failing:
                log.warning("what was spent today can't be read, and is asked again: %s", error)
            self._failing = True

    def today(self, guild_id: int) -> Mapping[str, Spent]:
        """What a loaded guild spent today, by model; where a day has just begun, so far."""
        self._recall(guild_id)
        return self._today.get(guild_id, {})

    def guilds(self) -> tuple[int, ...]:
        """Those that spent something today, as far as this process knows."""
        self._turn_the_page()
        return tuple(self._today)

    def used(self, guild_id: int, user_id: int, usage: Usage) -> None:
        """Count what a conversation used; `NOBODY` as user counts for the guild alone."""
        self._recall(guild_id)
        day = self.day
        today = self._today.setdefault(guild_id, {})
        for model, amount in spent(usage, model=self._model, text_model=self._text_model).items():
            today[model] = today.get(model, Spent()) + amount
            self._wait(SpentKey(day, guild_id, user_id, model), amount)
        if self._waiting and self._timer is None and not self._closed:
            self._timer = self._clock.call_at(self._clock.now() + BATCH_S, self._due)

    def _wait(self, key: SpentKey, amount: Spent) -> None:
        if key not in self._waiting and len(self._waiting) >= self._most_rows:
            key = replace(key, user_id=NOBODY)
            if key not in self._waiting and len(self._waiting) >= 2 * self._most_rows:
                if self.dropped == 0:
                    log.error("usage is not kept any more: the store has failed for too long")
                self.dropped += 1
                return
        self._waiting[key] = self._waiting.get(key, Spent()) + amount

    def _due(self) -> None:
        self._timer = None
        self._tasks.start(self._batch(), "batch")

    async def _batch(self) -> None:
        await self.flush()
        if self._waiting and self._timer is None and not self._closed:
            self._timer = self._clock.call_at(self._clock.now() + BATCH_S, self._due)

    async def flush(self) -> bool:
        """Write what waits; whether that worked. What could not be written waits on."""
        async with self._writing:
            batch, self._waiting = self._waiting, {}
            if not batch:
                return True
            try:
                await self._store.add(batch)
            except StoreError as error:
                if not self._failing:
                    log.warning("usage can't be written, and is kept in memory: %s", error)
                self._failing = True
                self._restore(batch)
                return False
            except BaseException:
                self._restore(batch)
                raise
            self._failing = False
            return True

    def _restore(self, batch: Mapping[SpentKey, Spent]) -> None:
        newer, self._waiting = self._waiting, dict(batch)
        for key, amount in newer.items():
            self._wait(key, amount)

    async def spent_by_day(self, guild_id: int, since: date) -> Mapping[SpentKey, Spent]:
        """What a guild spent from a day on, row by row; what waits is written first.

        Raises:
            StoreError: The store can't be read.
        """
        await self.flush()
        return await self._store.since(guild_id, since)

    async def forget(self, guild_id: int, user_id: int) -> None:
        """Name this person in no row of a guild; the guild's sums stay as they are.

        Raises:
            StoreError: The store still has rows of theirs.
        """
        async with self._writing:
            waiting, self._waiting = self._waiting, {}
            for key, amount in waiting.items():
                mine = (key.guild_id, key.user_id) == (guild_id, user_id)
                self._wait(replace(key, user_id=NOBODY) if mine else key, amount)
            await self._store.forget(guild_id, user_id)

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
                log.error("%d rows of usage could not be written", len(self._waiting))
            await self._tasks.close()
