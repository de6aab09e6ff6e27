"""Lets the player's threads have their turn in time, beside Python code that is busy."""

import sys

_SOON_S = 0.001  # after so long another thread gives way; Python's own figure is 5 ms


class ShortTurns:
    """Shortens the interpreter's turns while voice is played anywhere in the process.

    A frame takes several turns of the interpreter, and is due each 20 ms.
    """

    def __init__(self) -> None:
        self._playing: set[object] = set()
        self._usual_s = 0.0

    def begin(self, player: object) -> None:
        """This player plays from now on. Idempotent."""
        if not self._playing:
            self._usual_s = sys.getswitchinterval()
            sys.setswitchinterval(min(_SOON_S, self._usual_s))
        self._playing.add(player)

    def end(self, player: object) -> None:
        """It doesn't any more. Idempotent."""
        if player in self._playing:
            self._playing.remove(player)
            if not self._playing:
                sys.setswitchinterval(self._usual_s)


turns = ShortTurns()
