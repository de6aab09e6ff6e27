"""How many requests a channel may still get: sliding windows, a tank, and pauses.

Discord does not publish the limits of webhooks. Reported are 5 requests in 2 seconds and 30 in 60
seconds per channel, edits counted. A request counts from before it is sent until a window after
its answer, so whenever Discord counted it in between, no window of Discord's holds more than the
limit.

Within the windows alone a channel could spend a minute's requests in ten seconds and then stand
still for fifty. So most of a minute's requests come evenly, and only the rest may be spent ahead:
a tank of six that fills at one in 2.5 seconds. Whatever is done, the next request is never
further off than that.

The bot's own messages have a limit of their own in each channel and thread, commonly 5 in 5
seconds. One of them is left to notices and panels, and because discord.py holds back the answer to
the last one until the 5 seconds are over.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

_EVENLY = 0.8  # of a minute's requests; the rest is the tank's size
_LEAST = 5  # requests; a 429 after fewer speaks of others' requests, not of the limit
_KEPT = 1000  # channels
_BELIEVED_S = 600.0  # a limit learned from a 429 is tried again after so long


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
    """Counts the requests to one channel, of which one at most is on its way at a time.

    Args:
        burst: The limit of a moment.
        minute: The limit of a minute.
        evenly: The part of a minute's requests that is not spent ahead.

    Attributes:
        sharers: How many schedules draw on it.
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
        self._tank = self.size
        self._tank_at = float("-inf")

    # The tank

    @property
    def rate(self) -> float:
        """Requests a second that can go on for ever."""
        return self._evenly * self.minute.count / self.minute.seconds

    @property
    def size(self) -> float:
        """Requests that may be made ahead of the rate."""
        return max(1.0, round((1 - self._evenly) * self.minute.count, 3))

    def level(self, now: float) -> float:
        """Return how many requests may be made at once without a longer wait afterwards."""
        filled = self._tank + max(0.0, now - self._tank_at) * self.rate
        return min(self.size, filled)

    def level_at(self, now: float, wanted: float) -> float:
        """Return when so many requests are free (at most the size): `now`, or when to ask again."""
        missing = min(wanted, self.size) - self.level(now)
        # A little more, so that rounding does not make the second too early.
        return now if missing <= 1e-6 else now + missing / self.rate + 1e-6

    # Requests

    @property
    def busy(self) -> bool:
        """A request is on its way."""
        return self._on_its_way

    def started(self, now: float) -> None:
        """Count a request that is about to be sent."""
        self._on_its_way = True
        self._tank = self.level(now) - 1
        self._tank_at = now

    def answered(self, now: float) -> None:
        """Note that Discord answered; without effect when no request is on its way."""
        if self._on_its_way:
            self._on_its_way = False
            self._answered.append(now)
        if self._refused_at is not None and now - self._refused_at > _BELIEVED_S:
            self._refused_at = None
            self.minute = self._believed

    def spent(self, now: float) -> None:
        """Count a request that nobody planned, as it was meant to go another way."""
        self._tank = self.level(now) - 1
        self._tank_at = now
        self._answered.append(now)

    def refused(self, now: float, wait_s: float) -> None:
        """Learn from a 429: Discord allows no more in a minute than it took in the last one.

        Args:
            now: Clock seconds.
            wait_s: How long it wants no further request.
        """
        self._tank, self._tank_at = min(0.0, self.level(now)), now
        taken = sum(answer + self.minute.seconds > now for answer in self._answered)
        if wait_s > self.burst.seconds and _LEAST <= taken < self.minute.count:
            self._refused_at = now
            self.minute = Limit(taken, self.minute.seconds)

    def pause(self, until: float) -> None:
        """Send nothing before `until`: Discord said so."""
        self._paused_until = max(self._paused_until, until)

    def room(self, limit: Limit, now: float) -> int:
        """Return how many requests a limit's current window has left, not regarding pauses."""
        return limit.count - self._used(limit, now)

    def ready_at(self, now: float, *, burst: int = 1, minute: int = 1) -> float:
        """Return when so many requests fit the windows: `now`, or the second to ask again."""
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


def own_budget() -> Budget:
    """Make the budget for the bot's own messages in a place: two at once, then one in 1.7 s."""
    return Budget(OWN_BURST, OWN_MINUTE, _OWN_EVENLY)


class Budgets:
    """The budgets of many channels, by id; beyond a thousand those not used for longest go."""

    def __init__(self, make: Callable[[], Budget]) -> None:
        self._make = make
        self._known: OrderedDict[int, Budget] = OrderedDict()

    def of(self, channel_id: int) -> Budget:
        """Return a channel's budget, always the same one."""
        budget = self._known.get(channel_id)
        if budget is None:
            budget = self._known[channel_id] = self._make()
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(channel_id)
        return budget
