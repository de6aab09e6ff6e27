"""Text requests per minute and per second, shared by every room of the process."""

import math
import random
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

MARGIN: Final = 1.02  # of each window: requests may arrive closer together than they were sent
WIDER: Final = 1.05  # times the window by the second with each refusal: the way there varies
WIDEST_S: Final = 0.25  # more than it began with
FIRST_REST_S: Final = 1.0
LONGEST_REST_S: Final = 30.0
SPARE_PART: Final = 0.5  # of a minute's requests may go to interims


@dataclass(frozen=True, slots=True)
class _Window:
    """At most `most` requests in any `seconds`."""

    seconds: float
    most: int

    def free_at(self, taken: deque[float], most: int) -> float:
        """When one more fits among those of before, with `most` as the limit."""
        if most < 1:
            return math.inf
        return 0.0 if len(taken) < most else taken[-most] + self.seconds


class RequestBudget:
    """Says when a request may go out. Pure: time is passed in.

    The service counts by the minute and by the second, and refuses a burst below its limit by the
    minute. When it refuses all the same, everything rests, longer each time, and requests go out
    somewhat farther apart from then on.

    Args:
        per_minute: The account's limit.
        chance: Spreads the rests.
    """

    def __init__(self, per_minute: int, chance: random.Random) -> None:
        self._minute = _Window(60.0 * MARGIN, per_minute)
        self._second = _Window(max(1.0, 60.0 / per_minute) * MARGIN, max(1, per_minute // 60))
        self._widest_s = self._second.seconds + WIDEST_S
        self._taken: deque[float] = deque(maxlen=per_minute)
        self._chance = chance
        self._rests_until = 0.0
        self._refusals = 0  # in a row

    def free_at(self) -> float:
        """The first moment at which a request may go out; it may have passed."""
        return max(
            self._rests_until,
            self._minute.free_at(self._taken, self._minute.most),
            self._second.free_at(self._taken, self._second.most),
        )

    def free(self, now: float, wanted: int) -> int:
        """How many requests may go out at this moment, of so many wanted."""
        if now < self._rests_until:
            return 0
        for count in range(wanted):
            for window in (self._minute, self._second):
                if window.free_at(self._taken, window.most - count) > now:
                    return count
        return wanted

    def spare_at(self) -> float:
        """The same for a request that others must not have to wait for; infinite: never."""
        return max(
            self._rests_until,
            self._minute.free_at(self._taken, int(self._minute.most * SPARE_PART)),
            self._second.free_at(self._taken, self._second.most - 1),
        )

    def take(self, now: float) -> None:
        """A request goes out."""
        self._taken.append(now)

    def served(self) -> None:
        """The service took one."""
        self._refusals = 0

    def refused(self, now: float) -> None:
        """The service refused one for its rate: everything rests."""
        if now < self._rests_until:
            return  # sent before the rest began
        longest = min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(self._refusals, 16))
        self._rests_until = now + longest * self._chance.uniform(1.0, 1.5)
        self._refusals += 1
        wider_s = min(self._widest_s, self._second.seconds * WIDER)
        self._second = replace(self._second, seconds=wider_s)

    def used(self, now: float) -> int:
        """Requests of the last minute."""
        return sum(at > now - 60.0 for at in self._taken)
