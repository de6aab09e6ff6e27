"""What Discord refused, remembered for no longer than its cause may last.

A request that was refused is not made again and again: many refusals get a bot restricted. But the
cause goes away: somebody gives a permission back, deletes a webhook, unlocks a thread. Where that
shows, the request is made again at once; where nothing shows it, after rests that grow.
"""

from collections import deque
from collections.abc import Hashable
from typing import Final

from bot.clock import Clock

FIRST_REST_S: Final = 60.0
LONGEST_REST_S: Final = 1800.0
LEAST_REST_S: Final = 5.0
"""Also where the cause seems to be gone."""
MOST_AN_HOUR: Final = 10
"""Refusals of one kind in one place, whatever changes meanwhile."""

_HOUR_S = 3600.0


class Refused:
    """Whether one kind of request is to be left, as it was refused. Not refused at first.

    Args:
        clock: Tells the time and calls back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=MOST_AN_HOUR)
        self._held = False
        self._under: Hashable = None
        self._eased = False
        self._at = float("-inf")
        self._rest_s = FIRST_REST_S

    def note(self, under: Hashable = None, *, asked: bool = True) -> None:
        """Record that it was refused.

        Args:
            under: The circumstances; once they are others, it may be granted.
            asked: By Discord; otherwise it was seen to be in vain before it was asked for.
        """
        now = self._clock.now()
        again = now - self._at < _HOUR_S
        self._rest_s = min(self._rest_s * 2, LONGEST_REST_S) if again else FIRST_REST_S
        self._held, self._eased, self._under, self._at = True, False, under, now
        if asked:
            self._times.append(now)

    def holds(self, under: Hashable = None) -> bool:
        """Return whether it would probably be refused again under these circumstances."""
        if not self._held:
            return False
        # A change counts also when it was taken back: it may have become known after the refusal.
        self._eased |= under != self._under
        now = self._clock.now()
        full = len(self._times) == MOST_AN_HOUR and self._times[0] > now - _HOUR_S
        return full or now < self._at + (LEAST_REST_S if self._eased else self._rest_s)

    def ease(self) -> None:
        """Record that the cause of the refusal may be gone."""
        self._eased = True

    def over(self) -> None:
        """Record that it was granted; rests go on growing where it is refused within the hour."""
        self._held = False


class Told:
    """What the people of a channel were told of lesser ways, so that each is said once.

    It is said again where it was over for everything meanwhile.
    """

    def __init__(self) -> None:
        self._said: dict[str, set[str]] = {}
        self._of: dict[str, set[Hashable]] = {}

    def once(self, matter: str, text: str, of: Hashable) -> bool:
        """Return whether to say this now; `of` is what works less well, as a language."""
        self._of.setdefault(matter, set()).add(of)
        said = self._said.setdefault(matter, set())
        new = text not in said
        said.add(text)
        return new

    def over(self, matter: str, of: Hashable) -> None:
        """Record that this works in full again."""
        still = self._of.get(matter)
        if still is not None and of in still:
            still.discard(of)
            if not still:
                del self._said[matter], self._of[matter]
