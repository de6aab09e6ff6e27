"""How many requests a channel may still get: sliding windows, a token bucket, and pauses.

Discord does not publish the limits of webhooks. Reported are 5 requests in 2 seconds and 30 in 60
seconds per channel, including edits. A request counts from before it is sent until one window after
its answer. So whenever Discord counts it in between, no window of Discord's exceeds the limit.

With the windows alone, a channel could spend a minute's requests in ten seconds and then be silent
for fifty. So most of a minute's requests are spaced evenly, and only the rest may be made ahead of
time: a token bucket of six that refills at one per 2.5 seconds. The next request is never further
away than that.

The bot's own messages have a separate limit in each channel and thread, commonly 5 in 5 seconds.
One of the five is left to notices and panels, also because discord.py holds back the answer to the
last one until the 5 seconds are over.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

_EVENLY = 0.8  # share of a minute's requests; the rest is the size of the token bucket
_LEAST = 5  # requests; a 429 after fewer is caused by others' requests, not by the limit
_KEPT = 1000  # channels
_BELIEVED_S = 600.0  # how long a limit learned from a 429 holds before more is tried


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` requests in any `seconds`."""

    count: int
    seconds: float


BURST = Limit(5, 2.0)
MINUTE = Limit(30, 60.0)
OWN_BURST = Limit(4, 5.0)
OWN_MINUTE = Limit(38, 60.0)
_OWN_EVENLY = 36 / 38


class Budget:
    """Counts the requests to one channel; at most one is under way at a time.

    Args:
        burst: The short limit.
        minute: The limit for a minute.
        evenly: Share of a minute's requests that can't be made ahead of time.

    Attributes:
        sharers: How many schedules use it.
    """

    def __init__(
        self, burst: Limit = BURST, minute: Limit = MINUTE, evenly: float = _EVENLY
    ) -> None:
        self.burst = burst
        self.minute = minute
        self.sharers = 1
        self._evenly = evenly
        self._believed = minute
        self._answered: deque[float] = deque(maxlen=max(burst.count, minute.count))
        self._on_its_way = False
        self._paused_until = float("-inf")
        self._refused_at: float | None = None
        self._tokens = self.size
        self._tokens_at = float("-inf")

    # The token bucket

    @property
    def rate(self) -> float:
        """Requests a second that can be sustained."""
        return self._evenly * self.minute.count / self.minute.seconds

    @property
    def size(self) -> float:
        """Requests that may be made ahead of the rate."""
        return max(1.0, round((1 - self._evenly) * self.minute.count, 3))

    def level(self, now: float) -> float:
        """Return how many requests may be made at once without a longer wait afterwards."""
        filled = self._tokens + max(0.0, now - self._tokens_at) * self.rate
        return min(self.size, filled)

    def level_at(self, now: float, wanted: float) -> float:
        """Return when there are this many tokens, at most the size: `now`, or when to ask."""
        missing = min(wanted, self.size) - self.level(now)
        # Slightly more, so that rounding does not make the second too early.
        return now if missing <= 1e-6 else now + missing / self.rate + 1e-6

    # Requests

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self._on_its_way

    def started(self, now: float) -> None:
        """Count a request that is about to be sent."""
        self._on_its_way = True
        self._tokens = self.level(now) - 1
        self._tokens_at = now

    def answered(self, now: float) -> None:
        """Note the answer to the request under way; does nothing when there is none."""
        if self._on_its_way:
            self._on_its_way = False
            self._answered.append(now)
        if self._refused_at is not None and now - self._refused_at > _BELIEVED_S:
            self._refused_at = None
            self.minute = self._believed

    def spent(self, now: float) -> None:
        """Count an unplanned request: a message meant for the other route came here."""
        self._tokens = self.level(now) - 1
        self._tokens_at = now
        self._answered.append(now)

    def refused(self, now: float, wait_s: float) -> None:
        """Note a 429: allow no more in a minute than Discord accepted in the last one.

        Args:
            now: Clock seconds.
            wait_s: Seconds for which Discord wants no further request.
        """
        self._tokens, self._tokens_at = min(0.0, self.level(now)), now
        taken = sum(answer + self.minute.seconds > now for answer in self._answered)
        if wait_s > self.burst.seconds and _LEAST <= taken < self.minute.count:
            self._refused_at = now
            self.minute = Limit(taken, self.minute.seconds)

    def pause(self, until: float) -> None:
        """Send nothing before `until`, as Discord asked for."""
        self._paused_until = max(self._paused_until, until)

    def room(self, limit: Limit, now: float) -> int:
        """Return the requests left in a limit's current window, ignoring pauses."""
        return limit.count - self._used(limit, now)

    def ready_at(self, now: float, *, burst: int = 1, minute: int = 1) -> float:
        """Return when the windows have room for this many: `now`, or the second to ask again."""
        at = max(now, self._paused_until)
        for limit, wanted in ((self.burst, burst), (self.minute, minute)):
            over = self._used(limit, at) + wanted - limit.count
            if over > 0:
                counted = [answer for answer in self._answered if answer + limit.seconds > at]
                # The answer to a request under way will tell more; ask again after a window.
                base = counted[over - 1] if over <= len(counted) else at
                at = max(at, base + limit.seconds)
        return at

    def _used(self, limit: Limit, now: float) -> int:
        answered = sum(answer + limit.seconds > now for answer in self._answered)
        return answered + self._on_its_way


def own_budget() -> Budget:
    """Make a budget for the bot's own messages in one place: two at once, then one in 1.7 s."""
    return Budget(OWN_BURST, OWN_MINUTE, _OWN_EVENLY)


class Budgets:
    """The budgets of many channels by id; beyond a thousand, the least recently used go."""

    def __init__(self, make: Callable[[], Budget]) -> None:
        self._make = make
        self._known: OrderedDict[int, Budget] = OrderedDict()

    def of(self, channel_id: int) -> Budget:
        """Return the one budget of a channel."""
        budget = self._known.get(channel_id)
        if budget is None:
            budget = self._known[channel_id] = self._make()
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(channel_id)
        return budget
