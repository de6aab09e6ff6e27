"""The processes of one bot: which shards each owns, and its share of what the account may do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.errors import StoreError


@dataclass(frozen=True, slots=True)
class ShareReport:
    """What a process uses of one of the account's limits, and wants.

    Attributes:
        name: The limit's name.
        most: The limit of all processes together.
        used: What this process uses: in the last minute, or now.
        kept: What it limits itself to from this moment on, at least `used`.
        wanted: How much more it could use.
        rate: Whether it is counted by the minute; else what a process holds is free when it ends.
    """

    name: str
    most: int
    used: int
    kept: int
    wanted: int
    rate: bool


@dataclass(frozen=True, slots=True)
class GrantedShare:
    """What a process may use of one of the account's limits.

    Attributes:
        granted: In all, what it uses already with it.
        free: How much more could be granted, if it were wanted.
        alone: What it may use while the database can't be asked.
        elsewhere: What the other processes use.
    """

    granted: int
    free: int
    alone: int
    elsewhere: int


@dataclass(frozen=True, slots=True)
class ProcessView:
    """All processes, as one of them sees them at one moment.

    Attributes:
        processes: How many there are, this one too.
        taken: Shards that a process owns.
        fewest: How many shards the process with the fewest owns.
        lost: Shards that this process owned and another has now.
        settled: False: the database was started a moment ago, and owners may not be back yet.
        shares: By the name of the limit.
    """

    processes: int
    taken: frozenset[int]
    fewest: int
    lost: frozenset[int] = frozenset()
    settled: bool = True
    shares: Mapping[str, GrantedShare] = field(default_factory=dict)


class DatabaseLease(Protocol):
    """The lock on a database, held by one process."""

    async def lost(self) -> StoreError:
        """Wait until another process holds it; a sentence for who runs this one."""

    async def close(self) -> None:
        """Give it back. Idempotent."""


class Processes(Protocol):
    """The processes that share a database, as one of them sees and affects them."""

    @property
    def number(self) -> int:
        """A number of this process's own."""

    async def agree(self, account: int, fixed: int | None, recommended: int) -> int:
        """Return into how many shards the bot is divided, the same in every process.

        Args:
            account: Id of the bot's account, which all processes have.
            fixed: What the settings say.
            recommended: What Discord says, used where nothing is set and no other process runs.

        Raises:
            StoreError: Processes that run use another number than the settings say, or another
                account.
        """

    async def look(self, reports: Sequence[ShareReport]) -> ProcessView:
        """Report what this process uses, and see what the others do. To be called each second.

        Raises:
            StoreError: The database can't be asked.
        """

    async def take(self, shard: int) -> bool:
        """Own a shard, if no other process does.

        Raises:
            StoreError: The database can't be asked.
        """

    async def give(self, shard: int) -> None:
        """Own a shard no more.

        Raises:
            StoreError: The database can't be asked; it is not owned either way.
        """

    async def identify_in(self, bucket: int) -> float:
        """Take the turn to start a session with Discord; return 0.0, or in how long to ask again.

        Args:
            bucket: Sessions of one bucket are started one after the other by all processes.

        Raises:
            StoreError: The database can't be asked.
        """

    async def lost(self) -> StoreError:
        """Wait until this process can't go on beside the others; a sentence for who runs it."""

    async def close(self) -> None:
        """Give back all that is owned. Idempotent."""
