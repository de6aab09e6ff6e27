"""Time as something passed in, so that a test can hold it."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that waits for its time."""

    def cancel(self) -> None:
        """Do not call. Without effect once called."""


class Clock(Protocol):
    """Monotonic seconds, and calls at a time."""

    def now(self) -> float:
        """Return the seconds since an arbitrary start; never goes back."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back once `now()` has reached `when` (seconds), on the event loop."""


class LoopClock:
    """The running event loop's clock; on Linux the same CLOCK_MONOTONIC in every process."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    # The clock that asyncio's loops use, read directly, as each packet and message reads it.
    now = staticmethod(time.monotonic)

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call back at loop time `when`."""
        return self._loop.call_at(when, callback)


class Alarm:
    """One call that waits for its time; setting it anew forgets the time before.

    Args:
        clock: Tells the time and calls back.
        ring: Called when the time has come.
    """

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._timer: Timer | None = None

    @property
    def waits(self) -> bool:
        """Return True while the call is to come."""
        return self._timer is not None

    def set(self, when: float) -> None:
        """Call once `Clock.now` has reached `when`, in seconds."""
        self.cancel()
        self._timer = self._clock.call_at(when, self._due)

    def set_in(self, seconds: float) -> None:
        """Call in this many seconds."""
        self.set(self._clock.now() + seconds)

    def cancel(self) -> None:
        """Call no more, unless it is set again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        self._ring()
