"""What the account may do, shared by every conversation of the process and divided among servers.

Limited are connects a minute (`connects`), conversations open at once and tokens a minute
(`tokens`). The rule:

- Each is divided evenly among the servers that take part (`server_quotas`): those with a
  conversation that waits or is open, which it is until nobody has spoken for a while. No quota
  is below one conversation and one connect. A silent server has none, and the only one has all.
- Within its quotas a server goes before all that are beyond theirs. Equals take turns
  (`fair_queue`).
- Beyond its quotas it is first come, first served, as far as that can be taken back:
  - A connect can't be. So a server beyond its quota leaves to the others what their quotas still
    have (up to half of all connects) and, where another server may come, a fifth. What becomes free
    within a fifth of a minute counts as left, so that one server alone makes as many as the account
    allows. A connect for which nobody has spoken yet leaves half, if its server made one in this
    minute already: somebody may start and stop rooms in a loop.
  - A conversation can be. Where one within its server's quota finds no place, a server beyond its
    own gives one up: one that rests, or from `GRACE_S` on one in which somebody speaks. What they
    say meanwhile is kept and waits. With more servers than places, each keeps its only one for
    `ROUND_S`.
  - So can tokens. A server within its quota is admitted at the limit too; then those beyond theirs
    give conversations up, one every `SAVE_S`, until the limit holds again.

When connects are short, idle links serve other speakers of their server (`lending`).
"""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.clock import Alarm, Clock
from bot.translation.ports import OnEvent, OnLost, OpenLink
from bot.translation.quota.client import Claim, QuotaClient, Share
from bot.translation.quota.connects import ConnectRate
from bot.translation.quota.fair_queue import FairQueue, Ticket
from bot.translation.quota.giving import Givers
from bot.translation.quota.lending import LinkLease
from bot.translation.quota.server_quotas import Quotas
from bot.translation.quota.tokens import FAR, TokenPace, TokenRate
from bot.translation.speech.notices import Scarce

__all__ = ["BudgetFigures", "Claim", "ConnectBudget", "QuotaClient", "Share"]

SHORT_S: Final = 0.5  # no connect for longer than this: idle links are lent
LOOK_S: Final = 0.25  # how often the waiting look whether a link has become idle
UNTOLD: Final = 15.0  # tokens of a conversation, half a second of talk: far from the limit
SAVE_S: Final = 5.0  # between two that are given up for the tokens, where it shows late
SOON_S: Final = 5.0  # `has_room`: within so long
TALKING_S: Final = 60.0  # `has_room`: of each minute, as if all spoke all the time


@dataclass(frozen=True, slots=True)
class BudgetFigures:
    """The budget at one moment, for status panels.

    Attributes:
        waiting: Conversations that wait for a connect or an idle link.
        waited_s: How long the first of them has waited.
        next_connect_s: Until the next connect may be made.
        connects_left: Connects left in this minute.
        connects: Connects made in it.
        open: How many conversations are open.
        tokens: Tokens of the last minute, estimated where the service has not counted yet.
        lent: Links that went to another speaker, so far.
        dropped_s: Speech dropped because it waited too long, so far.
    """

    waiting: int
    waited_s: float
    next_connect_s: float
    connects_left: int
    connects: int
    open: int
    tokens: int
    lent: int
    dropped_s: float


