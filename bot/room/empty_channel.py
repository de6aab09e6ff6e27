"""Ends a room in which nobody is left."""

from collections.abc import Callable
from typing import Final

from bot.clock import Clock, Timer

EMPTY_S: Final = 60.0


class Emptiness:
    """Watches how long a voice channel has been empty of people.

    Args:
        clock: The time.
        empty: Whether it is.
        ended: Called once it has been for `EMPTY_S`.
    """

    def __init__(self, clock: Clock, empty: Callable[[], bool], ended: Callable[[], None]) -> None:
        self._clock = clock
        self._empty = empty
        self._ended = ended
        self._timer: Timer | None = None

    def look(self) -> None:
        """Somebody came or went."""
        if not self._empty():
            self.close()
        elif self._timer is None:
            self._timer = self._clock.call_at(self._clock.now() + EMPTY_S, self._due)

    def close(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self._timer = None
        if self._empty():
            self._ended()
