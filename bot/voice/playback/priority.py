"""Lets the player's threads run in time while other Python code is busy."""

import sys

_SOON_S = 0.001  # after which another thread gives way; Python's default is 5 ms


class ShortTurns:
    """Shortens Python's switch interval while voice is played anywhere in the process.

    A frame takes several switches between threads, and one is due every 20 ms.
    """

    def __init__(self) -> None:
        self._playing: set[object] = set()
        self._usual_s = 0.0

    def begin(self, player: object) -> None:
        """Record that a player plays. Idempotent."""
        if not self._playing:
            self._usual_s = sys.getswitchinterval()
            sys.setswitchinterval(min(_SOON_S, self._usual_s))
        self._playing.add(player)

    def end(self, player: object) -> None:
        """Record that a player stopped. Idempotent."""
        if player in self._playing:
            self._playing.remove(player)
            if not self._playing:
                sys.setswitchinterval(self._usual_s)


turns = ShortTurns()
