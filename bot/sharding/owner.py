"""Takes shards for this process, opens and closes their sessions, and keeps identifies apart.

Once a second it looks at all processes, in one question to the database. While that is away the
process keeps what it owns, and goes on: rooms run, and nothing new is taken.
"""

import asyncio
import random
from typing import Final, Protocol

from bot.domain.processes import Processes, ProcessView
from bot.errors import StoreError
from bot.logs import get_logger
from bot.sharding.balance import Balance
from bot.sharding.shares import Shares
from bot.tasks import TaskOwner

log = get_logger(__name__)

LOOK_S: Final = 1.0
_SPREAD_S: Final = 0.2  # at random, so that waiting processes do not ask all at once


class ShardClient(Protocol):
    """The Discord client, as far as shards are concerned."""

    async def open_shard(self, shard: int) -> None:
        """Start a shard's session; tries again until it is there."""

    async def close_shard(self, shard: int) -> None:
        """End a shard's session. Idempotent."""

    def forget_shard(self, shard: int) -> None:
        """Know the servers of a shard no more."""

    def nothing_to_open(self) -> None:
        """Record that this process waits for a shard to become free."""


class RoomsOfShards(Protocol):
    """The rooms of this process, by shard."""

    def run_in(self, shard: int) -> bool:
        """Return whether a room runs in a server of this shard."""

    async def leave(self, shard: int) -> None:
        """End the rooms of a shard here; they are to go on in another process."""


class ShardOwner:
    """One for each process.

    Args:
        processes: This process among the others.
        shares: Its share of the account's limits.
        client: Opens and closes sessions.
        rooms: Tells in which shards something runs.
        fixed: Into how many shards the bot is divided; None: as Discord recommends.
        most: How many this process may own; None: its fair part.
    """

    def __init__(
        self,
        processes: Processes,
        shares: Shares,
        client: ShardClient,
        rooms: RoomsOfShards,
        *,
        fixed: int | None,
        most: int | None,
    ) -> None:
        self._processes = processes
        self._shares = shares
        self._client = client
        self._rooms = rooms
        self._fixed = fixed
        self._most = most
        self._mine: set[int] = set()
        self._opening: dict[int, asyncio.Task[None]] = {}
        self._closing: set[int] = set()
        self._concurrency = 1
        self._total = 0
        self._away = self._ending = False
        self._queued = 0
        self._tasks = TaskOwner("shards")

    @property
    def owned(self) -> frozenset[int]:
        """The shards of this process."""
        return frozenset(self._mine)

    async def begin(self, *, account: int, recommended: int, concurrency: int) -> int:
        """Begin to take shards; return into how many the bot is divided.

        Args:
            account: Id of the bot's account.
            recommended: How many shards Discord recommends.
            concurrency: Discord's `max_concurrency`.

        Raises:
            StoreError: The database can't be asked, or the processes use another number of shards.
        """
        total = await self._processes.agree(account, self._fixed, recommended)
        self._concurrency, self._total = concurrency, total
        balance = Balance(total, self._most, self._processes.number % total)
        self._tasks.start(self._run(balance), "look")
        return total

    @property
    def queued(self) -> bool:
        """Whether a session waits for its turn, as other processes start theirs."""
        return self._queued > 0

    def stop_taking(self) -> None:
        """Take nothing more, as the process ends."""
        self._ending = True

    async def close(self) -> None:
        """End; what is owned stays so until the processes' connection ends. Idempotent."""
        await self._tasks.close()
        if self._total:
            await self._leave_shares()

    async def _leave_shares(self) -> None:
        """Leave to the others at once what this process was granted and did not use."""
        try:
            await self._processes.look(self._shares.reports(last=True))
        except StoreError as error:
            log.info("the others have this process's shares in a minute", code=error.code)

    async def identify(self, shard: int) -> None:
        """Wait until a shard's session may be started.

        Raises:
            CancelledError: It is not this process's any more.
        """
        self._queued += 1
        try:
            while (wait_s := await self._turn(shard)) > 0:  # noqa: ASYNC110 - other processes' turns
                await asyncio.sleep(wait_s + random.uniform(0, _SPREAD_S))  # noqa: S311 - no secret
        finally:
            self._queued -= 1

    async def _turn(self, shard: int) -> float:
        """Take the turn; return 0.0, or in how long to ask again."""
        if shard not in self._mine:
            # What discord.py takes for the end of this attempt, and of nothing else.
            raise asyncio.CancelledError
        try:
            return await self._processes.identify_in(shard % self._concurrency)
        except StoreError:
            log.debug("a shard waits for the database to start its session", shard=shard)
            return LOOK_S

    async def _run(self, balance: Balance) -> None:
        told = 0
        while True:
            view = await self._look()
            if view is not None:
                for shard in view.lost & self._mine:
                    log.warning("a shard is another process's now", shard=shard)
                    self._close(shard)
                if not self._ending:
                    await self._balance(view, balance)
                if not self._mine and len(view.taken) >= self._total:
                    self._client.nothing_to_open()
                if (uncovered := balance.uncovered(view)) != told:
                    told = uncovered
                    if uncovered:
                        log.warning(
                            "there are shards that no process may take, by SHARDS_PER_PROCESS",
                            shards=uncovered,
                        )
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> ProcessView | None:
        try:
            view = await self._processes.look(self._shares.reports())
        except StoreError as error:
            if not self._away:
                log.warning("the other processes can't be seen", code=error.code)
            self._away = True
            self._shares.unanswered()
            return None
        if self._away:
            log.info("the other processes are seen again", others=view.processes - 1)
        self._away = False
        self._shares.answered(view)
        return view

    async def _balance(self, view: ProcessView, balance: Balance) -> None:
        try:
            for shard in balance.to_take(view, self._mine | self._closing):
                # No more than may be started soon: other processes are there to start the rest.
                if len(self._opening) >= self._concurrency:
                    break
                if await self._processes.take(shard):
                    self._mine.add(shard)
                    opening = self._tasks.start(self._open(shard), f"open {shard}")
                    self._opening[shard] = opening
                    if view.processes > 1:
                        break  # one at a time, as others have fewer by then
            surplus = balance.to_give(view, self._mine - self._opening.keys(), self._rooms.run_in)
            if surplus is not None:
                log.info("a shard is given to a process that has fewer", shard=surplus)
                self._close(surplus, give=True)
        except StoreError as error:
            log.warning("shards could not be balanced", code=error.code)

    async def _open(self, shard: int) -> None:
        log.info("a shard is this process's", shard=shard)
        try:
            await self._client.open_shard(shard)
        finally:
            self._opening.pop(shard, None)

    def _close(self, shard: int, *, give: bool = False) -> None:
        self._mine.discard(shard)
        self._closing.add(shard)
        if (opening := self._opening.get(shard)) is not None:
            opening.cancel()
        self._tasks.start(self._closed(shard, give=give), f"close {shard}")

    async def _closed(self, shard: int, *, give: bool) -> None:
        # Where another process is there already, the session ends first: what is sent by it would
        # take the bot out of a voice channel that the other one has joined.
        try:
            if not give:
                await self._client.close_shard(shard)
            await self._rooms.leave(shard)
            await self._client.close_shard(shard)
            self._client.forget_shard(shard)
        finally:
            self._closing.discard(shard)
            if give:
                await self._given(shard)

    async def _given(self, shard: int) -> None:
        try:
            await self._processes.give(shard)
        except StoreError as error:
            log.info("a shard is free, as the connection is lost", shard=shard, code=error.code)
