"""What was spent: counted in memory, written to the store in batches.

Counting never waits. What is not written yet is lost when the process is killed: at most what came
since the last batch.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final

from bot.batch_writer import BatchWriter, write_rows
from bot.clock import Clock
from bot.domain.events import Usage
from bot.domain.ports import UsageStore
from bot.domain.spent import Spent, SpentKey, spent
from bot.errors import StoreError
from bot.logs import get_logger
from bot.tasks import TaskOwner
from bot.usage.unwritten import Unwritten

log = get_logger(__name__)

BATCH_S: Final = 10.0
MOST_ROWS: Final = 10_000  # waiting to be written, while the store fails


class Ledger:
    """Counts for all rooms of the process.

    Args:
        store: Where it is kept.
        model: The model of the conversations.
        text_model: The model of text translation.
        tts_model: The model that reads typed words aloud.
        clock: The time between batches.
        wall: The date, in UTC. May be set, forwards and back.
        most_rows: How many rows may wait; see `Unwritten`.

    Attributes:
        spent: What this process spent, by model.
    """

    def __init__(
        self,
        store: UsageStore,
        *,
        model: str,
        text_model: str,
        tts_model: str,
        clock: Clock,
        wall: Callable[[], datetime],
        most_rows: int = MOST_ROWS,
    ) -> None:
        self._store = store
        self._model = model
        self._text_model = text_model
        self._tts_model = tts_model
        self._clock = clock
        self._wall = wall
        self._unwritten = Unwritten(most_rows)
        self._day = wall().date()
        self._today: dict[int, dict[str, Spent]] = {}  # by guild and model
        self._known: set[int] = set()  # guilds whose earlier rows of today are in `_today`
        self._asked: dict[int, float] = {}  # clock second of the last try to know such a guild
        self._writer = BatchWriter(
            "usage",
            clock=clock,
            waiting=self._unwritten.guilds,
            write=self._write,
            every_s=BATCH_S,
            retry_s=BATCH_S,
        )
        self._tasks = TaskOwner("ledger")
        self._unread: set[int] = set()  # guilds for which that failed
        self.spent: dict[str, Spent] = {}
        self._closed = False

    def __len__(self) -> int:
        """Return how many rows wait to be written."""
        return len(self._unwritten)

    @property
    def dropped(self) -> int:
        """Amounts not kept, as too many rows waited."""
        return self._unwritten.dropped

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
            async with self._writer.alone(guild_id):
                day = self.day
                stored = await self._store.day(guild_id, day)
                if self.knows(guild_id) or day != self.day:
                    continue
                amounts = dict(stored)
                for key, amount in self._unwritten.of(guild_id).items():
                    if key.day == day:
                        amounts[key.model] = amounts.get(key.model, Spent()) + amount
                self._today[guild_id] = amounts
                self._known.add(guild_id)

    def knows(self, guild_id: int) -> bool:
        """Return whether all that a guild spent today is known, not only the latest of it."""
        self._turn_the_page()
        return guild_id in self._known

    def _recall(self, guild_id: int) -> None:
        """Begin to know a guild in the day that has just begun; again later where that fails."""
        if self.knows(guild_id) or self._closed:
            return
        now = self._clock.now()
        if guild_id not in self._asked or now - self._asked[guild_id] >= BATCH_S:
            self._asked[guild_id] = now
            self._tasks.start(self._loaded(guild_id), f"today {guild_id}", guild=guild_id)

    async def _loaded(self, guild_id: int) -> None:
        try:
            await self.load(guild_id)
        except StoreError as error:
            if guild_id not in self._unread:
                log.warning("today's usage can't be read, trying again", reason=error)
            self._unread.add(guild_id)
        else:
            self._unread.discard(guild_id)

    def today(self, guild_id: int) -> Mapping[str, Spent]:
        """Return what a loaded guild spent today, by model; where a day has just begun, so far."""
        self._recall(guild_id)
        return self._today.get(guild_id, {})

    def text_tokens(self, guild_id: int) -> int:
        """Return how many tokens text translation took today for a loaded guild, in and out."""
        amount = self.today(guild_id).get(self._text_model, Spent())
        return amount.tokens_in + amount.tokens_out

    def voice_characters(self, guild_id: int) -> int:
        """Return how many typed characters were read aloud today for a loaded guild."""
        return self.today(guild_id).get(self._tts_model, Spent()).tokens_in

    def guilds(self) -> tuple[int, ...]:
        """Return the guilds that spent something today, as far as this process knows."""
        self._turn_the_page()
        return tuple(self._today)

    def release(self, guild_id: int) -> None:
        """Know a guild's sums no more, as another process counts on; what waits is written."""
        self._today.pop(guild_id, None)
        self._known.discard(guild_id)
        self._asked.pop(guild_id, None)

    def used(self, guild_id: int, user_id: int, usage: Usage) -> Mapping[str, Spent]:
        """Count what a conversation used, and return it by model.

        `NOBODY` as user counts for the guild alone.
        """
        self._recall(guild_id)
        day = self.day
        today = self._today.setdefault(guild_id, {})
        amounts = spent(
            usage,
            model=self._model,
            text_model=self._text_model,
            tts_model=self._tts_model,
        )
        for model, amount in amounts.items():
            today[model] = today.get(model, Spent()) + amount
            self.spent[model] = self.spent.get(model, Spent()) + amount
            self._unwritten.add(SpentKey(day, guild_id, user_id, model), amount)
        self._writer.soon(guild_id)
        return amounts

    async def flush(self, guild_id: int | None = None) -> bool:
        """Write what waits of a guild, or of all; return whether that worked.

        What could not be written waits on.
        """
        return await self._writer.flush(guild_id)

    async def _write(self, guild_id: int) -> None:
        rows = self._unwritten.take(guild_id)

        def written(some: Mapping[SpentKey, Spent]) -> None:
            for key in some:
                del rows[key]

        try:
            await write_rows(rows, self._store.add, written)
        finally:
            self._unwritten.give_back(guild_id, rows)

    async def spent_by_day(
        self, guild_id: int, since: date, user_id: int
    ) -> Mapping[SpentKey, Spent]:
        """Return what a guild spent from a day on; what waits is written first.

        A row for each day and model of this person, and of all others together as `NOBODY`.

        Raises:
            StoreError: The store can't be read.
        """
        await self.flush(guild_id)
        return await self._store.since(guild_id, since, user_id)

    async def forget(self, guild_id: int, user_id: int) -> None:
        """Name this person in no row of a guild; the guild's sums stay as they are.

        Raises:
            StoreError: The store still has rows of theirs.
        """
        async with self._writer.alone(guild_id):
            self._unwritten.forget(guild_id, user_id)
            await self._store.forget(guild_id, user_id)

    async def close(self) -> None:
        """Write what waits, and end. Idempotent."""
        self._closed = True
        try:
            await self._tasks.drain()
            await self._writer.close()
        finally:  # also when there is no more time for it
            if self._unwritten:
                log.error("rows of usage that could not be written", count=len(self))
            await self._tasks.close()
