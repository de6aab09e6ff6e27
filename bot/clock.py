"""Time as something passed in, so that a test can hold it."""

import asyncio
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that waits for its time."""

    def cancel(self) -> None:
        """Do not call. Without effect once called."""


class Clock(Protocol):
    """Monotonic seconds, and calls at a time."""

    def now(self) -> float:
        """Seconds since an arbitrary start; never goes back."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back once `now()` has reached `when` (seconds), on the event loop."""


class LoopClock:
    """The running event loop's clock; on Linux the same CLOCK_MONOTONIC in every process."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now(self) -> float:
        """Seconds of the loop's monotonic clock."""
        return self._loop.time()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back at loop time `when`."""
        return self._loop.call_at(when, callback)
