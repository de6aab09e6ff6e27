"""The rooms of this process, by shard."""

import asyncio
from collections.abc import Callable

from bot.logs import get_logger
from bot.room.rooms import Rooms

log = get_logger(__name__)


def shard_of(guild_id: int, shards: int) -> int:
    """Return the shard that serves a guild, as Discord counts."""
    return (guild_id >> 22) % shards


class RoomsByShard:
    """Implements RoomsOfShards.

    Args:
        rooms: The rooms of this process.
        shards: Returns into how many shards the bot is divided; None while that is not known.
    """

    def __init__(self, rooms: Rooms, shards: Callable[[], int | None]) -> None:
        self._rooms = rooms
        self._shards = shards

    def run_in(self, shard: int) -> bool:
        """Return whether a room runs in a server of this shard."""
        return bool(self._of(shard))

    async def leave(self, shard: int) -> None:
        """End the rooms of a shard here; they are to go on in another process."""
        ends = (self._rooms.leave_to_another(guild_id) for guild_id in self._of(shard))
        for result in await asyncio.gather(*ends, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("a room was not left cleanly", exc_info=result)

    def _of(self, shard: int) -> list[int]:
        shards = self._shards() or 1
        return [guild for guild in self._rooms.guilds() if shard_of(guild, shards) == shard]
