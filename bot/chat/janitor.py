"""Removes captions when their minutes are over, so that no permanent record stays.

Rooms end and boards close before that, so janitors outlive them: one for each guild, whose removals
go one after the other and hold up no other guild's. In bulk
where the bot may manage messages (one request for up to a hundred), else one by one, slowly: such
deletions share the captions' limit. What a process left behind when it ended is found again when
the next board opens in the same channel (`history`).
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from weakref import WeakValueDictionary

from bot.chat.faults import UnwritableError
from bot.chat.transport import CaptionTransport, MessageRef
from bot.clock import Clock
from bot.errors import ChatError, MessageGoneError
from bot.logs import get_logger
from bot.tasks import TaskOwner
from bot.wall_clock import Wall

log = get_logger(__name__)

BULK = 100  # messages, the most that Discord takes
_GATHERED_S = 30.0  # removals come together, so that bulk is worth it
_ONE_BY_ONE_S = 2.5
_AGAIN_MINUTES = 1.0  # after a failure that may pass
_MOST = 100_000  # messages remembered; beyond, the oldest stay in the channel
_OLDEST: Final = timedelta(days=13)  # Discord removes none together that are older than 14


class Historic(CaptionTransport, Protocol):
    """A place where captions of an earlier run of ours may stand."""

    def history(self) -> AsyncIterator[tuple[MessageRef, datetime]]:
        """Yield each caption that stands, and since when; newest first."""


class Janitor:
    """Knows what a guild wants removed when, and does it. To be made on the running event loop.

    Args:
        clock: Tells the time and calls back.
        wall: The date, by which it is known how long captions of an earlier run have stood.
        guild_id: The guild, for the log.
    """

    def __init__(self, clock: Clock, wall: Wall, guild_id: int = 0) -> None:
        self._clock = clock
        self._wall = wall
        self._due: OrderedDict[MessageRef, tuple[CaptionTransport, float]] = OrderedDict()
        self._figures = dict.fromkeys(("removed", "kept_back", "forgotten"), 0)
        self._tasks = TaskOwner("janitor", guild=guild_id)
        self._working = False  # only while anything is to be removed
        self._closed = False

    def remove_later(
        self, place: CaptionTransport, ref: MessageRef, minutes: float, age_s: float = 0.0
    ) -> None:
        """Remove a message so many minutes after this, or its last such, call.

        Args:
            place: Where the message stands.
            ref: The message.
            minutes: How long it stays.
            age_s: Seconds that it has stood already.
        """
        self._due.pop(ref, None)
        self._due[ref] = (place, self._clock.now() + minutes * 60 - age_s)
        if len(self._due) > _MOST:
            self._due.popitem(last=False)
            self._figures["forgotten"] += 1
        if not self._working and not self._closed:
            self._working = True
            self._tasks.start(self._work(), "worker")

    def catch_up(self, place: Historic, minutes: float) -> None:
        """Remove in time what an earlier run left here."""
        if not self._closed:
            self._tasks.start(self._look_back(place, minutes), "look back")

    async def _look_back(self, place: Historic, minutes: float) -> None:
        try:
            async for ref, since in place.history():
                # None goes too early for a wrong clock; where none is sure, its minutes begin now.
                age = (self._wall.reached() or since) - since
                if age > _OLDEST:
                    break
                if ref not in self._due:
                    self.remove_later(place, ref, minutes, max(0.0, age.total_seconds()))
        except ChatError as error:
            log.warning("earlier captions not found", code=error.code)

    def figures(self) -> dict[str, int]:
        """Return counters by name (removed, kept_back, forgotten), and how many wait."""
        return {**self._figures, "waiting": len(self._due)}

    async def close(self) -> None:
        """End; what is not due yet stays. Idempotent."""
        self._closed = True
        await self._tasks.close()

    async def _work(self) -> None:
        while self._due:
            await self._until(min(at for _, at in self._due.values()))
            now = self._clock.now()
            due: dict[tuple[CaptionTransport, int], list[MessageRef]] = {}
            for ref, (place, at) in self._due.items():
                if at <= now:
                    due.setdefault((place, ref.channel_id), []).append(ref)
            for (place, _), refs in due.items():
                try:
                    await self._clear(place, refs)
                except Exception:  # one place's fault must not keep all others' captions standing
                    log.exception("captions could not be removed")
                    self._figures["kept_back"] += len(refs)
            await self._until(self._clock.now() + _GATHERED_S)
        self._working = False

    async def _until(self, at: float) -> None:
        """Wait until then, or until the removals gathered meanwhile are due."""
        reached = asyncio.Event()
        timer = self._clock.call_at(min(at, self._clock.now() + _GATHERED_S), reached.set)
        try:
            await reached.wait()
        finally:
            timer.cancel()

    async def _clear(self, place: CaptionTransport, refs: list[MessageRef]) -> None:
        for number, batch in enumerate(_batches(refs)):
            for ref in batch:
                self._due.pop(ref, None)
            try:
                together = await place.delete_all(batch)
            except ChatError as error:
                log.info("captions not removed together", code=error.code)
                together = False
            if together:
                self._figures["removed"] += len(batch)
            elif (left := await self._one_by_one(place, batch)) is not None:
                # The others there can't be removed either. Whoever took the bot's permissions away
                # decides what stays.
                rest = refs[(number + 1) * BULK :]
                log.warning("captions were not removed", count=left + len(rest))
                for ref in rest:
                    self._due.pop(ref, None)
                self._figures["kept_back"] += left + len(rest)
                return

    async def _one_by_one(self, place: CaptionTransport, refs: Sequence[MessageRef]) -> int | None:
        """Remove messages; return None when done, else how many are left that can't be removed."""
        for done, ref in enumerate(refs):
            try:
                await place.delete(ref)
            except (UnwritableError, MessageGoneError):
                return len(refs) - done
            except ChatError as error:
                if error.retryable:
                    self.remove_later(place, ref, _AGAIN_MINUTES)
                else:
                    log.warning("a caption was not removed", code=error.code)
                    self._figures["kept_back"] += 1
            else:
                self._figures["removed"] += 1
            await self._until(self._clock.now() + _ONE_BY_ONE_S)
        return None


def _batches(refs: list[MessageRef]) -> list[list[MessageRef]]:
    return [refs[start : start + BULK] for start in range(0, len(refs), BULK)]


class Janitors:
    """The janitors of all guilds. To be used on the running event loop.

    One is kept for as long as a board uses it or it has something to do.

    Args:
        clock: Tells the time and calls back.
        wall: Tells the date and time of day.
    """

    def __init__(self, clock: Clock, wall: Wall) -> None:
        self._clock = clock
        self._wall = wall
        self._known: WeakValueDictionary[int, Janitor] = WeakValueDictionary()

    def of(self, guild_id: int) -> Janitor:
        """Return a guild's janitor."""
        if (janitor := self._known.get(guild_id)) is None:
            janitor = self._known[guild_id] = Janitor(self._clock, self._wall, guild_id)
        return janitor

    async def close(self) -> None:
        """End all; what is not due yet stays. Idempotent."""
        for janitor in list(self._known.values()):
            await janitor.close()
