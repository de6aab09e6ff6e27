"""Which shards a process takes and gives up. Pure: it sees all processes, and says what to do.

- Whoever has the fewest takes first, so that all have as many, give or take one.
- A shard is taken when it was seen free twice: its owner may have lost its connection to the
  database, and takes it back within a second. Only a process that is alone takes it at once.
- A shard is given up for one who has two fewer, and only if no room runs in it: nobody is
  interrupted for the sake of balance.
"""

import math
from collections.abc import Callable, Collection
from typing import Final

from bot.domain.processes import ProcessView

SEEN_FREE: Final = 2  # looks, one second apart
SEEN_FREE_LONG: Final = 5  # looks: who should take it does not


class Balance:
    """Decides at each look.

    Args:
        total: Into how many shards the bot is divided.
        most: How many a process may have; None: its fair part.
        first: Where it begins to look for a free one, so that processes try different ones.
    """

    def __init__(self, total: int, most: int | None, first: int) -> None:
        self._total = total
        self._most = most
        self._first = first
        self._seen_free: dict[int, int] = {}  # by shard, in how many looks running

    def fair(self, processes: int) -> int:
        """Return how many shards a process has at most."""
        fair = math.ceil(self._total / processes)
        return fair if self._most is None else min(fair, self._most)

    def to_take(self, view: ProcessView, mine: Collection[int]) -> list[int]:
        """Return free shards that this process should try to take, the first one first."""
        free = set(range(self._total)) - view.taken - set(mine)
        self._seen_free = {shard: self._seen_free.get(shard, 0) + 1 for shard in free}
        if not view.settled or len(mine) >= self.fair(view.processes):
            return []
        needed = 1
        if view.processes > 1:
            needed = SEEN_FREE if len(mine) <= view.fewest else SEEN_FREE_LONG
        found = [shard for shard in free if self._seen_free[shard] >= needed]
        return sorted(found, key=lambda shard: (shard - self._first) % self._total)

    def to_give(
        self, view: ProcessView, mine: Collection[int], busy: Callable[[int], bool]
    ) -> int | None:
        """Return a shard to give up for a process that has fewer, if any."""
        if len(mine) - view.fewest < 2 or len(view.taken) < self._total:
            return None
        return next((shard for shard in sorted(mine, reverse=True) if not busy(shard)), None)

    def uncovered(self, view: ProcessView) -> int:
        """Return how many shards all processes together may not take."""
        if self._most is None:
            return 0
        return max(0, self._total - view.processes * self._most)
