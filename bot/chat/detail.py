"""How much detail a channel shows: less, in steps, when people talk faster than its limits allow.

The step goes down at once when more finals wait than there are tokens. It goes up by one when the
better step would have sufficed for ten seconds of what was said, so that it does not flap.

Places that share a token bucket take turns, so each gets its requests too rarely for merged
messages to be in time. Where captions can go by another route, they do so as soon as the bucket
does not suffice for all; there is then no step between live and digests.
"""

from collections import deque
from enum import IntEnum
from itertools import pairwise

from bot.chat.budget import Budget

_DWELL_S = 10.0
_LATELY_S = 15.0
_SHARE = 0.75  # most of the rate that a better step may need
_LIVE_SHARE = 0.95  # of the rate: interims take what finals leave, until that is nothing
_LOW = 2.0  # tokens at which interims end
_HIGH = 2.5  # tokens at which a better step is tried


class Step(IntEnum):
    """How much of what is said a channel gets."""

    LIVE = 0  # interims too, edited as they grow
    FINALS = 1
    MERGED = 2  # successive utterances of one speaker share a message
    DIGEST = 3  # everybody's utterances in one message, with names


class DetailLevel:
    """The step of one schedule. Pure."""

    def __init__(self) -> None:
        self.step = Step.LIVE
        self._since = float("-inf")
        self._merges = True
        self._said: deque[tuple[float, int]] = deque(maxlen=200)

    def said(self, speaker_id: int, now: float) -> None:
        """Count an utterance that now has something final to show."""
        self._said.append((now, speaker_id))

    def begin(self, now: float) -> None:
        """Start using this step: captions overflowed here, so interims are not tried at once."""
        self.step = max(self.step, Step.FINALS)
        self._since = now

    def settle(
        self,
        budget: Budget,
        now: float,
        waiting: int,
        runs: int,
        *,
        promised: int = 0,
        spared: bool = False,
    ) -> Step:
        """Return the step for now.

        Args:
            budget: The channel's budget.
            now: Clock seconds.
            waiting: Requests that the finals need one by one.
            runs: Requests that they need if each speaker's successive ones are merged.
            promised: Requests that the finals of unfinished captions will need.
            spared: Whether captions beyond this budget go by another route.
        """
        level = budget.level(now)
        step = self.step
        self._merges = not (spared and budget.sharers > 1)
        if step < Step.FINALS and level < _LOW and not self._would_do(budget, now, _LIVE_SHARE):
            step = Step.FINALS
        if step < Step.MERGED and waiting > max(1.0, level):
            step = Step.MERGED
        if step < Step.DIGEST and runs > max(1.0, level):
            step = Step.DIGEST
        if not self._merges and (step > Step.LIVE or (waiting and level < 1.0 + promised)):
            step = Step.DIGEST
        if step != self.step:
            self.step = step
            self._since = now
        elif waiting <= max(1.0, level):
            self._rise(budget, now)
        return self.step

    def _rise(self, budget: Budget, now: float) -> None:
        while self.step > Step.LIVE:
            if not self._would_do(budget, now, _SHARE):
                self._since = now
            filled = budget.level(now) >= min(_HIGH, budget.size)
            if not filled or now - self._since < _DWELL_S:
                return
            self.step = Step(self.step - 1) if self._merges else Step.LIVE
            self._since += _DWELL_S

    def _would_do(self, budget: Budget, now: float, share: float) -> bool:
        """Return whether this share of the rate would suffice for what was said lately.

        When leaving digests, count one message for each speaker's run; otherwise, and where runs
        are not merged, one for each final.
        """
        lately = [speaker for at, speaker in self._said if at > now - _LATELY_S]
        if self.step is Step.DIGEST and self._merges:
            changes = sum(before != after for before, after in pairwise(lately))
            needed = bool(lately) + changes
        else:
            needed = len(lately)
        return needed <= share * _LATELY_S * budget.rate / budget.sharers
