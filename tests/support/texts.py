"""Text translation in memory: answered by the test, or in simulated time."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.room.events import Failed, TextAnswer, TextRequest, Usage
from bot.translation.desk import Desk
from bot.translation.faults import Fault
from tests.support.clock import ManualClock


@dataclass(eq=False)
class MemoryTicket:
    request: TextRequest
    answered: Callable[[TextAnswer | Failed], None]
    waiting: bool = True
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True
        self.waiting = False

    def answer(self, text: str) -> None:
        self.waiting = False
        self.answered(TextAnswer(text, Usage(text_tokens_in=1)))

    def fail(self, code: str = "text_refused", *, fatal: bool = False) -> None:
        self.waiting = False
        self.answered(Failed(code, "No.", fatal=fatal))


class MemoryTexts:
    """A TextTranslator whose answers the test gives."""

    def __init__(self, *languages: str) -> None:
        self.tickets: list[MemoryTicket] = []
        self._languages = frozenset(languages)

    def languages(self) -> frozenset[str]:
        return self._languages

    def ask(
        self, request: TextRequest, answered: Callable[[TextAnswer | Failed], None]
    ) -> MemoryTicket:
        ticket = MemoryTicket(request, answered)
        self.tickets.append(ticket)
        return ticket

    def open(self) -> list[MemoryTicket]:
        """Those that wait."""
        return [ticket for ticket in self.tickets if ticket.waiting]


@dataclass
class SimulatedService:
    """A Desk over a service that takes simulated time and says what `outcome` says.

    Attributes:
        sent: When, and what.
    """

    per_minute: int = 60
    takes_s: float = 0.3
    outcome: Callable[[TextRequest], Fault | None] = lambda _: None
    clock: ManualClock = field(default_factory=ManualClock)
    sent: list[tuple[float, TextRequest]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = Desk(
            self._send,
            languages=frozenset({"en", "es", "fr"}),
            per_minute=self.per_minute,
            clock=self.clock,
            chance=random.Random(1),
        )

    async def _send(self, request: TextRequest) -> TextAnswer | Fault:
        self.sent.append((self.clock.now(), request))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def finish() -> None:
            if not done.done():
                done.set_result(None)

        self.clock.call_at(self.clock.now() + self.takes_s, finish)
        await done
        fault = self.outcome(request)
        answer = TextAnswer(f"{request.target}: {request.text}", Usage(text_tokens_in=1))
        return answer if fault is None else fault

    async def run(self, seconds: float) -> None:
        """Let time pass; whatever falls due has its say before time goes on."""
        end = self.clock.now() + seconds
        while (due := self.clock.next_at) is not None and due <= end:
            self.clock.advance_to(due)
            for _ in range(4):  # what it starts begins, and what it ends is told
                await asyncio.sleep(0)
        self.clock.advance_to(end)

    def most_within(self, window_s: float) -> int:
        """The most requests in any window of this length."""
        times = [at for at, _ in self.sent]
        return max(
            (sum(start <= at < start + window_s for at in times) for start in times), default=0
        )
