"""This process's share of what the account may do, of which all processes have a part.

The sum of what all are granted never exceeds the account's limit, and a process never falls below
what it used in the last minute. So in any minute all together stay within the limit: whatever
reaches the database or does not, and also when a process is killed, as what it was granted counts
for a minute after it (`parley_look`).

While the database is away a process goes on by itself. After `AWAY_S` without an answer it uses no
more than the limit divided by the processes; and that much, if it was granted less, once what the
others used with an answer is a minute ago.
"""

from dataclasses import dataclass
from typing import Final, Protocol

from bot.clock import Clock
from bot.domain.processes import ProcessView, ShareReport

AWAY_S: Final = 5.0
ALONE_S: Final = 70.0  # AWAY_S, a minute, and what clocks and answers may vary
_SPARE_PART: Final = 2  # of its fair part a process keeps one in so many unasked


class Limited(Protocol):
    """Something of which all processes together may use only so much."""

    def used(self) -> int:
        """Return how much this process uses: in the last minute, or now."""

    def wanted(self) -> int:
        """Return for how much more somebody waits."""

    def limit_to(self, granted: int, reachable: int, elsewhere: int) -> None:
        """Use no more than is granted from now on.

        Args:
            granted: The limit.
            reachable: What could be had within a second, if it were wanted.
            elsewhere: What the other processes use.
        """


@dataclass(slots=True)
class _Limit:
    """One limit, as this process knows it.

    Attributes:
        limited: What obeys it.
        most: The account's limit.
        rate: Whether it is counted by the minute.
        limit: What is in force.
        free: What could be had besides.
        elsewhere: What the other processes use.
        fair: The account's limit divided by the processes.
        alone: What may be used without the database.
    """

    limited: Limited
    most: int
    rate: bool
    limit: int = 0
    free: int = 0
    elsewhere: int = 0
    fair: int = 0
    alone: int = 0

    def apply(self) -> None:
        """Have it obeyed."""
        self.limited.limit_to(self.limit, self.limit + self.free, self.elsewhere)


class Shares:
    """Reports what is used, and lets each limit obey what is granted.

    Args:
        clock: Tells the time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._limits: dict[str, _Limit] = {}
        self._asked_at = self._answered_at = clock.now()

    def add(self, name: str, limited: Limited, most: int, *, rate: bool) -> None:
        """Divide a limit among the processes.

        Args:
            name: Its name, the same in all processes.
            limited: What obeys it.
            most: The account's limit.
            rate: Whether it is counted by the minute.
        """
        state = self._limits[name] = _Limit(limited, most, rate)
        state.apply()

    def reports(self, *, last: bool = False) -> list[ShareReport]:
        """Return what to report now; from now on no more is used than that says is kept.

        Args:
            last: This process ends: it keeps nothing beyond what it used.
        """
        self._asked_at = self._clock.now()
        return [self._report(name, state, last=last) for name, state in self._limits.items()]

    def _report(self, name: str, state: _Limit, *, last: bool) -> ShareReport:
        used = state.limited.used()
        if last:
            state.limit = used
        # What can be had back at once when a process is gone costs nothing to keep.
        spare = state.fair // _SPARE_PART if state.rate else max(0, state.fair - used)
        aim = used if last else used + spare + state.limited.wanted()
        kept = max(used, min(state.limit, aim))
        state.free += max(0, state.limit - kept)
        state.limit = kept
        state.apply()
        return ShareReport(name, state.most, used, kept, max(0, aim - kept), state.rate)

    def answered(self, view: ProcessView) -> None:
        """Use what was granted."""
        self._answered_at = self._asked_at
        for name, share in view.shares.items():
            state = self._limits[name]
            state.limit, state.free = share.granted, share.free
            state.elsewhere, state.alone = share.elsewhere, share.alone
            state.fair = state.most // view.processes
            state.apply()

    def unanswered(self) -> None:
        """Use what may be used without an answer."""
        away_s = self._clock.now() - self._answered_at
        if away_s < AWAY_S:
            return
        for state in self._limits.values():
            state.limit = state.alone if away_s >= ALONE_S else min(state.limit, state.alone)
            state.free, state.elsewhere = 0, state.most - state.alone
            state.apply()
