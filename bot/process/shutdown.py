"""The end of the bot: what has to happen at once, then its parts in order, each in its time.

`PARTS_S` is what all of them may take together; each leaves to those behind it what they need at
least. A part that takes longer is cancelled and left alone, so that one which hangs keeps nobody
from closing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Self

from bot.deadline import Deadline
from bot.logs import get_logger

log = get_logger(__name__)

PARTS_S: Final = 8.6
_LEAST_S: Final = 0.05  # for a part, whatever those before it took
_OBEYS_S: Final = 0.1  # until a part that is cancelled has ended

Close = Callable[[], Awaitable[None]]


class Shutdown:
    """Ends the parts of one bot, as an async context manager that they are told to."""

    def __init__(self) -> None:
        self._deadline = Deadline()
        self._stack = AsyncExitStack()
        self._at_once: list[Callable[[], None]] = []
        self._doing = "starting"

    @property
    def begun(self) -> bool:
        """Whether the bot ends."""
        return self._deadline.is_set

    def left(self) -> float:
        """Return the seconds until everything has to have ended; infinite while nothing ends."""
        return self._deadline.left()

    def doing(self) -> str:
        """Return what is being waited for, for the log."""
        return self._doing

    def at_once(self, call: Callable[[], None]) -> None:
        """Call this as soon as the end begins, before anything else."""
        self._at_once.append(call)

    def begin(self) -> None:
        """End the bot from now on. Idempotent."""
        if self.begun:
            return
        self._deadline.set(PARTS_S)
        self._doing = "beginning to end"
        for call in self._at_once:
            try:
                call()
            except Exception:
                log.exception("the shutdown began with an error")

    def part(self, name: str, close: Close, spare_s: float) -> None:
        """Close this at the end, before all that were told earlier.

        Args:
            name: Its name in the log.
            close: Closes it. What it raises is raised once all are closed.
            spare_s: What has to be left of the time for those behind it.
        """
        self._stack.push_async_callback(self._close, name, close, spare_s)

    async def _close(self, name: str, close: Close, spare_s: float) -> None:
        self.begin()
        self._doing = name
        task = asyncio.get_running_loop().create_task(_run(close), name=f"end of {name}")
        await asyncio.wait({task}, timeout=max(_LEAST_S, self.left() - spare_s))
        if not task.done():
            log.error("did not stop in time and was given up", part=name)
            task.cancel()
            await asyncio.wait({task}, timeout=_OBEYS_S)
        self._doing = f"what is behind {name}"
        if task.done() and not task.cancelled():
            task.result()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.begin()
        await self._stack.__aexit__(kind, error, trace)


async def _run(close: Close) -> None:
    await close()
