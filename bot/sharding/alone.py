"""One process that owns every shard, as its database serves no other."""

from collections.abc import Sequence
from typing import Final

from bot.clock import Clock
from bot.domain.processes import DatabaseLease, GrantedShare, ProcessView, ShareReport
from bot.errors import StoreError

SPACING_S: Final = 5.5  # between two identifies of a bucket: Discord's 5, and some for the way


class OneProcess:
    """Implements Processes without asking anyone.

    Args:
        lease: Keeps other processes from the database.
        clock: Tells the time.
    """

    number = 0

    def __init__(self, lease: DatabaseLease, clock: Clock) -> None:
        self._lease = lease
        self._clock = clock
        self._taken: set[int] = set()
        self._identified: dict[int, float] = {}

    async def agree(self, account: int, fixed: int | None, recommended: int) -> int:
        """Return the number of the settings, else Discord's."""
        del account
        return fixed or recommended

    async def look(self, reports: Sequence[ShareReport]) -> ProcessView:
        """Return that everything is this process's."""
        shares = {one.name: GrantedShare(one.most, 0, one.most, 0) for one in reports}
        return ProcessView(1, frozenset(self._taken), len(self._taken), shares=shares)

    async def take(self, shard: int) -> bool:
        """Own a shard."""
        self._taken.add(shard)
        return True

    async def give(self, shard: int) -> None:
        """Own a shard no more."""
        self._taken.discard(shard)

    async def identify_in(self, bucket: int) -> float:
        """Take the turn; return 0.0, or in how long to ask again."""
        now = self._clock.now()
        free_at = self._identified.get(bucket, now - SPACING_S) + SPACING_S
        if free_at > now:
            return free_at - now
        self._identified[bucket] = now
        return 0.0

    async def lost(self) -> StoreError:
        """Wait for ever: the system takes the lease from nobody."""
        return await self._lease.lost()

    async def close(self) -> None:
        """Give the database back."""
        await self._lease.close()
