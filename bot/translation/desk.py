"""Where texts wait to be translated: finals always, interims while there is room.

Finals go out in the order they were handed in, by turns between guilds; one that waited too long
is given up, which is said. A final that failed for a moment is tried again, without holding up
the others; one that was refused for the rate makes everything rest.
"""

import logging
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from bot.clock import Clock, Timer
from bot.room.events import Failed, TextAnswer, TextRequest
from bot.tasks import TaskOwner
from bot.translation import faults, outage
from bot.translation.faults import Fault
from bot.translation.requests import RequestBudget
from bot.translation.writing import ENDS_ALL
from bot.words import t

MOST_WAITING: Final = 256  # finals, and as many interims; of more, the oldest is given up
MOST_UNDER_WAY: Final = 16
MOST_TRIES: Final = 4
LATE_S: Final = 30.0  # a caption that comes later helps nobody
REFUSED_S: Final = 60.0  # the account's refusal is taken for true for so long

log = logging.getLogger(__name__)

Send = Callable[[TextRequest], Awaitable[TextAnswer | Fault]]
Answered = Callable[[TextAnswer | Failed], None]

LATE: Final = Failed(
    "text_late",
    t("Text translation is too far behind: some sentences are left out in some languages."),
    fatal=False,
)

BROKEN: Final = Fault("text_broken", t("A text could not be translated."), retryable=False)


@dataclass(eq=False, slots=True)
class Ticket:
    """A text handed in."""

    request: TextRequest
    answered: Answered
    asked_at: float
    sent: bool = False
    taken_back: bool = False
    tries: int = 0
    not_before: float = 0.0

    @property
    def waiting(self) -> bool:
        """Whether it is to be sent."""
        return not self.sent and not self.taken_back

    def cancel(self) -> None:
        """Take it back: it is not sent, or not once more, and not answered unless it was sent."""
        self.taken_back = True


