"""The tokens of the last minute. No clock in here: every call takes `now`, in seconds."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from bot.room.events import SPEECH_RATE, VOICE_RATE
from bot.translation.protocol import TokenCount
from bot.translation.tally import Tally

WINDOW_S: Final = 60  # whole seconds
NEAR: Final = 0.8  # of the limit


@dataclass(frozen=True, slots=True)
class TokenPace:
    """Tokens that a second of audio takes, and whether the service counts over the session."""

    in_per_s: float = 12.5
    out_per_s: float = 12.5
    cumulative: bool = False


class TokenRate:
    """Tokens of every conversation in the last minute.

    Args:
        per_minute: The account's limit.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._spent: deque[list[float]] = deque()  # by second, oldest first

    def spend(self, now: float, tokens: float) -> None:
        """Add tokens; negative ones correct an estimate."""
        second = int(now)
        if self._spent and self._spent[-1][0] == second:
            self._spent[-1][1] += tokens
            return
        self._spent.append([second, tokens])
        self._slide(now)

    def last_minute(self, now: float) -> float:
        """Tokens of the minute that ends now."""
        self._slide(now)
        return max(0.0, sum(tokens for _, tokens in self._spent))

    def used(self, now: float, more: float = 0.0) -> float:
        """The part of the limit that is used, with so many tokens more; 1 is all of it."""
        return (self.last_minute(now) + more) / self._per_minute

    def _slide(self, now: float) -> None:
        while self._spent and self._spent[0][0] <= now - WINDOW_S - 1:
            self._spent.popleft()


class TokenEstimate:
    """The tokens of one session: by its audio, until the service says what it counted.

    Args:
        pace: Of the model.
    """

    def __init__(self, pace: TokenPace) -> None:
        self._pace = pace
        self._estimated = 0.0  # since the last count
        self._tally = Tally(cumulative=pace.cumulative)
        self.counted = TokenCount(0, 0)  # as last said

    def sent(self, count: int) -> float:
        """Bytes of speech were sent; says how many tokens more that is."""
        return self._add(count / (SPEECH_RATE * 2) * self._pace.in_per_s)

    def voiced(self, count: int) -> float:
        """Bytes of voice came; says how many tokens more that is."""
        return self._add(count / (VOICE_RATE * 2) * self._pace.out_per_s)

    def said(self, count: TokenCount) -> float:
        """The service counted; says by how many tokens the estimate was wrong."""
        self.counted = count
        added = self._tally.add(count)
        wrong_by = added.tokens_in + added.tokens_out - self._estimated
        self._estimated = 0.0
        return wrong_by

    def _add(self, tokens: float) -> float:
        self._estimated += tokens
        return tokens
