"""Which servers may use the bot, and how much, as its host decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from bot.domain.spent import Spent


class ServerState(StrEnum):
    """What a server may do.

    Attributes:
        ALLOWED: The host named it, or names no servers at all.
        GUEST: Nobody named it; it has the guests' allowance.
        DENIED: It may use nothing that costs.
    """

    ALLOWED = "allowed"
    GUEST = "guest"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class HostGrant:
    """What the host decided for one server by `parley guilds`; it wins over the settings.

    Attributes:
        allowed: Whether it may use the bot.
        daily_minutes: Minutes of audio a day; 0: no limit; None: as the settings say.
    """

    allowed: bool
    daily_minutes: float | None = None


class GrantStore(Protocol):
    """What the host decided for servers. Methods raise StoreError."""

    async def grants(self) -> Mapping[int, HostGrant]:
        """Return every decision, by guild."""

    async def put_grant(self, guild_id: int, grant: HostGrant) -> None:
        """Keep a decision, in the place of what was."""

    async def drop_grant(self, guild_id: int) -> bool:
        """Forget a decision; returns whether there was one."""


class NameStore(Protocol):
    """The names of servers, for the host to read. Methods raise StoreError."""

    async def names(self) -> Mapping[int, str]:
        """Return every name, by guild."""

    async def put_names(self, names: Mapping[int, str]) -> None:
        """Keep these, in the place of what was."""


class MonthStore(Protocol):
    """What all servers spent together, month by month. Methods raise StoreError.

    Processes that share an account share this too, so amounts are added and never set.
    """

    async def add_to_month(self, month: date, amounts: Mapping[str, Spent]) -> Mapping[str, Spent]:
        """Add amounts by model to a month, and return what it holds then; none: only return it.

        Args:
            month: The first day of the month, in UTC.
            amounts: What to add, by model.
        """

    async def claim_warning(self, month: date, percent: int) -> bool:
        """Remember that a warning is given; returns False where it was given before."""
