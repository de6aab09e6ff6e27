"""The live panel of a room: shown anew when something changed, at most each 5 s.

Discord lets a bot's account make 50 requests a second, in all servers together, and the answers to
commands need them more than panels do. So where many rooms run, each panel is shown less often.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from bot.clock import Clock
from bot.domain.plan import RoomStatus
from bot.errors import ChatError
from bot.logs import get_logger
from bot.tasks import TaskOwner

log = get_logger(__name__)

EVERY_S: Final = 5.0  # that each panel rests, where few rooms run
MOST_A_SECOND: Final = 4.0  # changes of all panels of the process together


def pace_s(panels: int) -> float:
    """Return how many seconds each panel rests where so many are shown."""
    return max(EVERY_S, panels / MOST_A_SECOND)


class Surface(Protocol):
    """Where a room's state is seen: its message, and the line under its voice channel."""

    @property
    def panel_id(self) -> int:
        """Id of the panel's message; 0 while there is none."""

    async def leaving(self) -> None:
        """Take away what stands in the voice channel, as the bot is about to leave it."""

    async def show(self, status: RoomStatus) -> bool:
        """Show this state, or a summary of an ended room; returns whether anything was sent.

        Raises:
            ChatError: It can't be shown; `retryable` says whether it may be later.
        """


class Panel:
    """Keeps a surface true to its room.

    Must be made on the running event loop.

    Args:
        status: The room's state now.
        surface: Where it is seen.
        clock: Tells the time and calls back.
        shown: Called after anything was sent.
        panels: Returns how many panels there are in this process.
    """

    def __init__(
        self,
        status: Callable[[], RoomStatus],
        surface: Surface,
        clock: Clock,
        shown: Callable[[], None] = lambda: None,
        *,
        panels: Callable[[], int] = lambda: 1,
    ) -> None:
        self._status = status
        self._panels = panels
        self._surface = surface
        self._clock = clock
        self._shown = shown
        self._over = asyncio.Event()  # the sleep under way
        self._resting = False  # a change does not cut it short
        self._touched = False
        self._ended = False
        self._lost = False
        self._tasks = TaskOwner("panel")
        self._tasks.start(self._work(), "panel")

    @property
    def panel_id(self) -> int:
        """Id of the message that is shown; 0 while there is none."""
        return self._surface.panel_id

    async def leaving(self) -> None:
        """Take away what stands in the voice channel. To be called before the bot leaves it."""
        await self._surface.leaving()

    def touch(self) -> None:
        """Show the room anew, as something changed; otherwise it is looked at in its pace."""
        self._touched = True
        if not self._resting:
            self._over.set()

    def text_channel_lost(self) -> None:
        """Show nothing more: the message is gone, or can't be changed any more."""
        self._lost = True

    async def close(self) -> None:
        """Show how the room ended. Idempotent."""
        self._ended = True
        self._over.set()
        try:
            await self._tasks.drain()
        finally:
            await self._tasks.close()

    async def _work(self) -> None:
        while not self._lost:
            ended, self._touched = self._ended, False
            resting = False
            try:
                resting = await self._surface.show(self._status())
            except ChatError as error:
                log.warning("a panel could not be shown", code=error.code)
                if not error.retryable:
                    return
                resting = True
            else:
                self._shown()
            if ended:
                return
            await self._sleep(resting=resting)

    async def _sleep(self, *, resting: bool) -> None:
        if self._ended or (self._touched and not resting):
            return
        self._resting = resting
        self._over.clear()
        timer = self._clock.call_at(self._clock.now() + pace_s(self._panels()), self._over.set)
        try:
            await self._over.wait()
        finally:
            timer.cancel()
