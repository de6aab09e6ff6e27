"""When the account may connect again. No clock in here: every call takes `now`, in seconds."""

import math
import random
from collections import Counter, deque
from typing import Final

WINDOW_S: Final = 60.0
SPACING_S: Final = 0.25  # between connects: the limits are also enforced per second
REST_S: Final = 6.0  # after a refusal; doubled with each further one
LONGEST_REST_S: Final = 60.0
TRIAL_S: Final = 8.0  # after a refusal, one connect is tried this long before the next
GRANTED_S: Final = 1.0  # within so long something may be granted, where nothing is
KEPT_PART: Final = 5  # one connect in so many is kept for a server that has made none


class ConnectRate:
    """The connects of the last minute, never more than `per_minute`, failed ones included.

    When the service refuses one for its rate, all rest; then a single one is tried, and only when
    it is accepted do the others follow.

    Args:
        per_minute: The account's limit; each websocket handshake counts as one request.
        chance: Spreads the rests of several processes with one account.

    Attributes:
        per_minute: How many connects this process can have in a minute. It has to be granted those
            beyond `granted` first, where several share the account.
        granted: How many it may make.
        kept: Connects kept for a server that has made none; 0 where there is but one.
        soon_s: A connect that comes free within so long counts as kept. Chosen so that a server
            alone makes as many in a minute as without it, and only a burst of them is cut.
    """

    def __init__(self, per_minute: int, chance: random.Random) -> None:
        self.limit_to(per_minute, per_minute)
        self._chance = chance
        self._made: deque[float] = deque(maxlen=per_minute)
        self._makers: deque[int] = deque(maxlen=per_minute)  # the server of each
        self._rests_until = -math.inf
        self._refused_at = -math.inf
        self._refusals = 0

    def limit_to(self, granted: int, reachable: int) -> None:
        """Make no more than `granted` in a minute; up to `reachable` would be granted."""
        self.granted = granted
        self.per_minute = per_minute = max(1, reachable)
        self.kept = min(per_minute - 1, max(1, per_minute // KEPT_PART))
        self.soon_s = WINDOW_S * self.kept / per_minute
        self._spacing_s = min(SPACING_S, WINDOW_S / per_minute / 10)

    def left(self, now: float) -> int:
        """Return how many connects are left in this minute."""
        return self.per_minute - sum(now < made_at + WINDOW_S for made_at in self._made)

    def used(self, now: float) -> Counter[int]:
        """Return how many connects each server made in this minute."""
        return Counter(
            maker
            for maker, made_at in zip(self._makers, self._made, strict=True)
            if now < made_at + WINDOW_S
        )

    def next_at(self, now: float) -> float:
        """Return when the next connect may be made; `now` when it may be at once."""
        free_at = max(now, self._rests_until)
        if self._made:
            free_at = max(free_at, self._made[-1] + self._spacing_s)
        if self.granted < 1:
            return max(free_at, now + GRANTED_S)
        if len(self._made) >= self.granted:
            free_at = max(free_at, self._made[-self.granted] + WINDOW_S)
        return free_at

    def next_leaving(self, now: float, kept: int) -> float:
        """Return when a connect leaves `kept` others, free by `soon_s` after it."""
        free_at = self.next_at(now)
        most = self.per_minute - kept
        if len(self._made) >= most:
            free_at = max(free_at, self._made[-most] + WINDOW_S - self.soon_s)
        return free_at

    def possible(self, now: float, within_s: float) -> int:
        """Return how many connects could be made within so many seconds."""
        until = now + within_s
        first_at = self.next_at(now)
        if first_at > until:
            return 0
        return min(self.left(until), int((until - first_at) / self._spacing_s) + 1)

    def rests(self, now: float) -> bool:
        """Return whether the service refused, so that nothing is tried yet."""
        return bool(self._refusals) and now < self._rests_until

    def made(self, now: float, guild_id: int = 0) -> None:
        """Count a connect that a server makes."""
        self._made.append(now)
        self._makers.append(guild_id)
        if self._refusals:
            self._rests_until = now + TRIAL_S

    def accepted(self, made_at: float) -> None:
        """Forget earlier refusals: the connect made then was accepted."""
        if made_at > self._refused_at:
            self._refusals = 0
            self._rests_until = -math.inf

    def refused(self, made_at: float, now: float) -> None:
        """Rest, as the service refused for its rate the connect or session made then."""
        if made_at > self._refused_at or self._refusals == 0:
            rest_s = min(LONGEST_REST_S, REST_S * 2.0 ** min(self._refusals, 8))
            self._rests_until = now + rest_s * self._chance.uniform(1.0, 1.25)
            self._refusals += 1
            self._refused_at = now
