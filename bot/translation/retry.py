"""How often and how soon to try again."""

import random
from typing import Final

from bot.translation.protocol import bounds
from bot.translation.protocol.faults import Fault

FIRST_WAIT_S: Final = 0.25
LONGEST_WAIT_S: Final = 16.0
MOST_ATTEMPTS: Final = 6  # about 20 s in all; then the words are given up


class Outage:
    """The failures since the last translation that came through.

    Args:
        chance: Spreads the attempts of many conversations that broke at once.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._failures = 0
        self._told: set[str] = set()

    @property
    def hopeless(self) -> bool:
        """Whether the words that wait should be given up."""
        return self._failures > MOST_ATTEMPTS

    @property
    def lasting(self) -> bool:
        """Whether it is worth a word even if trying again usually helps."""
        return self._failures > 2

    def failed(self, wait_s: float) -> float:
        """Count a failure; says how long to wait, at least `wait_s`."""
        self._failures += 1
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(self._failures - 1, 16))
        return max(wait_s, longest) * self._chance.uniform(1.0, 1.5)

    def worth_telling(self, fault: Fault) -> bool:
        """Return whether to tell people: once, and only if it lasts where it usually passes."""
        return (self.lasting or not fault.quiet) and self.tell(fault.code)

    def tell(self, code: str) -> bool:
        """Return whether this fault is told for the first time in this outage, and note it."""
        if code in self._told or len(self._told) >= bounds.ERROR_CODES:
            return False
        self._told.add(code)
        return True

    def over(self) -> None:
        """Forget the outage: a translation came through."""
        self._failures = 0
        self._told.clear()
