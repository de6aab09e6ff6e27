"""What is kept for its time goes when that is over."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from bot.clock import Alarm, Clock
from bot.domain.stores import GuildStore, UsageHistory
from bot.errors import StoreError
from bot.logs import get_logger
from bot.tasks import TaskOwner
from bot.wall_clock import Wall

log = get_logger(__name__)

GUILD_KEPT = timedelta(days=30)  # after it removed the bot
USAGE_KEPT = timedelta(days=400)  # a year can be compared with the one before
ROUND_S = 24 * 3600.0
AGAIN_S = 600.0  # after a round that failed, or that did not know for certain what day it is


class Housekeeping:
    """Makes a round when it starts and once a day.

    Args:
        guilds: Keeps which guilds removed the bot.
        usage: The usage, whose old rows are deleted.
        clock: Times the rounds.
        wall: Tells the date and time of day.
    """

    def __init__(
        self,
        guilds: GuildStore,
        usage: UsageHistory,
        *,
        clock: Clock,
        wall: Wall,
    ) -> None:
        self._guilds = guilds
        self._usage = usage
        self._wall = wall
        self._is_in: Callable[[int], bool | None] = lambda _: None
        self._turn = asyncio.Lock()  # what happened first is written first
        self._next_round = Alarm(clock, self._begin_round)
        self._tasks = TaskOwner("housekeeping")

    def start(self, is_in: Callable[[int], bool | None]) -> None:
        """Make the first round.

        Args:
            is_in: Returns whether the bot is in a guild; None: this process does not know.
        """
        self._is_in = is_in
        self._begin_round()

    def guild_left(self, guild_id: int) -> None:
        """Record that the bot was removed: what is kept is deleted when its time is over."""
        at = self._wall.now().timestamp()
        self._write(partial(self._guilds.guild_left, guild_id, at), f"left {guild_id}")

    def guild_joined(self, guild_id: int) -> None:
        """Record that the bot was invited: what is kept stays."""
        self._write(partial(self._guilds.guild_back, guild_id), f"back {guild_id}")

    async def close(self) -> None:
        """End rounds; what is being written is rolled back. Idempotent."""
        self._next_round.cancel()
        await self._tasks.close()

    def _begin_round(self) -> None:
        self._tasks.start(self._round(), "round")

    def _write(self, write: Callable[[], Awaitable[None]], name: str) -> None:
        self._tasks.start(self._written(write), name)

    async def _written(self, write: Callable[[], Awaitable[None]]) -> None:
        async with self._turn:
            try:
                await write()
            except StoreError as error:
                log.warning("not written until the next housekeeping", code=error.code)

    async def _round(self) -> None:
        wait_s = ROUND_S
        async with self._turn:
            # A guild whose rows can't be removed must not keep those of others, nor old usage.
            for step in (self._compare, self._remove_guilds, self._remove_usage):
                try:
                    done = await step()
                except StoreError as error:
                    done = False
                    log.warning("a part of the housekeeping failed", code=error.code)
                if not done:
                    wait_s = AGAIN_S
        self._next_round.set_in(wait_s)

    async def _compare(self) -> bool:
        """Learn what happened while the bot was away, or could not be written."""
        known, departed = await self._guilds.guilds(), await self._guilds.departed()
        now = self._wall.now().timestamp()
        for guild_id in sorted(known - departed):
            if self._is_in(guild_id) is False:
                await self._guilds.guild_left(guild_id, now)
        for guild_id in sorted(departed):
            if self._is_in(guild_id):
                await self._guilds.guild_back(guild_id)
        return True

    async def _remove_guilds(self) -> bool:
        if (now := self._wall.reached()) is None:
            return False
        guilds = await self._guilds.purge((now - GUILD_KEPT).timestamp())
        if guilds:
            log.info("removed all data of servers", servers=guilds)
        return True

    async def _remove_usage(self) -> bool:
        if (now := self._wall.reached()) is None:
            return False
        rows = await self._usage.expire((now - USAGE_KEPT).date())
        if rows:
            log.info("removed rows of usage", count=rows)
        return True