class ConnectBudget:
    """Grants connects, never more than `per_minute` in a minute, and lends idle links.

    Args:
        per_minute: The account's limit; each websocket handshake counts as one request.
        clock: Tells the time and calls back.
        most_open: Conversations open at once; beyond, the longest idle one makes room.
        tokens_per_minute: The account's limit. Near it, further languages wait.
        pace: Tokens that the model takes.
        chance: Spreads rests at random.
        servers: How many there are, silent ones too; those that ever asked are known anyway.
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
        servers: Callable[[], int] = lambda: 1,
    ) -> None:
        self._clock = clock
        self._most_open = self._granted_open = most_open
        self._pace = pace or TokenPace()
        self._rate = ConnectRate(per_minute, chance or random.Random())  # noqa: S311 - jitter
        self._tokens = TokenRate(tokens_per_minute)
        self._servers = servers
        self._queue = FairQueue()
        self._asking: dict[Ticket, Share] = {}
        self._shares: dict[tuple[int, int], list[Share]] = {}  # by guild and speaker, oldest first
        self._open: list[LinkLease] = []
        self._lent = 0
        self._next = Alarm(clock, self._serve)
        self._serving = False
        self._saving = Alarm(clock, self._save_tokens)
        self.dropped_s = 0.0

    @property
    def waiting(self) -> int:
        """Conversations that wait for their turn."""
        return len(self._queue)

    def figures(self) -> BudgetFigures:
        """Return how much of the budget is used now."""
        now = self._clock.now()
        oldest = self._queue.oldest()
        return BudgetFigures(
            waiting=len(self._queue),
            waited_s=0.0 if oldest is None else now - oldest.since,
            next_connect_s=self._rate.next_at(now) - now,
            connects_left=max(0, self._rate.left(now)),
            connects=self._rate.used(now).total(),
            open=len(self._open),
            tokens=round(self._tokens.last_minute(now)),
            lent=self._lent,
            dropped_s=self.dropped_s,
        )

    def has_room(self, conversations: int, guild_id: int) -> bool:
        """Return whether a server could open so many more soon, within its quotas."""
        asked = self._queue.waiting(guild_id) + conversations
        tokens = asked * (self._pace.in_per_s + self._pace.out_per_s) * TALKING_S
        return self._quotas(guild_id).fits(guild_id, asked, within_s=SOON_S, tokens=tokens)

    def _quotas(self, *guild_ids: int) -> Quotas:
        """Return the present quotas, with these servers as if they took part."""
        now = self._clock.now()
        held = Counter(lease.guild_id for lease in self._open if not lease.ending)
        guilds = self._queue.guilds | held.keys() | frozenset(guild_ids)
        known = {guild_id for guild_id, _ in self._shares}
        return Quotas(
            now,
            self._rate,
            self._rate.used(now),
            self._tokens,
            self._most_open,
            held,
            guilds,
            others=max(self._servers(), len(known)) > len(guilds),
        )

    def scarce(self, share: Share) -> Scarce:
        """Return which limit a conversation waits for; see `Share.scarce`."""
        quotas = self._quotas(share.guild_id)
        full = len(self._open) >= self._granted_open
        if self._rate.rests(quotas.now):
            return Scarce.REFUSED
        if not quotas.admits(share.guild_id, further=share.further):
            return Scarce.TOKENS
        return Scarce.PLACES if full and self._rate.left(quotas.now) else Scarce.CONNECTS

    # Where several processes share the account

    def limit_connects(self, granted: int, reachable: int) -> None:
        """Make no more connects in a minute than granted; up to `reachable` would be."""
        self._rate.limit_to(granted, reachable)
        if self._queue:
            self._serve()

    def limit_open(self, granted: int, reachable: int) -> None:
        """Have no more conversations open than granted; up to `reachable` would be."""
        self._granted_open, self._most_open = granted, max(1, reachable)
        if self._queue:
            self._serve()

    def used_elsewhere(self, tokens: int) -> None:
        """Count tokens of the last minute that other processes used."""
        self._tokens.elsewhere = tokens

    # Called by conversations

    def share(self, tenant: QuotaClient, open_link: OpenLink, claim: Claim) -> Share:
        """Return a conversation's part of the budget, which it has until it leaves."""
        siblings = self._shares.setdefault((claim.guild_id, claim.speaker_id), [])
        share = Share(self, tenant, open_link, claim, siblings)
        siblings.append(share)
        return share

    def request(self, share: Share, *, ahead: bool = False) -> None:
        """Ask for a connect; see `Share.request`."""
        if share.ticket is None:
            share.ticket = Ticket(share.guild_id, share.further, self._clock.now(), ahead)
            self._asking[share.ticket] = share
            self._queue.add(share.ticket)
        self._serve()

    def withdraw(self, share: Share) -> None:
        """Wait no more; see `Share.withdraw`."""
        if share.ticket is not None:
            self._queue.remove(share.ticket)
            del self._asking[share.ticket]
            share.ticket = None
        if not self._queue:
            self._next.cancel()

    def leave(self, share: Share) -> None:
        """Forget a conversation that ended for good; see `Share.leave`."""
        self.withdraw(share)
        key = (share.guild_id, share.claim.speaker_id)
        if share in self._shares.get(key, []):
            self._shares[key].remove(share)
            if not self._shares[key]:
                del self._shares[key]
        if not self._shares:
            self._saving.cancel()

    def open(self, share: Share, on_event: OnEvent, on_lost: OnLost) -> LinkLease:
        """Begin a connection; see `Share.open_link`."""
        lease = LinkLease(
            share.begin, self, self._pace, self._clock, on_event, on_lost, share.guild_id
        )
        self._open.append(lease)
        return lease

    # Called by leases

    def spent(self, lease: LinkLease, tokens: float) -> float:
        """Count tokens that were used, or fewer than was thought.

        Returns:
            How many more the lease may use before it tells of them: none near the limit.
        """
        now = self._clock.now()
        self._tokens.spend(now, tokens, lease.guild_id)
        used = self._tokens.used(now)
        if not self._saving.waits and used >= 1:
            # Later, as the conversation that gives up its link may call this half-way through.
            self._saving.set(now + SAVE_S)
        return UNTOLD if used < FAR else 0.0

    def accepted(self, lease: LinkLease) -> None:
        """Record that the service took the session, and serve who waits."""
        self._rate.accepted(lease.made_at)
        self._serve()

    def refused(self, lease: LinkLease) -> None:
        """Let all connects rest, as the service refuses for the rate of requests."""
        self._rate.refused(lease.made_at, self._clock.now())

    def ended(self, lease: LinkLease) -> None:
        """Take back a link that was given up, and serve who waits."""
        if lease in self._open:
            self._open.remove(lease)
            self._serve()

    # Serving

    def _serve(self) -> None:
        if self._serving:  # asked by the one who is being served
            return
        self._next.cancel()
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
            self._next.set(min(next_at, look_at) if next_at > now else look_at)

    def _serve_one(self) -> bool:
        """Give the next in order a connect, or the first for whom there is one an idle link."""
        quotas = self._quotas()
        givers = self._givers(quotas)
        full = len(self._open) >= self._granted_open
        takers = []  # who lack nothing but a place
        for share in self._in_order(quotas):
            connect_at = quotas.connect_at(share.guild_id, ahead=share.ahead)
            if connect_at <= quotas.now and not full:
                self._rate.made(quotas.now, share.guild_id)
                self._leave_queue(share)
                share.tenant.connect()
                return True
            if (full or connect_at > quotas.now + SHORT_S) and (lender := givers.lender(share)):
                self._lend(lender, share)
                return True
            if connect_at <= quotas.now:
                takers.append(share)
        if len(self._open) >= self._most_open:  # else more are granted in a moment
            self._make_room(takers, quotas, givers)
        return False

    def _in_order(self, quotas: Quotas) -> list[Share]:
        """Return those who wait and whom the tokens admit, the next one first."""
        # A place that a server gave up goes to one within its quota, not to the first to connect.
        rank = {
            guild_id: (not quotas.within(guild_id), not quotas.may_hold(guild_id))
            for guild_id in self._queue.guilds
        }
        return [
            self._asking[ticket]
            for ticket in sorted(
                self._queue.order(quotas.now), key=lambda ticket: rank[ticket.guild_id]
            )
            if quotas.admits(ticket.guild_id, further=ticket.further)
        ]

    def _leave_queue(self, share: Share) -> None:
        if share.ticket is not None:
            self._queue.served(share.ticket)
            del self._asking[share.ticket]
            share.ticket = None

    # Links that are passed on

    def _givers(self, quotas: Quotas) -> Givers:
        linked = [
            share for shares in self._shares.values() for share in shares if share.lease is not None
        ]
        return Givers(linked, quotas)

    def _lend(self, lender: Share, borrower: Share) -> None:
        lease, lender.lease = lender.lease, None
        if lease is None:
            return
        self._leave_queue(borrower)
        self._lent += 1
        lender.tenant.hand_over()
        borrower.lease = lease
        borrower.tenant.take_over(lease)

    def _make_room(self, takers: Sequence[Share], quotas: Quotas, givers: Givers) -> None:
        """Have so many links finish as lack, besides those that are ending anyway."""
        ending = sum(lease.ending for lease in self._open)
        for taker in takers:
            if ending > 0:
                ending -= 1
            elif (giver := givers.making_room(taker)) is not None:
                quotas.held[giver.guild_id] -= 1
                giver.tenant.make_room()
            else:
                continue
            quotas.held[taker.guild_id] += 1

    def _save_tokens(self) -> None:
        quotas = self._quotas()
        if self._tokens.used(quotas.now) >= 1:
            giver = self._givers(quotas).saving_tokens()
            if giver is not None:
                giver.tenant.make_room()
