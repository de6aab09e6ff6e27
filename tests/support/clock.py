"""A clock that jumps."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.clock import Timer


class _Timer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """A Clock that stands still until it is moved; calls fall due in order while it moves."""

    def __init__(self, start: float = 1000.0) -> None:
        self._now = start
        self._due: list[tuple[float, int, _Timer]] = []
        self._count = 0

    def now(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> _Timer:
        self._count += 1
        timer = _Timer(callback)
        heapq.heappush(self._due, (when, self._count, timer))
        return timer

    @property
    def pending(self) -> int:
        """How many calls wait for their time."""
        return sum(timer.callback is not None for *_, timer in self._due)

    @property
    def next_at(self) -> float | None:
        """When the next call falls due."""
        return min((when for when, _, timer in self._due if timer.callback), default=None)

    def advance(self, seconds: float) -> None:
        """Move on by so much, running what falls due at its own time."""
        self.advance_to(self._now + seconds)

    def advance_to(self, end: float) -> None:
        """Move on until then, running what falls due at its own time."""
        while self._due and self._due[0][0] <= end:
            when, _, timer = heapq.heappop(self._due)
            self._now = max(self._now, when)
            if timer.callback is not None:
                timer.callback()
        self._now = max(self._now, end)


class WallClock:
    """A clock set by hand, with the date to its seconds; nothing may wait on it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        raise AssertionError(f"nothing waits here: {when} {callback}")

    def wall(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


class SetClock:
    """A machine's clock, which is set, beside one that never is: what is true passes with it.

    Args:
        clock: The time that passes.
        truth: The true date at its second 0.
    """

    def __init__(
        self, clock: ManualClock, truth: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    ) -> None:
        self._clock = clock
        self._began = truth
        self.off = timedelta()

    def truth(self) -> datetime:
        return self._began + timedelta(seconds=self._clock.now())

    def __call__(self) -> datetime:
        return self.truth() + self.off
