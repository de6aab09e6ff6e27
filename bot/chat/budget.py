"""How many requests a channel may still get: sliding windows, and pauses that Discord asked for.

Discord does not publish the limits of webhooks. Reported are 5 requests in 2 seconds and 30 in 60
seconds per channel, edits counted. A request counts from before it is sent until a window after
its answer, so whenever Discord counted it in between, no window of Discord's holds more than the
limit.
"""

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` requests in any `seconds`."""

    count: int
    seconds: float


BURST = Limit(5, 2.0)
MINUTE = Limit(30, 60.0)


class Budget:
    """Counts the requests to one channel, of which one at most is on its way at a time."""

    def __init__(self, burst: Limit = BURST, minute: Limit = MINUTE) -> None:
        self.burst = burst
        self.minute = minute
        self._answered: deque[float] = deque(maxlen=max(burst.count, minute.count))
        self._on_its_way = False
        self._paused_until = float("-inf")

    def started(self) -> None:
        """A request is about to be sent."""
        self._on_its_way = True

    def answered(self, now: float) -> None:
        """Discord answered it; without effect when none is on its way."""
        if self._on_its_way:
            self._on_its_way = False
            self._answered.append(now)

    def pause(self, until: float) -> None:
        """Send nothing before `until`: Discord said so."""
        self._paused_until = max(self._paused_until, until)

    def room(self, limit: Limit, now: float) -> int:
        """Requests left in a limit's current window, not regarding pauses."""
        return limit.count - self._used(limit, now)

    def ready_at(self, now: float, *, burst: int = 1, minute: int = 1) -> float:
        """When the windows have room for so many requests: `now`, or the second to ask again."""
        at = max(now, self._paused_until)
        for limit, wanted in ((self.burst, burst), (self.minute, minute)):
            over = self._used(limit, at) + wanted - limit.count
            if over > 0:
                counted = [answer for answer in self._answered if answer + limit.seconds > at]
                # With a request still on its way its answer will tell; ask again after a window.
                base = counted[over - 1] if over <= len(counted) else at
                at = max(at, base + limit.seconds)
        return at

    def _used(self, limit: Limit, now: float) -> int:
        answered = sum(answer + limit.seconds > now for answer in self._answered)
        return answered + self._on_its_way
