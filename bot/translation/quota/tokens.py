"""The tokens of the last minute. No clock in here: every call takes `now`, in seconds."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from bot.domain.events import SPEECH_RATE, VOICE_RATE
from bot.translation.protocol.server_events import TokenCount
from bot.translation.speech.tally import Tally

WINDOW_S: Final = 60  # whole seconds
NEAR: Final = 0.8  # of the limit
FAR: Final = 0.4  # of the limit, where it does not matter when tokens are counted
ROUNDING: Final = 1e-6  # less than any token


@dataclass(frozen=True, slots=True)
class TokenPace:
    """Tokens that a second of audio takes, and whether the service counts over the session."""

    in_per_s: float = 12.5
    out_per_s: float = 12.5
    cumulative: bool = False


class TokenRate:
    """Tokens of every conversation in the last minute, by server.

    Args:
        per_minute: The account's limit.

    Attributes:
        per_minute: The limit of tokens in a minute.
        elsewhere: How many of the last minute's tokens other processes used.
    """

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self.elsewhere = 0
        self._spent: deque[tuple[int, dict[int, float]]] = deque()  # by second, oldest first
        self._sums: dict[int, float] = {}  # by server

    def spend(self, now: float, tokens: float, guild_id: int = 0) -> None:
        """Add a server's tokens; negative ones correct an estimate."""
        self._slide(now)
        if not self._spent or self._spent[-1][0] != int(now):
            self._spent.append((int(now), {}))
        spent = self._spent[-1][1]
        spent[guild_id] = spent.get(guild_id, 0.0) + tokens
        self._sums[guild_id] = self._sums.get(guild_id, 0.0) + tokens

    def last_minute(self, now: float) -> float:
        """Return how many tokens were used in the minute that ends now."""
        self._slide(now)
        return max(0.0, sum(self._sums.values()))

    def of(self, now: float, guild_id: int) -> float:
        """Return how many of the last minute's tokens a server used."""
        self._slide(now)
        return max(0.0, self._sums.get(guild_id, 0.0))

    def used(self, now: float) -> float:
        """Return the part of the limit that is used by all; 1 is all of it."""
        return (self.last_minute(now) + self.elsewhere) / self.per_minute

    def _slide(self, now: float) -> None:
        while self._spent and self._spent[0][0] <= now - WINDOW_S - 1:
            for guild_id, tokens in self._spent.popleft()[1].items():
                left = self._sums.pop(guild_id, 0.0) - tokens
                if abs(left) > ROUNDING:
                    self._sums[guild_id] = left


class TokenEstimate:
    """The tokens of one session: by its audio, until the service says what it counted.

    Args:
        pace: Tokens a second of the model.
    """

    def __init__(self, pace: TokenPace) -> None:
        self._pace = pace
        self._estimated = 0.0  # since the last count
        self._tally = Tally(cumulative=pace.cumulative)
        self.counted = TokenCount(0, 0)  # as last said

    def sent(self, count: int) -> float:
        """Count bytes of speech that were sent; return how many tokens more that is."""
        return self._add(count / (SPEECH_RATE * 2) * self._pace.in_per_s)

    def voiced(self, count: int) -> float:
        """Count bytes of voice that came; return how many tokens more that is."""
        return self._add(count / (VOICE_RATE * 2) * self._pace.out_per_s)

    def said(self, count: TokenCount) -> float:
        """Take the service's own count; return by how many tokens the estimate was wrong."""
        self.counted = count
        added = self._tally.add(count)
        wrong_by = added.tokens_in + added.tokens_out - self._estimated
        self._estimated = 0.0
        return wrong_by

    def _add(self, tokens: float) -> float:
        self._estimated += tokens
        return tokens
