"""Who is next: the order in which waiting conversations are served.

Between guilds it goes round: each is served once before another is again. Within a guild the
oldest goes first. A speaker's further languages go behind the first language of everybody, until
they have waited so long that their words would soon be lost; from then on they count as first.
"""

from collections import deque
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

PROMOTED_S: Final = 8.0  # well before the audio that waits is cut


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """A place in the queue.

    Attributes:
        guild_id: The guild it belongs to.
        further: Whether it is for a further language of its speaker.
        since: Clock seconds at which it was asked for.
        ahead: Whether nothing was said yet: it goes behind whoever has spoken.
    """

    guild_id: int
    further: bool
    since: float
    ahead: bool = False

    def behind(self, now: float) -> bool:
        """Return whether the ticket goes behind the others."""
        return self.ahead or (self.further and now < self.since + PROMOTED_S)


class FairQueue:
    """Tickets, from their asking to their serving."""

    def __init__(self) -> None:
        self._waiting: dict[int, list[Ticket]] = {}  # by guild, oldest first
        self._ring: deque[int] = deque()  # guilds that wait, next first

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    @property
    def guilds(self) -> frozenset[int]:
        """The guilds with tickets that wait."""
        return frozenset(self._waiting)

    def waiting(self, guild_id: int) -> int:
        """Return how many tickets of a guild wait."""
        return len(self._waiting.get(guild_id, ()))

    def add(self, ticket: Ticket) -> None:
        """Add a ticket to its guild's queue."""
        if ticket.guild_id not in self._waiting:
            self._waiting[ticket.guild_id] = []
            self._ring.append(ticket.guild_id)
        self._waiting[ticket.guild_id].append(ticket)

    def remove(self, ticket: Ticket) -> None:
        """Leave the queue unserved. Without effect when it is not in it."""
        tickets = self._waiting.get(ticket.guild_id, [])
        if ticket in tickets:
            tickets.remove(ticket)
            if not tickets:
                del self._waiting[ticket.guild_id]
                self._ring.remove(ticket.guild_id)

    def served(self, ticket: Ticket) -> None:
        """Leave the queue served: the guild's next turn comes after the others'."""
        self.remove(ticket)
        if ticket.guild_id in self._waiting:
            self._ring.remove(ticket.guild_id)
            self._ring.append(ticket.guild_id)

    def order(self, now: float) -> list[Ticket]:
        """Return every ticket, the next one first."""
        return [
            ticket
            for behind in (False, True)
            for row in zip_longest(*(self._of(guild_id, now, behind) for guild_id in self._ring))
            for ticket in row
            if ticket is not None
        ]

    def oldest(self) -> Ticket | None:
        """Return the ticket that has waited longest, or None."""
        tickets = (tickets[0] for tickets in self._waiting.values())
        return min(tickets, key=lambda ticket: ticket.since, default=None)

    def _of(self, guild_id: int, now: float, behind: bool) -> list[Ticket]:  # noqa: FBT001 - named
        return [ticket for ticket in self._waiting[guild_id] if ticket.behind(now) is behind]
