"""Ends a room in which nobody is left."""

from collections.abc import Callable
from typing import Final

from bot.clock import Alarm, Clock

EMPTY_S: Final = 60.0


class Emptiness:
    """Watches how long a voice channel has been empty of people.

    Args:
        clock: The time.
        empty: Whether it is.
        ended: Called once it has been for `EMPTY_S`.
    """

    def __init__(self, clock: Clock, empty: Callable[[], bool], ended: Callable[[], None]) -> None:
        self._empty = empty
        self._ended = ended
        self._alarm = Alarm(clock, self._due)

    def look(self) -> None:
        """Somebody came or went."""
        if not self._empty():
            self._alarm.cancel()
        elif not self._alarm.waits:
            self._alarm.set_in(EMPTY_S)

    def close(self) -> None:
        """Watch no more."""
        self._alarm.cancel()

    def _due(self) -> None:
        if self._empty():
            self._ended()
