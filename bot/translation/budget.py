"""What the account may do, shared by every conversation of the process and fair between guilds.

Connects per minute (`connects`), open conversations, tokens per minute (`tokens`); who is next
(`fairness`); and, when connects are short, idle links that serve another speaker (`lending`).
"""

import random
from dataclasses import dataclass
from typing import Final, Protocol

from bot.clock import Clock, Timer
from bot.translation.connects import ConnectRate
from bot.translation.fairness import FairQueue, Ticket
from bot.translation.lending import Lease
from bot.translation.ports import OnEvent, OnLost, OpenLink
from bot.translation.tokens import NEAR, TokenPace, TokenRate

SHORT_S: Final = 0.5  # no connect for longer than this: idle links are lent
LOOK_S: Final = 0.25  # how often the waiting look whether a link has become idle
SOON_S: Final = 5.0  # `has_room`: within so long
TALKING_S: Final = 60.0  # `has_room`: of each minute, as if all spoke all the time


class Tenant(Protocol):
    """A conversation, as the budget sees it."""

    @property
    def resting(self) -> bool:
        """Whether its link is open and nothing is under way on it."""

    @property
    def complete(self) -> bool:
        """Whether all that its link was asked is answered to the last text."""

    def connect(self) -> None:
        """Open a link: it was waited for."""

    def take_over(self, lease: Lease) -> None:
        """Go on with a link that was another's."""

    def hand_over(self) -> None:
        """Let go of the resting link; it serves another from now on."""

    def make_room(self) -> None:
        """Finish the resting link."""


@dataclass(frozen=True, slots=True)
class Claim:
    """For whom a conversation is.

    Attributes:
        guild_id: What is scarce is shared fairly between these.
        speaker_id: Whose conversations the first of which goes before the others.
        settings: Equal for sessions that could serve each other's speakers; None for one that
            can't, as it has its speaker's own voice.
    """

    guild_id: int = 0
    speaker_id: int = 0
    settings: str | None = None


@dataclass(frozen=True, slots=True)
class BudgetFigures:
    """The budget at one moment, for status panels.

    Attributes:
        waiting: Conversations that wait for a connect or an idle link.
        waited_s: How long the first of them has waited.
        next_connect_s: Until the next connect may be made.
        connects_left: In this minute.
        open: Conversations open.
        tokens: Of the last minute, estimated where the service has not counted yet.
        lent: Links that went to another speaker, so far.
        dropped_s: Speech dropped because it waited too long, so far.
    """

    waiting: int
    waited_s: float
    next_connect_s: float
    connects_left: int
    open: int
    tokens: int
    lent: int
    dropped_s: float


class Share:
    """One conversation's part in the budget. Made by `ConnectBudget.share`.

    Attributes:
        claim: For whom. May be replaced when the session's settings change.
        lease: The link it has.
    """

    def __init__(
        self, budget: "ConnectBudget", tenant: Tenant, open_link: OpenLink, claim: Claim
    ) -> None:
        self._budget = budget
        self._open_link = open_link
        self.tenant = tenant
        self.claim = claim
        self.lease: Lease | None = None
        self.ticket: Ticket | None = None

    def request(self) -> None:
        """Ask for a connect; `connect` is called before this returns when one is free."""
        self._budget.request(self)

    def open_link(self, on_event: OnEvent, on_lost: OnLost) -> Lease:
        """Begin the connection that was granted."""
        self.lease = self._budget.open(self._open_link, on_event, on_lost)
        return self.lease

    def dropped(self, seconds: float) -> None:
        """Speech was dropped for waiting."""
        self._budget.dropped_s += seconds

    def leave(self) -> None:
        """The conversation ended for good. Idempotent."""
        self._budget.leave(self)


