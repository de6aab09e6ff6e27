"""The rooms that run, kept in the store so that they are back after the process was killed.

Each is written when it changes and once a minute, so that its age is known when it is read again.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bot.clock import Alarm, Clock
from bot.domain.plan import RoomPlan
from bot.domain.spent import NOBODY
from bot.domain.stored import SavedRoom
from bot.domain.stores import RoomStore
from bot.errors import StoreError
from bot.locks import KeyedLimit
from bot.logs import get_logger
from bot.room.languages import Languages
from bot.tasks import TaskOwner

log = get_logger(__name__)


EVERY_S: Final = 60.0  # rooms that run are written again
OLDEST_S: Final = 600.0  # since it was last known to run; an older room does not come back
_AHEAD_S: Final = 60.0  # a room written later than now, as the clock was set back


def saved_room(
    plan: RoomPlan, where: int, languages: Languages, ids: tuple[int, int], *, paused: bool
) -> SavedRoom:
    """Return a room as it is to come back.

    Args:
        plan: What it does.
        where: The voice channel in which it is.
        languages: Those it is translated into.
        ids: Of who started it, and of its panel's message.
        paused: It is paused.
    """
    return SavedRoom(
        plan.guild_id,
        where,
        plan.text_channel_id,
        languages.chosen,
        plan.spoken,
        ids[0],
        plan.session,
        paused,
        ids[1],
        guests=languages.allowed.own,
        voice=plan.voice,
    )


class RememberedRooms:
    """Writes each room's newest state, one write of a guild at a time.

    A store that fails ends no room: the room would not be back, and the log says so.

    Args:
        store: Where the rooms are kept.
        clock: Tells the time and calls back.
        now: Seconds since 1970.
    """

    def __init__(self, store: RoomStore, clock: Clock, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now
        self._next = Alarm(clock, self._again)
        self._newest: dict[int, SavedRoom] = {}
        self._written: dict[int, SavedRoom] = {}
        self._locks = KeyedLimit()  # of a guild: one writes
        self._tasks = TaskOwner("remembered rooms")

    def keep(self, room: SavedRoom) -> None:
        """Write a room's state soon, if anything changed."""
        if self._newest.get(room.guild_id) == room:
            return
        self._newest[room.guild_id] = room
        self._tasks.start(self._write(room.guild_id), f"keep {room.guild_id}", guild=room.guild_id)
        if not self._next.waits:
            self._next.set_in(EVERY_S)

    def _again(self) -> None:
        if not self._newest:
            return
        self._written.clear()
        for guild_id in self._newest:
            self._tasks.start(self._write(guild_id), f"keep {guild_id}", guild=guild_id)
        self._next.set_in(EVERY_S)

    def fresh(self, room: SavedRoom) -> bool:
        """Return whether a room ran so lately that its people still expect it."""
        return -_AHEAD_S <= self._now() - room.saved_at <= OLDEST_S

    async def _write(self, guild_id: int) -> None:
        async with self._locks.of(guild_id):
            newest = self._newest.get(guild_id)
            if newest is None or newest == self._written.get(guild_id):
                return  # it ended, or a later write was first
            try:
                await self._store.save_room(replace(newest, saved_at=self._now()))
            except StoreError as error:
                log.warning("a running room could not be remembered", reason=error)
            else:
                self._written[guild_id] = newest

    async def drop(self, guild_id: int) -> None:
        """Forget a room, which ended and is not to come back."""
        self._newest.pop(guild_id, None)
        self._written.pop(guild_id, None)
        if not self._newest:
            self._next.cancel()
        async with self._locks.of(guild_id):
            try:
                await self._store.drop_room(guild_id)
            except StoreError as error:
                log.warning("an ended room could not be forgotten", reason=error)

    def release(self, guild_id: int) -> None:
        """Write a room no more: it goes on in another process, which writes it."""
        self._newest.pop(guild_id, None)
        self._written.pop(guild_id, None)

    async def rooms(self, shard: int = 0, shards: int = 1) -> list[SavedRoom]:
        """Return the rooms of a shard that ran when their process ended.

        Raises:
            StoreError: The store can't be read.
        """
        return await self._store.rooms(shard, shards)

    async def forget(self, guild_id: int, user_id: int) -> bool:
        """Name this person nowhere as the one who started; returns whether they were named.

        Raises:
            StoreError: They still are.
        """
        async with self._locks.of(guild_id):
            room = await self._store.room(guild_id)
            if room is None or room.starter_id != user_id:
                return False
            await self._store.save_room(replace(room, starter_id=NOBODY))
            return True

    async def close(self) -> None:
        """Write once more what runs, so that its age counts from now, and end. Idempotent."""
        self._again()
        self._next.cancel()
        await self._tasks.drain()
        await self._tasks.close()
        self._newest.clear()
