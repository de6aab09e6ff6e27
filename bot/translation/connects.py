"""When the account may connect again. No clock in here: every call takes `now`, in seconds."""

import math
import random
from collections import deque
from typing import Final

WINDOW_S: Final = 60.0
SPACING_S: Final = 0.25  # between connects: the limits are also enforced per second
REST_S: Final = 6.0  # after a refusal; doubled with each further one
LONGEST_REST_S: Final = 60.0
TRIAL_S: Final = 8.0  # after a refusal, one connect is tried this long before the next


class ConnectRate:
    """The connects of the last minute, never more than `per_minute`, failed ones included.

    When the service refuses one for its rate, all rest; then a single one is tried, and only when
    it is accepted do the others follow.

    Args:
        per_minute: The account's limit; each websocket handshake counts as one request.
        chance: Spreads the rests of several processes with one account.
    """

    def __init__(self, per_minute: int, chance: random.Random) -> None:
        self._per_minute = per_minute
        self._chance = chance
        self._spacing_s = min(SPACING_S, WINDOW_S / per_minute / 10)
        self._made: deque[float] = deque(maxlen=per_minute)
        self._rests_until = -math.inf
        self._refused_at = -math.inf
        self._refusals = 0

    def left(self, now: float) -> int:
        """Connects left in this minute."""
        return self._per_minute - sum(now < made_at + WINDOW_S for made_at in self._made)

    def next_at(self, now: float) -> float:
        """When the next connect may be made; `now` when it may be at once."""
        free_at = max(now, self._rests_until)
        if self._made:
            free_at = max(free_at, self._made[-1] + self._spacing_s)
        if len(self._made) == self._per_minute:
            free_at = max(free_at, self._made[0] + WINDOW_S)
        return free_at

    def possible(self, now: float, within_s: float) -> int:
        """How many connects could be made until then."""
        until = now + within_s
        first_at = self.next_at(now)
        if first_at > until:
            return 0
        return min(self.left(until), int((until - first_at) / self._spacing_s) + 1)

    def made(self, now: float) -> None:
        """A connect is made."""
        self._made.append(now)
        if self._refusals:
            self._rests_until = now + TRIAL_S

    def accepted(self, made_at: float) -> None:
        """The connect made then was accepted."""
        if made_at > self._refused_at:
            self._refusals = 0
            self._rests_until = -math.inf

    def refused(self, made_at: float, now: float) -> None:
        """The service refused, for its rate, the connect made then or the session it led to."""
        if made_at > self._refused_at or self._refusals == 0:
            rest_s = min(LONGEST_REST_S, REST_S * 2.0 ** min(self._refusals, 8))
            self._rests_until = now + rest_s * self._chance.uniform(1.0, 1.25)
            self._refusals += 1
            self._refused_at = now
