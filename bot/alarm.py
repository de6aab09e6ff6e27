"""A call that waits for its time; setting it anew forgets the time before."""

from collections.abc import Callable

from bot.clock import Clock, Timer


class Alarm:
    """At most one call waits.

    Args:
        clock: Time.
        ring: What is called.
    """

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        self._clock = clock
        self._ring = ring
        self._timer: Timer | None = None

    def set(self, when: float) -> None:
        """Call at this clock second."""
        self.cancel()
        self._timer = self._clock.call_at(when, self._due)

    def cancel(self) -> None:
        """Call no more, unless it is set again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        self._ring()
