"""Where texts wait to be translated: finals always, interims while there is room.

Finals go out in the order they were handed in, by turns between guilds; where more of a guild wait
than it may send, those of the same languages share a request. No guild delays another's by more
than its turn: beyond its share of a minute's requests its finals wait even for others' interims,
the last of the requests under way are for others, and when too many wait, it loses its own.

One that waited too long is given up, which is said. A final that failed for a moment is tried
again, without holding up the others; one that was refused for the rate makes everything rest. None
is given up for what failed in its company: the last try, at the latest, is its own.
"""

import itertools
import math
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from bot.clock import Alarm, Clock
from bot.domain.events import Failed, TextAnswer, TextRequest, Usage
from bot.logs import get_logger
from bot.tasks import TaskOwner
from bot.translation import retry
from bot.translation.ports import Reach, report
from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault
from bot.translation.text.batching import MOST_SENTENCES, PARTS, Trust, joined, pair, parted
from bot.translation.text.finals import ALONE, Answered, Finals, Rota, WaitingInterims, WaitingText
from bot.translation.text.qwen_mt import ENDS_ALL, UNREADABLE
from bot.translation.text.request_budget import RequestBudget
from bot.words import t

MOST_WAITING: Final = 256  # finals, and as many interims; of more, the oldest is given up
MOST_UNDER_WAY: Final = 16
LEFT_UNDER_WAY: Final = 2  # of these, by who has more than its share of them
MOST_TRIES: Final = 4
LATE_S: Final = 30.0  # a caption that comes later helps nobody
REFUSED_S: Final = 60.0  # the account's refusal is taken for true for so long

log = get_logger(__name__)

Send = Callable[[TextRequest], Awaitable[TextAnswer | Fault]]

LATE: Final = Failed(
    "text_late",
    t("Text translation is falling behind, so some sentences are missing in some languages."),
    fatal=False,
)

BROKEN: Final = Fault("text_broken", t("A text couldn't be translated."), retryable=False)

OF_TEXT: Final = frozenset({faults.REPEATED, UNREADABLE})
"""Of those that may pass: one sentence may be the cause."""


OF_SERVICE: Final = frozenset(
    fault.code
    for fault in (
        *ENDS_ALL,
        faults.UNREACHABLE,
        faults.CONNECTION_REFUSED,
        faults.NO_ADDRESS,
        faults.BAD_CERTIFICATE,
        faults.NO_ANSWER,
        faults.OVERLOADED,
        faults.FAILED,
    )
)
"""Codes of those that have nothing to do with the text."""


