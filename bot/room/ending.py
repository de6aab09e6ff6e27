"""How a room ends when nobody is left, and how the rooms of a process end together.

A room that is stopped by a person, is empty, or fails for good ends as long as it takes. When the
process ends, its rooms end side by side, each to be back afterwards, and have `ROOMS_S` for
everything: what is being said gets its last words, the captions are delivered, the bot leaves;
whatever takes longer is cut short, and the log says what.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

from bot.clock import Alarm, Clock
from bot.deadline import Deadline
from bot.locks import KeyedLimit
from bot.logs import get_logger
from bot.room import refusals
from bot.room.panel import Panel
from bot.tasks import TaskOwner
from bot.words import number, t

log = get_logger(__name__)

EMPTY_S: Final = 60.0  # without anybody in the voice channel
ROOMS_S: Final = 6.5
BACK_WITHIN_MINUTES: Final = 10  # of the restart; older rooms would come back as a surprise

# Seconds left at the end for each later step.
AFTER_LEAVING: Final = 5.5  # the line under the voice channel is taken away
AFTER_WORDS: Final = 3.0  # the conversations have ended
AFTER_CAPTIONS: Final = 1.0  # the captions are delivered
AFTER_LINK: Final = 0.3  # the bot has left
_AFTER_ALL: Final = 0.0

RESTARTING: Final = t(
    "I'm restarting, so nobody is being heard. If I'm back within {minutes} minutes, "
    "translation resumes automatically.",
    minutes=number(BACK_WITHIN_MINUTES),
)


class InTime(Protocol):
    """Waits for a part of the end, as long as it takes or as the end of the process allows."""

    def __call__(self, work: Awaitable[object], spare_s: float, what: str) -> Awaitable[None]:
        """Wait for some work; see `Ending.in_time`."""


class Emptiness:
    """Watches how long a voice channel has been empty of people.

    Args:
        clock: Tells the time and calls back.
        empty: Returns whether the voice channel is empty.
        ended: Called once it has been for `EMPTY_S`.
    """

    def __init__(self, clock: Clock, empty: Callable[[], bool], ended: Callable[[], None]) -> None:
        self._empty = empty
        self._ended = ended
        self._alarm = Alarm(clock, self._due)

    def look(self) -> None:
        """Look again, as somebody came or went."""
        if not self._empty():
            self._alarm.cancel()
        elif not self._alarm.waits:
            self._alarm.set_in(EMPTY_S)

    def close(self) -> None:
        """Stop watching the channel."""
        self._alarm.cancel()

    def _due(self) -> None:
        if self._empty():
            self._ended()


class Interruptible(Protocol):
    """What of a room has to do with its end."""

    def interrupt(self) -> None:
        """Hear nobody any more, and tell its people that it will be back."""

    async def close(self) -> None:
        """End the room."""


class Ending:
    """Whether the rooms of a process end, and how long each part of that may take."""

    def __init__(self) -> None:
        self.begun = False
        self._deadline = Deadline()
        self._under_way = 0  # what is to be broken off
        self._idle = asyncio.Event()
        self._idle.set()

    def begin(self) -> None:
        """Refuse whatever would begin from now on."""
        self.begun = True

    @asynccontextmanager
    async def breakable(self) -> AsyncIterator[None]:
        """Do something that makes no sense any more once the process ends.

        Raises:
            RestartingError: It ends.
        """
        if self.begun:
            raise refusals.restarting()
        self._under_way += 1
        self._idle.clear()
        try:
            async with self._deadline.before(ROOMS_S):
                yield
        except TimeoutError:
            if not self.begun:
                raise
            raise refusals.restarting() from None
        finally:
            self._under_way -= 1
            if self._under_way == 0:
                self._idle.set()

    async def in_time(self, work: Awaitable[object], spare_s: float, what: str) -> None:
        """Wait for something, as long as it takes; when the process ends, no longer than this.

        Args:
            work: What is waited for; cancelled when its time is over.
            spare_s: What has to be left for others then.
            what: Its name in the log.
        """
        try:
            async with self._deadline.before(spare_s):
                await work
        except TimeoutError:
            if not self.begun:
                raise
            log.warning("cut short because the process is ending", part=what)

    async def end(
        self,
        rooms: Mapping[int, Interruptible | None],
        panels: MutableMapping[int, Panel],
        changing: KeyedLimit,
        gone: Callable[[int], Awaitable[None]],
        tasks: TaskOwner,
    ) -> None:
        """Break off what has begun, and end rooms side by side, each to be back.

        Args:
            rooms: By guild; None: it is starting, or ends already for good.
            panels: Panels of some of the rooms; they are taken out.
            changing: Held while a guild's room is moved or stopped.
            gone: Called when a guild's room has ended.
            tasks: What ends rooms by itself; closed.
        """
        self.begin()
        self._deadline.set(ROOMS_S)
        for room in rooms.values():
            if room is not None:
                room.interrupt()

        async def end(guild_id: int, room: Interruptible | None) -> None:
            async with changing.of(guild_id):  # until what was under way is broken off or done
                if room is None:
                    return
                try:
                    await self._interrupt(guild_id, room, panels.pop(guild_id, None))
                finally:
                    await gone(guild_id)

        async def end_all() -> None:
            ends = (self._idle.wait(), tasks.drain(), *(end(*each) for each in rooms.items()))
            for result in await asyncio.gather(*ends, return_exceptions=True):
                if isinstance(result, Exception):
                    log.error("a room did not end cleanly", exc_info=result)

        await self.in_time(end_all(), _AFTER_ALL, "the rooms")
        await tasks.close()

    async def _interrupt(self, guild_id: int, room: Interruptible, panel: Panel | None) -> None:
        if panel is None:
            await room.close()
            return
        # Under a voice channel that it has left, the bot may not change the line.
        line = f"line under the voice channel of room {guild_id}"
        await self.in_time(panel.leaving(), AFTER_LEAVING, line)
        ended = self.in_time(panel.close(), AFTER_LINK, f"panel of room {guild_id}")
        await asyncio.gather(room.close(), ended)