class ConnectBudget:
    """Grants connects, never more than `per_minute` in a minute, and lends idle links.

    Args:
        per_minute: The account's limit; each websocket handshake counts as one request.
        clock: Time.
        most_open: Conversations open at once; beyond, the longest idle one makes room.
        tokens_per_minute: The account's limit. Near it, further languages wait.
        pace: Tokens that the model takes.
        chance: Spreads rests.
    """

    def __init__(
        self,
        per_minute: int,
        clock: Clock,
        *,
        most_open: int = 40,
        tokens_per_minute: int = 100_000,
        pace: TokenPace | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._clock = clock
        self._most_open = most_open
        self._pace = pace or TokenPace()
        self._rate = ConnectRate(per_minute, chance or random.Random())  # noqa: S311 - jitter
        self._tokens = TokenRate(tokens_per_minute)
        self._queue = FairQueue()
        self._asking: dict[Ticket, Share] = {}
        self._shares: dict[tuple[int, int], list[Share]] = {}  # by guild and speaker, oldest first
        self._open: list[Lease] = []
        self._lent = 0
        self._timer: Timer | None = None
        self._serving = False
        self.dropped_s = 0.0

    @property
    def waiting(self) -> int:
        """Conversations that wait for their turn."""
        return len(self._queue)

    def figures(self) -> BudgetFigures:
        """The budget as it is now."""
        now = self._clock.now()
        oldest = self._queue.oldest()
        return BudgetFigures(
            waiting=len(self._queue),
            waited_s=0.0 if oldest is None else now - oldest.since,
            next_connect_s=self._rate.next_at(now) - now,
            connects_left=self._rate.left(now),
            open=len(self._open),
            tokens=round(self._tokens.last_minute(now)),
            lent=self._lent,
            dropped_s=self.dropped_s,
        )

    def has_room(self, conversations: int) -> bool:
        """Whether so many more conversations would be opened soon and stay within every limit."""
        now = self._clock.now()
        asked = len(self._queue) + conversations
        tokens = asked * (self._pace.in_per_s + self._pace.out_per_s) * TALKING_S
        return (
            self._rate.possible(now, SOON_S) >= asked
            and len(self._open) + asked <= self._most_open
            and self._tokens.used(now, tokens) < NEAR
        )

    # What conversations ask

    def share(self, tenant: Tenant, open_link: OpenLink, claim: Claim) -> Share:
        """A conversation's part, until it leaves."""
        share = Share(self, tenant, open_link, claim)
        self._shares.setdefault((claim.guild_id, claim.speaker_id), []).append(share)
        return share

    def request(self, share: Share) -> None:
        """Ask for a connect; see `Share.request`."""
        if share.ticket is None:
            further = self._is_further(share)
            share.ticket = Ticket(share.claim.guild_id, further, self._clock.now())
            self._asking[share.ticket] = share
            self._queue.add(share.ticket)
        self._serve()

    def leave(self, share: Share) -> None:
        """The conversation ended for good; see `Share.leave`."""
        if share.ticket is not None:
            self._queue.remove(share.ticket)
            del self._asking[share.ticket]
            share.ticket = None
        key = (share.claim.guild_id, share.claim.speaker_id)
        if share in self._shares.get(key, []):
            self._shares[key].remove(share)
            if not self._shares[key]:
                del self._shares[key]
        if self._timer is not None and not self._queue:
            self._timer.cancel()
            self._timer = None

    def _is_further(self, share: Share) -> bool:
        return self._shares[share.claim.guild_id, share.claim.speaker_id][0] is not share

    def open(self, open_link: OpenLink, on_event: OnEvent, on_lost: OnLost) -> Lease:
        """Begin a connection; see `Share.open_link`."""
        lease = Lease(open_link, self, self._pace, self._clock, on_event, on_lost)
        self._open.append(lease)
        return lease

    # What leases report

    def spent(self, tokens: float) -> None:
        """Tokens were used, or fewer than was thought."""
        self._tokens.spend(self._clock.now(), tokens)

    def accepted(self, lease: Lease) -> None:
        """The service took the session."""
        self._rate.accepted(lease.made_at)
        self._serve()

    def refused(self, lease: Lease) -> None:
        """The service refuses for the rate of requests: all of them rest."""
        self._rate.refused(lease.made_at, self._clock.now())

    def ended(self, lease: Lease) -> None:
        """The link is given up."""
        if lease in self._open:
            self._open.remove(lease)
            self._serve()

    # Serving

    def _serve(self) -> None:
        if self._serving:  # asked by the one who is being served
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._serving = True
        try:
            while self._serve_one():
                pass
        finally:
            self._serving = False
        if self._queue:
            now = self._clock.now()
            next_at = self._rate.next_at(now)
            look_at = now + LOOK_S
            self._timer = self._clock.call_at(
                min(next_at, look_at) if next_at > now else look_at, self._serve
            )

    def _serve_one(self) -> bool:
        """Give the next in order a connect, or the first for whom there is one an idle link."""
        now = self._clock.now()
        used = self._tokens.used(now)
        waiting = [
            self._asking[ticket]
            for ticket in self._queue.order(now)
            if used < (NEAR if ticket.further else 1.0)
        ]
        if not waiting:
            return False
        next_at = self._rate.next_at(now)
        if next_at <= now and len(self._open) < self._most_open:
            self._rate.made(now)
            self._leave_queue(waiting[0])
            waiting[0].tenant.connect()
            return True
        if next_at > now + SHORT_S or len(self._open) >= self._most_open:
            for share in waiting:
                if (lender := self._lender(share)) is not None:
                    self._lend(lender, share)
                    return True
        if next_at <= now:
            self._make_room(len(waiting))
        return False

    def _leave_queue(self, share: Share) -> None:
        if share.ticket is not None:
            self._queue.served(share.ticket)
            del self._asking[share.ticket]
            share.ticket = None

    def _resting(self) -> list[Share]:
        """Those whose link has been idle, the longest first."""
        resting = [
            (share.lease.active_at, share)
            for shares in self._shares.values()
            for share in shares
            if share.lease is not None and share.tenant.resting and share.lease.quiet
        ]
        return [share for _, share in sorted(resting, key=lambda pair: pair[0])]

    def _lender(self, borrower: Share) -> Share | None:
        claim = borrower.claim
        if claim.settings is None:
            return None
        for share in self._resting():
            alike = (share.claim.guild_id, share.claim.settings) == (claim.guild_id, claim.settings)
            lease = share.lease
            if alike and lease is not None and lease.passes and share.tenant.complete:
                return share
        return None

    def _lend(self, lender: Share, borrower: Share) -> None:
        lease, lender.lease = lender.lease, None
        if lease is None:
            return
        self._leave_queue(borrower)
        self._lent += 1
        lender.tenant.hand_over()
        borrower.lease = lease
        borrower.tenant.take_over(lease)

    def _make_room(self, wanted: int) -> None:
        wanted -= sum(lease.finishing for lease in self._open)
        for share in self._resting()[: max(0, wanted)]:
            share.tenant.make_room()
