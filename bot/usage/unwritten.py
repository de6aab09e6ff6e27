"""Rows of usage on their way to the store, by guild, within a bound."""

from collections.abc import Mapping
from dataclasses import replace

from bot.domain.spent import NOBODY, Spent, SpentKey
from bot.logs import get_logger

log = get_logger(__name__)


class Unwritten:
    """What waits to be written.

    When there is too much of it, the guild with the most rows is the first whose people are counted
    together: no guild makes another lose anything.

    Args:
        most: How many rows may wait. Beyond, what people used is counted for their guild alone;
            beyond twice as many it is not kept.

    Attributes:
        dropped: How many amounts were not kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: dict[int, dict[SpentKey, Spent]] = {}
        self._count = 0
        self.dropped = 0

    def __len__(self) -> int:
        """Return how many rows wait."""
        return self._count

    def guilds(self) -> tuple[int, ...]:
        """Return the guilds with rows that wait."""
        return tuple(self._rows)

    def of(self, guild_id: int) -> Mapping[SpentKey, Spent]:
        """Return a guild's rows."""
        return self._rows.get(guild_id, {})

    def add(self, key: SpentKey, amount: Spent) -> None:
        """Add one more amount."""
        if not self._has(key) and self._count >= self._most:
            largest = max(self._rows, key=lambda guild: len(self._rows[guild]))
            if largest != key.guild_id:
                self._name_nobody(largest)
            if self._count >= self._most:
                key = replace(key, user_id=NOBODY)
            if not self._has(key) and self._count >= 2 * self._most:
                if self.dropped == 0:
                    log.error("usage is no longer kept: the store has failed for too long")
                self.dropped += 1
                return
        self._put(key, amount)

    def take(self, guild_id: int) -> dict[SpentKey, Spent]:
        """Take out all rows of a guild."""
        rows = self._rows.pop(guild_id, {})
        self._count -= len(rows)
        return rows

    def give_back(self, guild_id: int, rows: Mapping[SpentKey, Spent]) -> None:
        """Put rows of a guild back, before what came meanwhile."""
        newer = self.take(guild_id)
        for key, amount in (*rows.items(), *newer.items()):
            self.add(key, amount)

    def forget(self, guild_id: int, user_id: int) -> None:
        """Name this person in no row of a guild."""
        for key, amount in self.take(guild_id).items():
            self._put(replace(key, user_id=NOBODY) if key.user_id == user_id else key, amount)

    def _name_nobody(self, guild_id: int) -> None:
        for key, amount in self.take(guild_id).items():
            self._put(replace(key, user_id=NOBODY), amount)

    def _has(self, key: SpentKey) -> bool:
        return key in self._rows.get(key.guild_id, {})

    def _put(self, key: SpentKey, amount: Spent) -> None:
        rows = self._rows.setdefault(key.guild_id, {})
        self._count += key not in rows
        rows[key] = rows.get(key, Spent()) + amount
