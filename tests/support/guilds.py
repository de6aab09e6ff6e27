"""Which guilds are known and which have left, and days of usage, in memory."""

import asyncio
from dataclasses import dataclass, field
from datetime import date

from bot.errors import StoreError


@dataclass
class MemoryGuilds:
    """Implements GuildStore and UsageHistory; fails as long as it is told to."""

    known: set[int] = field(default_factory=set)
    left: dict[int, float] = field(default_factory=dict)
    greeted: dict[int, float] = field(default_factory=dict)
    days: set[date] = field(default_factory=set)
    broken: bool = False
    writes: list[str] = field(default_factory=list)

    async def _answer(self, write: str = "") -> None:
        await asyncio.sleep(0)
        if self.broken:
            raise StoreError("The disk is on fire.")
        if write:
            self.writes.append(write)

    async def guilds(self) -> frozenset[int]:
        await self._answer()
        return frozenset(self.known) | frozenset(self.left)

    async def departed(self) -> frozenset[int]:
        await self._answer()
        return frozenset(self.left)

    async def guild_left(self, guild_id: int, at: float) -> None:
        await self._answer(f"left {guild_id}")
        self.left.setdefault(guild_id, at)

    async def guild_back(self, guild_id: int) -> None:
        await self._answer(f"back {guild_id}")
        self.left.pop(guild_id, None)

    async def greet(self, guild_id: int, joined: float) -> bool:
        await self._answer(f"greet {guild_id}")
        new = self.greeted.get(guild_id) != joined
        self.greeted[guild_id] = joined
        return new

    async def purge(self, before: float) -> int:
        await self._answer()
        gone = {guild for guild, at in self.left.items() if at < before}
        self.known -= gone
        self.left = {guild: at for guild, at in self.left.items() if guild not in gone}
        return len(gone)

    async def expire(self, before: date) -> int:
        await self._answer()
        old = {day for day in self.days if day < before}
        self.days -= old
        return len(old)