class TextQueue:
    """Implements `bot.domain.ports.TextTranslator`. One per process.

    Args:
        send: Translates one text.
        languages: Codes of what can be asked for.
        per_minute: Requests that the account may make.
        clock: Tells the time and calls back.
        chance: Spreads what is tried again.
        reach: Learns whether the service can be used.
    """

    def __init__(
        self,
        send: Send,
        *,
        languages: frozenset[str],
        per_minute: int,
        clock: Clock,
        chance: random.Random,
        reach: Reach | None = None,
    ) -> None:
        self._send = send
        self._languages = languages
        self._budget = RequestBudget(per_minute, chance)
        self._clock = clock
        self._chance = chance
        self._reach = reach
        self._trust = Trust()
        rota = Rota()
        self._finals = Finals(self._trust, rota)
        self._interims = WaitingInterims(rota)
        self._numbers = itertools.count()
        self._under_way: Counter[int] = Counter()  # requests, by guild
        self._refused: tuple[Failed, float] | None = None  # why, and until when
        self._alarm = Alarm(clock, self._look)
        self._tasks = TaskOwner("texts")
        self._closed = False
        self.given_up = 0  # finals
        self.asked_again = 0  # finals, as their batch's answer was of no use for them

    @property
    def waiting(self) -> int:
        """Finals that have not been sent, for the status panel."""
        return sum(ticket.waiting for ticket in self._finals)

    def used(self) -> int:
        """Return how many requests were sent in the last minute."""
        return self._budget.used(self._clock.now())

    def limit_to(self, granted: int, reachable: int) -> None:
        """Send no more requests in a minute than granted; up to `reachable` would be."""
        self._budget.limit_to(granted, reachable)
        if self.waiting:
            self._look_at(self._clock.now())

    def languages(self) -> frozenset[str]:
        """Return the codes of the languages it translates between."""
        return self._languages

    def ask(self, request: TextRequest, answered: Answered) -> WaitingText:
        """Hand a text in; `answered` is called after this returns."""
        now = self._clock.now()
        ticket = WaitingText(request, answered, now, next(self._numbers))
        if self._closed:
            ticket.cancel()
        elif request.final:
            self._finals.add(ticket)
            self._look_at(now)
        else:
            self._interims.add(ticket)
            self._look_at(now)
        return ticket

    # Requests

    def _look_at(self, when: float) -> None:
        if not self._closed:
            self._alarm.set(when)

    def _look(self) -> None:
        now = self._clock.now()
        self._tidy(now)
        while batch := self._next(now):
            guild_id = batch[0].request.guild_id
            self._under_way[guild_id] += 1
            self._budget.take(now, guild_id, self._share(self._guilds()))
            for ticket in batch:
                ticket.sent = True
                ticket.tries += 1
            self._tasks.start(self._serve(batch), "request", guild=guild_id)
        due = self._due()
        if due < math.inf:
            self._look_at(max(now, due))

    def _tidy(self, now: float) -> None:
        """Forget what was taken back, and give up what waited too long."""
        self._finals.tidy()
        self._interims.tidy()
        if self._refused is not None and now < self._refused[1]:
            for ticket in [*self._finals, *self._interims]:
                self._answer(ticket, self._refused[0])
            return
        for ticket in list(self._finals):
            if now >= ticket.asked_at + LATE_S:
                self._give_up(ticket)
        for ticket in _too_many(self._finals):
            self._give_up(ticket)
        for ticket in _too_many(self._interims):
            self._answer(ticket, LATE)

    def _give_up(self, ticket: WaitingText) -> None:
        self.given_up += 1
        self._answer(ticket, LATE)

    def _answer(self, ticket: WaitingText, answer: TextAnswer | Failed) -> None:
        """Answer one that waits."""
        ticket.sent = True
        if ticket.request.final:
            self._finals.remove(ticket)
        else:
            self._interims.remove(ticket)
        _tell(ticket, answer)

    def _next(self, now: float) -> list[WaitingText]:
        """Return what goes out in one request; empty if nothing may."""
        free = self._budget.free(now, MOST_UNDER_WAY - self._under_way.total())
        if free < 1:
            return []
        guilds = self._guilds()
        share, may = self._share(guilds), self._may_send(guilds)
        within = {one for one in may if self._budget.used_by(one, now) < share}
        spare = {one for one, at in self._interims_at(may, share).items() if at <= now}
        return (
            self._finals.take(now, free, within)
            or self._interims.take(spare)
            or self._finals.take(now, free, may)
        )

    def _guilds(self) -> set[int]:
        """Return the guilds with texts that wait or are under way."""
        return self._under_way.keys() | {
            ticket.request.guild_id for ticket in (*self._finals, *self._interims)
        }

    def _share(self, guilds: set[int]) -> float:
        """Return a guild's part of the requests of a minute."""
        return self._budget.per_minute / max(1, len(guilds))

    def _may_send(self, guilds: set[int]) -> set[int]:
        """Return the guilds of which one more request may be under way."""
        left = MOST_UNDER_WAY - self._under_way.total()
        own = MOST_UNDER_WAY // max(2, len(guilds))  # another may come
        return {
            guild_id
            for guild_id in guilds
            if left > (0 if self._under_way[guild_id] < max(1, own) else LEFT_UNDER_WAY)
        }

    def _interims_at(self, may: set[int], share: float) -> dict[int, float]:
        """Return when guilds' interims may go out without delaying finals of their own."""
        waiting = {ticket.request.guild_id for ticket in self._interims if ticket.waiting}
        held_up = {ticket.request.guild_id for ticket in self._finals if ticket.waiting}
        return {one: self._budget.spare_at(one, share) for one in waiting & may - held_up}

    def _due(self) -> float:
        """Return when to look again, if nothing happens before."""
        guilds, free_at = self._guilds(), self._budget.free_at()
        may = self._may_send(guilds)
        interims_at = self._interims_at(may, self._share(guilds))
        finals = [ticket for ticket in self._finals if ticket.waiting]
        late_at = [ticket.asked_at + LATE_S for ticket in finals]
        ready_at = [
            max(ticket.not_before, free_at) for ticket in finals if ticket.request.guild_id in may
        ]
        return min([*late_at, *ready_at, *interims_at.values()], default=math.inf)

    # Answers

    async def _serve(self, batch: list[WaitingText]) -> None:
        guild_id = batch[0].request.guild_id
        batch = [ticket for ticket in batch if not ticket.taken_back]  # since it was chosen
        requests = [ticket.request for ticket in batch]
        try:
            answer = await self._send(joined(requests)) if batch else None
        except Exception:
            log.exception("a text request failed")
            answer = BROKEN  # whoever asked has to be told
        finally:
            self._under_way[guild_id] -= 1
            self._under_way += Counter()  # forgets who has none
        if self._closed:
            return
        now = self._clock.now()
        if isinstance(answer, Fault):
            self._failed(batch, answer, now)
        elif answer is not None:
            self._budget.served()
            if self._reach is not None:
                self._reach.answered()
            if len(batch) == 1:
                _tell(batch[0], answer)
            else:
                self._part(batch, parted(answer, requests), now)
        self._look_at(now)

    def _part(
        self, batch: list[WaitingText], parts: Sequence[TextAnswer | Usage], now: float
    ) -> None:
        """Give each what is its own of an answer."""
        lost = [
            ticket
            for ticket, part in zip(batch, parts, strict=True)
            if not isinstance(part, TextAnswer)
        ]
        for ticket, part in zip(batch, parts, strict=True):
            _tell(ticket, part)
        if len(lost) == len(batch):
            self._lost(batch, now)
        else:
            self._kept(batch, now)
            self._ask_again(lost, ALONE)

    def _kept(self, batch: list[WaitingText], now: float) -> None:
        if batch[0].company == MOST_SENTENCES:  # what failed before says little of the others
            self._trust.kept(pair(batch[0].request), now)

    def _lost(self, batch: list[WaitingText], now: float) -> None:
        """Ask again in smaller batches, which show which sentence was at fault."""
        if batch[0].company == MOST_SENTENCES:
            self._trust.lost(pair(batch[0].request), now)
        self._ask_again(batch, math.ceil(len(batch) / PARTS))

    def _ask_again(self, tickets: list[WaitingText], company: int) -> None:
        for ticket in tickets:
            ticket.company = company if ticket.tries < MOST_TRIES - 1 else ALONE
            if not ticket.taken_back:
                self.asked_again += 1
                self._again(ticket)

    def _again(self, ticket: WaitingText) -> None:
        ticket.sent = False
        self._finals.add(ticket)

    def _failed(self, batch: list[WaitingText], fault: Fault, now: float) -> None:
        of_service = self._reach is not None and fault.code in OF_SERVICE
        failed = Failed(fault.code, fault.message, fatal=fault in ENDS_ALL, of_service=of_service)
        if self._reach is not None and of_service:
            report(self._reach, fault)
        if failed.fatal:
            self._refused = (failed, now + REFUSED_S)
        elif fault.of_account:
            self._budget.refused(now)
        elif len(batch) > 1 and (not fault.retryable or fault in OF_TEXT):
            self._lost(batch, now)
            return
        spread = self._chance.uniform(1.0, 1.5)
        for ticket in batch:
            again = ticket.request.final and fault.retryable and not ticket.taken_back
            if fault.of_account:
                ticket.tries -= 1
            elif again and ticket.tries < MOST_TRIES:
                ticket.not_before = now + retry.FIRST_WAIT_S * 2.0**ticket.tries * spread
                if ticket.tries == MOST_TRIES - 1:
                    ticket.company = ALONE
            else:
                again = False
            if again:
                self._again(ticket)
            else:
                _tell(ticket, failed)

    async def close(self) -> None:
        """Send and answer nothing more. Idempotent."""
        self._closed = True
        self._alarm.cancel()
        self._finals.clear()
        self._interims.clear()
        await self._tasks.close()


def _too_many(tickets: Iterable[WaitingText]) -> list[WaitingText]:
    """Return the texts beyond the limit: the oldest of whoever has most."""
    by_guild: dict[int, deque[WaitingText]] = {}
    for ticket in sorted(tickets, key=lambda ticket: ticket.number):
        by_guild.setdefault(ticket.request.guild_id, deque()).append(ticket)
    too_many = max(0, sum(map(len, by_guild.values())) - MOST_WAITING)
    return [max(by_guild.values(), key=len).popleft() for _ in range(too_many)]


def _tell(ticket: WaitingText, answer: TextAnswer | Failed | Usage) -> None:
    """Answer, whatever becomes of it there: others wait for theirs."""
    try:
        ticket.answered(answer)
    except Exception:
        log.exception("the answer to a text was not taken")
