"""Text requests per minute and per second, shared by every room of the process.

A server's share is the limit divided by the servers that take part, which the caller knows.
"""

import math
import random
from collections import deque
from dataclasses import dataclass, replace
from typing import Final

MARGIN: Final = 1.02  # of each window: requests may arrive closer together than they were sent
WIDER: Final = 1.05  # times the window by the second with each refusal: the way there varies
WIDEST_S: Final = 0.25  # more than it began with
FIRST_REST_S: Final = 1.0
LONGEST_REST_S: Final = 16.0  # and half of that more: a text waits no longer than 30 s
SPARE_PART: Final = 0.5  # of its share of a minute a server may use and still ask for interims


@dataclass(frozen=True, slots=True)
class _Window:
    """At most `most` requests in any `seconds`."""

    seconds: float
    most: int

    def free_at(self, taken: deque[float], most: int) -> float:
        """Return when one more request fits after these, with `most` as the limit."""
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
        chance: Spreads the rests at random.

    Attributes:
        per_minute: The limit of requests in a minute that this process can have.
    """

    def __init__(self, per_minute: int, chance: random.Random) -> None:
        self._wider_s = 0.0
        self.limit_to(per_minute, per_minute)
        self._most = per_minute
        self._taken: deque[float] = deque(maxlen=per_minute)
        self._within: deque[float] = deque(maxlen=per_minute)  # those in their server's share
        self._by: dict[int, deque[float]] = {}  # by server
        self._chance = chance
        self._rests_until = 0.0
        self._refusals = 0  # in a row

    def limit_to(self, granted: int, reachable: int) -> None:
        """Send no more than `granted` in a minute; up to `reachable` would be granted."""
        self.per_minute = per_minute = max(1, reachable)
        self._minute = _Window(60.0 * MARGIN, granted)
        seconds = max(1.0, 60.0 / per_minute) * MARGIN
        self._widest_s = seconds + WIDEST_S
        self._second = _Window(seconds + self._wider_s, max(1, per_minute // 60))

    def free_at(self) -> float:
        """Return the first moment at which a request may go out; it may have passed."""
        return max(
            self._rests_until,
            self._minute.free_at(self._taken, self._minute.most),
            self._second.free_at(self._taken, self._second.most),
        )

    def free(self, now: float, wanted: int) -> int:
        """Return how many of so many requests may go out at this moment."""
        if now < self._rests_until:
            return 0
        for count in range(wanted):
            for window in (self._minute, self._second):
                if window.free_at(self._taken, window.most - count) > now:
                    return count
        return wanted

    def spare_at(self, guild_id: int, share: float) -> float:
        """Return when a request may go out that no other has to wait for; infinite: never.

        What a server took beyond its share does not count: it would have waited.
        """
        return max(
            self.free_at(),
            self._minute.free_at(self._by.get(guild_id, deque()), int(share * SPARE_PART)),
            self._second.free_at(self._within, self._second.most - 1),
        )

    def take(self, now: float, guild_id: int = 0, share: float = math.inf) -> None:
        """Count a request that a server sends."""
        if self.used_by(guild_id, now) < share:
            self._within.append(now)
        self._taken.append(now)
        self._by.setdefault(guild_id, deque(maxlen=self._most)).append(now)

    def used_by(self, guild_id: int, now: float) -> int:
        """Return how many requests a server sent in the last minute."""
        for one, taken in list(self._by.items()):
            while taken and taken[0] + self._minute.seconds <= now:
                taken.popleft()
            if not taken:
                del self._by[one]
        return len(self._by.get(guild_id, ()))

    def served(self) -> None:
        """Record that the service took a request."""
        self._refusals = 0

    def refused(self, now: float) -> None:
        """Let everything rest, as the service refused a request for its rate."""
        if now < self._rests_until:
            return  # sent before the rest began
        longest = min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(self._refusals, 16))
        self._rests_until = now + longest * self._chance.uniform(1.0, 1.5)
        self._refusals += 1
        wider_s = min(self._widest_s, self._second.seconds * WIDER)
        self._wider_s += wider_s - self._second.seconds
        self._second = replace(self._second, seconds=wider_s)

    def used(self, now: float) -> int:
        """Return how many requests were sent in the last minute."""
        return sum(at > now - 60.0 for at in self._taken)
