"""Texts that wait to be sent: whose turn it is, and who goes along in the same request.

Guilds take turns: next is the one that was served longest ago. Within a guild the oldest goes
first, and takes others along. Those that can't take many, as each needs a request of its own or
failed in a batch before, take turns with the others: a request a second serves few of them, and
nobody else is to wait behind them.
"""

from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from bot.domain.events import Failed, TextAnswer, TextRequest, Usage
from bot.translation.text.batching import MOST_SENTENCES, Pair, Trust, fits, pair

Answered = Callable[[TextAnswer | Failed | Usage], None]

ALONE: Final = 1
MOST_REMEMBERED: Final = 1024  # servers whose last turn is known


@dataclass(eq=False, slots=True)
class WaitingText:
    """A text handed in.

    Attributes:
        number: Its number in the order of asking.
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
        """Return whether it may be sent now."""
        return self.waiting and self.not_before <= now

    def cancel(self) -> None:
        """Take it back: it is not sent, or not once more, and not answered unless it was sent."""
        self.taken_back = True


_Key = tuple[Pair, int]  # languages and company


def _key(ticket: WaitingText) -> _Key:
    return pair(ticket.request), ticket.company


@dataclass(eq=False, slots=True)
class _TextLane:
    """Those of one guild that may share requests, oldest first."""

    tickets: list[WaitingText] = field(default_factory=list)
    served_at: float = 0.0


@dataclass(frozen=True, slots=True)
class _LaneTurn:
    """What a lane would send next: the one that has waited longest goes."""

    lane: _TextLane
    most: int  # may go together
    since: float
    number: int


class Rota:
    """Which server was served longest ago."""

    def __init__(self) -> None:
        self._served: dict[int, int] = {}  # the number of its last turn; the oldest first
        self._turns = 0

    def served(self, guild_id: int) -> None:
        """Record that a server had its turn."""
        self._turns += 1
        self._served.pop(guild_id, None)
        self._served[guild_id] = self._turns
        if len(self._served) > MOST_REMEMBERED:
            del self._served[next(iter(self._served))]

    def order(self, guild_ids: Iterable[int]) -> list[int]:
        """Return these servers, the one that waited longest for its turn first."""
        return sorted(guild_ids, key=lambda guild_id: self._served.get(guild_id, 0))


class WaitingInterims:
    """Tickets of which each is worth something only for a moment.

    Args:
        rota: Whose turn it is.
    """

    def __init__(self, rota: Rota) -> None:
        self._rota = rota
        self._tickets: list[WaitingText] = []  # oldest first

    def __iter__(self) -> Iterator[WaitingText]:
        return iter(self._tickets)

    def add(self, ticket: WaitingText) -> None:
        """Add a text to the queue."""
        self._tickets.append(ticket)

    def remove(self, ticket: WaitingText) -> None:
        """Take a text out of the queue."""
        self._tickets.remove(ticket)

    def tidy(self) -> None:
        """Forget what was taken back."""
        self._tickets = [ticket for ticket in self._tickets if ticket.waiting]

    def clear(self) -> None:
        """Empty the queue."""
        self._tickets.clear()

    def take(self, may: set[int]) -> list[WaitingText]:
        """Take out the oldest text of the next of these servers; empty if there is none."""
        first: dict[int, WaitingText] = {}
        for ticket in self._tickets:
            if ticket.waiting:
                first.setdefault(ticket.request.guild_id, ticket)
        for guild_id in self._rota.order(one for one in first if one in may):
            self._tickets.remove(first[guild_id])
            self._rota.served(guild_id)
            return [first[guild_id]]
        return []


class Finals:
    """Tickets by guild, languages and company.

    Args:
        trust: How many sentences may share a request.
        rota: Whose turn it is.
    """

    def __init__(self, trust: Trust, rota: Rota) -> None:
        self._trust = trust
        self._rota = rota
        self._guilds: dict[int, dict[_Key, _TextLane]] = {}

    def __iter__(self) -> Iterator[WaitingText]:
        for lanes in self._guilds.values():
            for lane in lanes.values():
                yield from lane.tickets

    def add(self, ticket: WaitingText) -> None:
        """Add a text, for the first time or again, in the order of asking."""
        lanes = self._guilds.setdefault(ticket.request.guild_id, {})
        lane = lanes.setdefault(_key(ticket), _TextLane())
        insort(lane.tickets, ticket, key=lambda each: each.number)

    def remove(self, ticket: WaitingText) -> None:
        """Take a text out of the queue."""
        self._guilds[ticket.request.guild_id][_key(ticket)].tickets.remove(ticket)

    def tidy(self) -> None:
        """Forget what was taken back, and guilds where nothing waits."""
        for guild_id, lanes in list(self._guilds.items()):
            for lane in lanes.values():
                lane.tickets = [ticket for ticket in lane.tickets if ticket.waiting]
            if not any(lane.tickets for lane in lanes.values()):
                del self._guilds[guild_id]

    def clear(self) -> None:
        """Empty the queue."""
        self._guilds.clear()

    def take(self, now: float, requests: int, may: set[int]) -> list[WaitingText]:
        """Take the next request's texts out of the queue; empty if nothing may be sent now.

        Args:
            now: Clock seconds.
            requests: So many may go out now, at least one, divided among the servers. Only if more
                sentences of a server wait does each carry several, and no more than it takes.
            may: The servers that may send.
        """
        ready = Counter(ticket.request.guild_id for ticket in self if ticket.ready(now))
        of_each = -(-requests // max(1, len(ready)))
        for guild_id in self._rota.order(one for one in ready if one in may):
            lanes = self._guilds[guild_id]
            turns = [turn for key in lanes if (turn := self._turn(lanes, key, now)) is not None]
            turn = min(turns, key=lambda turn: (turn.since, turn.number))
            self._rota.served(guild_id)
            return _taken(turn.lane, min(-(-ready[guild_id] // of_each), turn.most), now)
        return []

    def _turn(self, lanes: dict[_Key, _TextLane], key: _Key, now: float) -> _LaneTurn | None:
        lane = lanes[key]
        first = next((ticket for ticket in lane.tickets if ticket.ready(now)), None)
        if first is None:
            return None
        languages, company = key
        most = min(company, self._trust.most(languages, now))
        costly = most == ALONE or company < MOST_SENTENCES
        since = max(first.asked_at, lane.served_at) if costly else first.asked_at
        return _LaneTurn(lane, most, since, first.number)


def _taken(lane: _TextLane, most: int, now: float) -> list[WaitingText]:
    """Take the first text that may be sent, with those that go along, out of the lane."""
    first, *others = [ticket for ticket in lane.tickets if ticket.ready(now)]
    batch = [first]
    for ticket in others:
        if len(batch) >= most or not fits([each.request for each in batch], ticket.request):
            break
        batch.append(ticket)
    lane.tickets = [ticket for ticket in lane.tickets if ticket not in batch]
    lane.served_at = now
    return batch