class Desk:
    """Implements `bot.room.ports.TextTranslator`. One per process.

    Args:
        send: Translates one text.
        languages: Codes of what can be asked for.
        per_minute: Requests that the account may make.
        clock: Time.
        chance: Spreads what is tried again.
    """

    def __init__(
        self,
        send: Send,
        *,
        languages: frozenset[str],
        per_minute: int,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._send = send
        self._languages = languages
        self._budget = RequestBudget(per_minute, chance)
        self._clock = clock
        self._chance = chance
        self._finals: dict[int, deque[Ticket]] = {}  # by guild; the next one's first
        self._interims: deque[Ticket] = deque()
        self._under_way = 0
        self._refused: tuple[Failed, float] | None = None  # why, and until when
        self._timer: Timer | None = None
        self._tasks = TaskOwner("texts")
        self._closed = False
        self.given_up = 0  # finals

    @property
    def waiting(self) -> int:
        """Finals that have not been sent, for the status panel."""
        return sum(ticket.waiting for ticket in self._tickets())

    def _tickets(self) -> list[Ticket]:
        return [ticket for queue in self._finals.values() for ticket in queue]

    def languages(self) -> frozenset[str]:
        """Codes of the languages it translates between."""
        return self._languages

    def ask(self, request: TextRequest, answered: Answered) -> Ticket:
        """Hand a text in; `answered` is called after this returns."""
        ticket = Ticket(request, answered, self._clock.now())
        if self._closed:
            ticket.cancel()
        elif request.final:
            self._finals.setdefault(request.guild_id, deque()).append(ticket)
            self._look_at(self._clock.now())
        else:
            self._interims.append(ticket)
            self._look_at(self._clock.now())
        return ticket

    # What goes out

    def _look_at(self, when: float) -> None:
        if self._closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_at(when, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._clock.now()
        self._tidy(now)
        while self._under_way < MOST_UNDER_WAY and (ticket := self._next(now)) is not None:
            self._budget.take(now)
            self._under_way += 1
            ticket.sent = True
            ticket.tries += 1
            self._tasks.start(self._serve(ticket), "request")
        due = self._due()
        if due < math.inf:
            self._look_at(max(now, due))

    def _tidy(self, now: float) -> None:
        """Forget what was taken back, and give up what waited too long."""
        for guild_id, queue in list(self._finals.items()):
            kept = deque(ticket for ticket in queue if ticket.waiting)
            if kept:
                self._finals[guild_id] = kept
            else:
                del self._finals[guild_id]
        self._interims = deque(ticket for ticket in self._interims if ticket.waiting)
        if self._refused is not None and now < self._refused[1]:
            for ticket in [*self._tickets(), *self._interims]:
                self._answer(ticket, self._refused[0])
            return
        finals = sorted(self._tickets(), key=lambda ticket: ticket.asked_at)
        too_many = max(0, len(finals) - MOST_WAITING)
        for ticket in finals[:too_many]:
            self._give_up(ticket)
        for ticket in finals[too_many:]:
            if now >= ticket.asked_at + LATE_S:
                self._give_up(ticket)
        while len(self._interims) > MOST_WAITING:
            self._answer(self._interims[0], LATE)

    def _give_up(self, ticket: Ticket) -> None:
        self.given_up += 1
        self._answer(ticket, LATE)

    def _answer(self, ticket: Ticket, answer: TextAnswer | Failed) -> None:
        """Answer one that waits."""
        ticket.sent = True
        if ticket.request.final:
            self._finals[ticket.request.guild_id].remove(ticket)
        else:
            self._interims.remove(ticket)
        ticket.answered(answer)

    def _next(self, now: float) -> Ticket | None:
        if self._budget.free_at() > now:
            return None
        for guild_id, queue in list(self._finals.items()):
            for ticket in queue:
                if ticket.waiting and ticket.not_before <= now:
                    queue.remove(ticket)
                    self._finals[guild_id] = self._finals.pop(guild_id)  # the others' turn
                    return ticket
        if self._finals or self._budget.spare_at() > now:
            return None
        while self._interims:
            ticket = self._interims.popleft()
            if ticket.waiting:
                return ticket
        return None

    def _due(self) -> float:
        """When to look again, if nothing happens before."""
        due = math.inf
        finals = [ticket for ticket in self._tickets() if ticket.waiting]
        if finals:
            due = min(ticket.asked_at for ticket in finals) + LATE_S
            if self._under_way < MOST_UNDER_WAY:
                ready = min(ticket.not_before for ticket in finals)
                due = min(due, max(ready, self._budget.free_at()))
        elif self._interims and self._under_way < MOST_UNDER_WAY:
            due = max(self._budget.free_at(), self._budget.spare_at())
        return due

    # What comes back

    async def _serve(self, ticket: Ticket) -> None:
        try:
            answer = await self._send(ticket.request)
        except Exception:
            log.exception("a text request failed")
            answer = BROKEN  # whoever asked has to be told
        finally:
            self._under_way -= 1
        if self._closed:
            return
        now = self._clock.now()
        if isinstance(answer, TextAnswer):
            self._budget.served()
            ticket.answered(answer)
        else:
            self._failed(ticket, answer, now)
        self._look_at(now)

    def _failed(self, ticket: Ticket, fault: Fault, now: float) -> None:
        failed = Failed(fault.code, fault.message, fatal=fault in ENDS_ALL)
        if failed.fatal:
            self._refused = (failed, now + REFUSED_S)
        again = ticket.request.final and fault.retryable and not ticket.taken_back
        if fault is faults.RATE_LIMITED:
            self._budget.refused(now)
            ticket.tries -= 1
        elif again and ticket.tries < MOST_TRIES:
            wait = outage.FIRST_WAIT_S * 2.0**ticket.tries
            ticket.not_before = now + wait * self._chance.uniform(1.0, 1.5)
        else:
            again = False
        if again:
            ticket.sent = False
            self._finals.setdefault(ticket.request.guild_id, deque()).appendleft(ticket)
        else:
            ticket.answered(failed)

    async def close(self) -> None:
        """Send and answer nothing more. Idempotent."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._finals.clear()
        self._interims.clear()
        await self._tasks.close()
