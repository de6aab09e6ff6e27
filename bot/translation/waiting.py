"""Finals that wait to be sent: whose turn it is, and who goes along in the same request.

Guilds take turns. Within a guild the oldest goes first, and takes others along. Those that can't
take many, as each needs a request of its own or failed in a batch before, take turns with the
others: a request a second serves few of them, and nobody else is to wait behind them.
"""

from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from bot.room.events import Failed, TextAnswer, TextRequest, Usage
from bot.translation.batching import MOST_SENTENCES, Pair, Trust, fits, pair

Answered = Callable[[TextAnswer | Failed | Usage], None]

ALONE: Final = 1


@dataclass(eq=False, slots=True)
class Ticket:
    """A text handed in.

    Attributes:
        number: In the order of asking.
        company: So many may share its request, and those alone that may share with as many: what
            failed in a batch does not draw others in.
    """

    request: TextRequest
    answered: Answered
    asked_at: float
    number: int
    sent: bool = False
    taken_back: bool = False
    tries: int = 0
    not_before: float = 0.0
    company: int = MOST_SENTENCES

    @property
    def waiting(self) -> bool:
        """Whether it is to be sent."""
        return not self.sent and not self.taken_back

    def ready(self, now: float) -> bool:
        """Whether it may be sent now."""
        return self.waiting and self.not_before <= now

    def cancel(self) -> None:
        """Take it back: it is not sent, or not once more, and not answered unless it was sent."""
        self.taken_back = True


_Key = tuple[Pair, int]  # languages and company


def _key(ticket: Ticket) -> _Key:
    return pair(ticket.request), ticket.company


@dataclass(eq=False, slots=True)
class _Lane:
    """Those of one guild that may share requests, oldest first."""

    tickets: list[Ticket] = field(default_factory=list)
    served_at: float = 0.0


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a lane would send next: the one that has waited longest goes."""

    lane: _Lane
    most: int  # may go together
    since: float
    number: int


class Finals:
    """Tickets by guild, languages and company.

    Args:
        trust: How many sentences may share a request.
    """

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._guilds: dict[int, dict[_Key, _Lane]] = {}  # the next one's first

    def __iter__(self) -> Iterator[Ticket]:
        for lanes in self._guilds.values():
            for lane in lanes.values():
                yield from lane.tickets

    def add(self, ticket: Ticket) -> None:
        """It waits, for the first time or again, in the order of asking."""
        lanes = self._guilds.setdefault(ticket.request.guild_id, {})
        lane = lanes.setdefault(_key(ticket), _Lane())
        insort(lane.tickets, ticket, key=lambda each: each.number)

    def remove(self, ticket: Ticket) -> None:
        """It waits no more."""
        self._guilds[ticket.request.guild_id][_key(ticket)].tickets.remove(ticket)

    def tidy(self) -> None:
        """Forget what was taken back, and guilds where nothing waits."""
        for guild_id, lanes in list(self._guilds.items()):
            for lane in lanes.values():
                lane.tickets = [ticket for ticket in lane.tickets if ticket.waiting]
            if not any(lane.tickets for lane in lanes.values()):
                del self._guilds[guild_id]

    def clear(self) -> None:
        """Forget all."""
        self._guilds.clear()

    def take(self, now: float, requests: int) -> list[Ticket]:
        """The next request's, out of the queue; none if nothing may be sent now.

        Args:
            now: Clock seconds.
            requests: So many may go out now, at least one. Only if more sentences than these wait
                does each carry several, and no more of them than it takes.
        """
        ready = sum(ticket.ready(now) for ticket in self)
        wanted = -(-ready // requests)
        for guild_id, lanes in list(self._guilds.items()):
            turns = [turn for key in lanes if (turn := self._turn(lanes, key, now)) is not None]
            if turns:
                turn = min(turns, key=lambda turn: (turn.since, turn.number))
                self._guilds[guild_id] = self._guilds.pop(guild_id)  # the others' turn
                return _taken(turn.lane, min(wanted, turn.most), now)
        return []

    def _turn(self, lanes: dict[_Key, _Lane], key: _Key, now: float) -> _Turn | None:
        lane = lanes[key]
        first = next((ticket for ticket in lane.tickets if ticket.ready(now)), None)
        if first is None:
            return None
        languages, company = key
        most = min(company, self._trust.most(languages, now))
        costly = most == ALONE or company < MOST_SENTENCES
        since = max(first.asked_at, lane.served_at) if costly else first.asked_at
        return _Turn(lane, most, since, first.number)


def _taken(lane: _Lane, most: int, now: float) -> list[Ticket]:
    """The first that may be sent, with those that go along, out of the lane."""
    first, *others = [ticket for ticket in lane.tickets if ticket.ready(now)]
    batch = [first]
    for ticket in others:
        if len(batch) >= most or not fits([each.request for each in batch], ticket.request):
            break
        batch.append(ticket)
    lane.tickets = [ticket for ticket in lane.tickets if ticket not in batch]
    lane.served_at = now
    return batch
