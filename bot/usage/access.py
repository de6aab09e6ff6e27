"""Which servers may use the bot: what the settings say, and what the host decided since.

The host's decisions stand in the database, where `parley guilds` writes them beside a running bot.
They are read again every `READ_S`; while that fails, the last ones hold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.clock import Alarm, Clock
from bot.domain.access import GrantStore, HostGrant, ServerState
from bot.errors import NotServedError, StoreError
from bot.logs import get_logger
from bot.tasks import TaskOwner
from bot.words import Text, t

log = get_logger(__name__)

READ_S: Final = 10.0


class DecidedBy(StrEnum):
    """Where what holds for a server was decided: the command, a setting, or no setting at all."""

    COMMAND = "parley guilds"
    ALLOWED = "ALLOWED_GUILDS"
    DENIED = "DENIED_GUILDS"
    GUESTS = "GUEST_DAILY_MINUTES"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Permit:
    """What holds for one server.

    Attributes:
        state: What it may do.
        daily_minutes: Minutes of audio a day (UTC); 0: no limit.
        by: Where that was decided.
    """

    state: ServerState
    daily_minutes: float
    by: DecidedBy

    @property
    def denied(self) -> bool:
        """Whether it may use nothing that costs."""
        return self.state is ServerState.DENIED


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What the settings say of servers.

    Attributes:
        daily_minutes: Minutes a day for a server that is allowed; 0: no limit.
        guest_minutes: Minutes a day for a server that is not named; 0: it is denied; None: it is
            denied where `allowed` names others, else allowed.
        allowed: Servers that are allowed.
        denied: Servers that are not.
        contact: Whom a server that is denied may ask; empty: the host, without a name.
    """

    daily_minutes: float = 0.0
    guest_minutes: float | None = None
    allowed: frozenset[int] = frozenset()
    denied: frozenset[int] = frozenset()
    contact: str = ""

    def of(self, guild_id: int, grant: HostGrant | None = None) -> Permit:
        """Return what holds for a server.

        Args:
            guild_id: The server.
            grant: What the host decided for it since; it wins.
        """
        if grant is not None:
            minutes = self.daily_minutes if grant.daily_minutes is None else grant.daily_minutes
            state = ServerState.ALLOWED if grant.allowed else ServerState.DENIED
            return Permit(state, minutes, DecidedBy.COMMAND)
        if guild_id in self.denied:
            return Permit(ServerState.DENIED, self.daily_minutes, DecidedBy.DENIED)
        if guild_id in self.allowed:
            return Permit(ServerState.ALLOWED, self.daily_minutes, DecidedBy.ALLOWED)
        return self._of_others()

    def _of_others(self) -> Permit:
        """Return what holds for a server that is not named."""
        if self.guest_minutes is not None:
            state = ServerState.GUEST if self.guest_minutes else ServerState.DENIED
            return Permit(state, self.guest_minutes, DecidedBy.GUESTS)
        if self.allowed:
            return Permit(ServerState.DENIED, self.daily_minutes, DecidedBy.ALLOWED)
        return Permit(ServerState.ALLOWED, self.daily_minutes, DecidedBy.DEFAULT)

    @property
    def refusal(self) -> Text:
        """What a server reads that is denied."""
        if self.contact:
            return t(
                "I'm not set up for this server. To have it allowed, contact {contact}.",
                contact=self.contact,
            )
        return t("I'm not set up for this server. Ask the bot's host to allow it.")


class Access:
    """What holds for every server, now.

    Args:
        store: Keeps what the host decided.
        rules: What the settings say.
        clock: Tells the time and calls back.
    """

    def __init__(self, store: GrantStore, rules: AccessRules, clock: Clock) -> None:
        self._store = store
        self._rules = rules
        self._grants: Mapping[int, HostGrant] = {}
        self._listeners: list[Callable[[], None]] = []
        self._next = Alarm(clock, self._read_soon)
        self._tasks = TaskOwner("access")
        self._failing = False

    async def open(self) -> None:
        """Read what the host decided, and again from time to time.

        Raises:
            StoreError: The store can't be read.
        """
        self._grants = await self._store.grants()
        self._next.set_in(READ_S)

    def of(self, guild_id: int) -> Permit:
        """Return what holds for a server."""
        return self._rules.of(guild_id, self._grants.get(guild_id))

    def serves(self, guild_id: int) -> bool:
        """Return whether a server may use the bot."""
        return not self.of(guild_id).denied

    def refusal(self, guild_id: int) -> Text | None:
        """Return why a server may not use the bot; None where it may."""
        return self._rules.refusal if self.of(guild_id).denied else None

    def check(self, guild_id: int) -> None:
        """Raise NotServedError when a server may not use the bot."""
        if (refusal := self.refusal(guild_id)) is not None:
            raise NotServedError(refusal)

    def listen(self, changed: Callable[[], None]) -> None:
        """Call back whenever what the host decided has changed."""
        self._listeners.append(changed)

    def _read_soon(self) -> None:
        self._tasks.start(self._read(), "read")

    async def _read(self) -> None:
        try:
            grants = await self._store.grants()
        except StoreError as error:
            if not self._failing:
                log.warning("what was decided for servers can't be read", code=error.code)
            self._failing = True
        else:
            self._failing = False
            if grants != self._grants:
                self._grants = grants
                log.info("decisions about servers were read anew", decisions=len(grants))
                for changed in tuple(self._listeners):
                    changed()
        self._next.set_in(READ_S)

    async def close(self) -> None:
        """Read no more. Idempotent."""
        await self._tasks.close()
        self._next.cancel()
