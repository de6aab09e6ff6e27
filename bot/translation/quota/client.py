"""A conversation's part in the budget, and what the two ask of each other."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.translation.ports import OnEvent, OnLost, OpenLink
from bot.translation.quota.fair_queue import Ticket
from bot.translation.quota.lending import LinkLease
from bot.translation.speech.notices import Scarce


class QuotaClient(Protocol):
    """A conversation, as the budget sees it."""

    @property
    def resting(self) -> bool:
        """Whether its link is open and nothing is under way on it."""

    @property
    def talking(self) -> bool:
        """Whether its link is open and something is under way on it."""

    @property
    def between_turns(self) -> bool:
        """Whether no turn is open, so that it can stop here without cutting a sentence."""

    @property
    def complete(self) -> bool:
        """Whether all that its link was asked is answered to the last text."""

    def connect(self) -> None:
        """Open a link: it was waited for."""

    def take_over(self, lease: LinkLease) -> None:
        """Go on with a link that was another's."""

    def hand_over(self) -> None:
        """Let go of the resting link; it serves another from now on."""

    def make_room(self) -> None:
        """Finish the link, resting or talking; what is said meanwhile waits for another one."""


@dataclass(frozen=True, slots=True)
class Claim:
    """For whom a conversation is.

    Attributes:
        guild_id: What is scarce is shared fairly between these.
        speaker_id: Whose conversations the first of which goes before the others.
        settings: Of its session, as they are now. A link may go from one speaker to another whose
            settings are equal; None for a session that has its speaker's own voice.
    """

    guild_id: int = 0
    speaker_id: int = 0
    settings: Callable[[], object] = lambda: None


class Granter(Protocol):
    """The budget, as a share sees it."""

    dropped_s: float

    def request(self, share: "Share", *, ahead: bool) -> None:
        """Ask for a connect."""

    def withdraw(self, share: "Share") -> None:
        """Take a conversation out of the queue."""

    def open(self, share: "Share", on_event: OnEvent, on_lost: OnLost) -> LinkLease:
        """Open a connection for a conversation and return the lease on it."""

    def leave(self, share: "Share") -> None:
        """Forget a conversation that ended for good."""

    def scarce(self, share: "Share") -> Scarce:
        """Return which limit a conversation waits for, most of all."""


class Share:
    """One conversation's part in the budget. Made by `ConnectBudget.share`.

    Attributes:
        claim: The speaker it is for, and its settings.
        guild_id: The guild of the speaker.
        siblings: Claims of the same speaker, oldest first.
        begin: Begins a connection.
        lease: The link it has.
        ticket: Its place in the queue while it waits.
    """

    def __init__(
        self,
        budget: Granter,
        tenant: QuotaClient,
        begin: OpenLink,
        claim: Claim,
        siblings: "list[Share]",
    ) -> None:
        self._budget = budget
        self.tenant = tenant
        self.begin = begin
        self.claim = claim
        self.guild_id = claim.guild_id
        self.siblings = siblings
        self.lease: LinkLease | None = None
        self.ticket: Ticket | None = None

    @property
    def further(self) -> bool:
        """Whether it is for a further language of its speaker."""
        return self.siblings[:1] != [self]

    @property
    def ahead(self) -> bool:
        """Whether it waits without anything having been said."""
        return self.ticket is not None and self.ticket.ahead

    @property
    def asked_at(self) -> float:
        """Since when it waits; infinite while it does not."""
        return math.inf if self.ticket is None else self.ticket.since

    def request(self, *, ahead: bool = False) -> None:
        """Ask for a connect; `connect` is called before this returns when one is free.

        Args:
            ahead: Nothing has been said yet: whoever has spoken goes first.
        """
        self._budget.request(self, ahead=ahead)

    def withdraw(self) -> None:
        """Wait for the connect no more. Without effect when it does not wait."""
        self._budget.withdraw(self)

    def open_link(self, on_event: OnEvent, on_lost: OnLost) -> LinkLease:
        """Begin the connection that was granted."""
        self.lease = self._budget.open(self, on_event, on_lost)
        return self.lease

    @property
    def scarce(self) -> Scarce:
        """The limit that it waits for, most of all."""
        return self._budget.scarce(self)

    def dropped(self, seconds: float) -> None:
        """Count seconds of speech that were dropped for waiting."""
        self._budget.dropped_s += seconds

    def leave(self) -> None:
        """Give the share back, as the conversation ended for good. Idempotent."""
        self._budget.leave(self)
