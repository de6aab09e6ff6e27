"""Into how many shards a bot is to be divided, and how quickly its sessions may be started.

https://discord.com/developers/docs/events/gateway#sharding
"""

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Final

from bot.loopback.state.entities import Json

SPACING_S: Final = 5.0  # Discord's, for each of `max_concurrency` shards
A_DAY: Final = 1000
_KEPT: Final = 1000


@dataclass(frozen=True, slots=True)
class SessionStart:
    """An identify that was taken or refused.

    Attributes:
        at: Clock seconds.
        bot_id: Whose.
        shard: The shard.
        shards: Of how many.
        taken: False: it came too soon after another.
    """

    at: float
    bot_id: int
    shard: int
    shards: int
    taken: bool


class SessionStarts:
    """Counts identifies, and refuses those that come too soon where that is switched on.

    Attributes:
        shards: Into how many shards a bot is told to be divided.
        max_concurrency: How many sessions may be started within `SPACING_S`, one for each remainder
            of the shard's number.
        strict: Whether one that comes too soon is refused, as Discord does.
        made: The latest, oldest first.
    """

    def __init__(self) -> None:
        self.shards = 1
        self.max_concurrency = 1
        self.strict = False
        self.made: deque[SessionStart] = deque(maxlen=_KEPT)
        self._last: dict[tuple[int, int], float] = {}  # by bot and remainder
        self._count: defaultdict[int, int] = defaultdict(int)

    def start(self, bot_id: int, shard: int, shards: int, now: float) -> bool:
        """Count one; return whether it may be."""
        key = bot_id, shard % self.max_concurrency
        last = self._last.get(key)
        soon = last is not None and now - last < SPACING_S
        taken = not (soon and self.strict)
        self.made.append(SessionStart(now, bot_id, shard, shards, taken))
        self._last[key] = now
        self._count[bot_id] += 1
        return taken

    def told(self, bot_id: int) -> Json:
        """Return what `/gateway/bot` tells."""
        return {
            "shards": self.shards,
            "session_start_limit": {
                "total": A_DAY,
                "remaining": max(0, A_DAY - self._count[bot_id]),
                "reset_after": 0,
                "max_concurrency": self.max_concurrency,
            },
        }
