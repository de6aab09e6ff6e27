"""Text translation in memory: answered by the test, or in simulated time."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.domain.events import Failed, TextAnswer, TextRequest, Usage
from bot.translation.ports import Reach
from bot.translation.protocol.faults import Fault
from bot.translation.text.finals import WaitingText
from bot.translation.text.queue import TextQueue
from tests.support.clock import ManualClock


@dataclass(eq=False)
class MemoryTicket:
    request: TextRequest
    answered: Callable[[TextAnswer | Failed | Usage], None]
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
        self, request: TextRequest, answered: Callable[[TextAnswer | Failed | Usage], None]
    ) -> MemoryTicket:
        ticket = MemoryTicket(request, answered)
        self.tickets.append(ticket)
        return ticket

    def open(self) -> list[MemoryTicket]:
        """Those that wait."""
        return [ticket for ticket in self.tickets if ticket.waiting]


def text(
    words: str,
    *,
    final: bool = True,
    guild: int = 1,
    source: str | None = "es",
    target: str = "en",
    terms: Mapping[str, str] | None = None,
) -> TextRequest:
    """A request."""
    return TextRequest(words, source, target, final, terms or {}, guild)


class Asker:
    """Asks, and keeps what is answered, and how much that took."""

    def __init__(self, service: "SimulatedService") -> None:
        self.service = service
        self.answers: list[tuple[str, TextAnswer | Failed]] = []
        self.used = Usage()

    def ask(self, request: TextRequest) -> WaitingText:
        def answered(answer: TextAnswer | Failed | Usage) -> None:
            if not isinstance(answer, Failed):
                self.used += answer if isinstance(answer, Usage) else answer.usage
            if not isinstance(answer, Usage):
                self.answers.append((request.text, answer))

        return self.service.queue.ask(request, answered)

    @property
    def texts(self) -> list[str]:
        return [answer.text for _, answer in self.answers if isinstance(answer, TextAnswer)]

    @property
    def codes(self) -> list[str]:
        return [answer.code for _, answer in self.answers if isinstance(answer, Failed)]


def line_by_line(request: TextRequest) -> str:
    """A translation that keeps the lines of its text."""
    return "\n".join(f"{request.target}: {line}" for line in request.text.split("\n"))


@dataclass
class SimulatedService:
    """A queue of requests to a service that takes simulated time and says what `outcome` says.

    Attributes:
        takes_s: For each request.
        line_s: For each of its lines more.
        translates: A translation, where `outcome` is None.
        sent: When, and what.
        used: By all answers.
        reach: Learns whether it can be used.
    """

    per_minute: int = 60
    takes_s: float = 0.3
    line_s: float = 0.0
    outcome: Callable[[TextRequest], Fault | None] = lambda _: None
    translates: Callable[[TextRequest], str] = line_by_line
    clock: ManualClock = field(default_factory=ManualClock)
    sent: list[tuple[float, TextRequest]] = field(default_factory=list)
    used: Usage = field(default_factory=Usage)
    reach: Reach | None = None

    def __post_init__(self) -> None:
        self.queue = TextQueue(
            self._send,
            languages=frozenset({"en", "es", "fr"}),
            per_minute=self.per_minute,
            clock=self.clock,
            chance=random.Random(1),
            reach=self.reach,
        )

    async def _send(self, request: TextRequest) -> TextAnswer | Fault:
        self.sent.append((self.clock.now(), request))
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def finish() -> None:
            if not done.done():
                done.set_result(None)

        lines = request.text.count("\n") + 1
        self.clock.call_at(self.clock.now() + self.takes_s + lines * self.line_s, finish)
        await done
        if (fault := self.outcome(request)) is not None:
            return fault
        text = self.translates(request)
        usage = Usage(text_tokens_in=3 + len(request.text), text_tokens_out=len(text))
        self.used += usage
        return TextAnswer(text, usage)

    async def run(self, seconds: float) -> None:
        """Let time pass; whatever falls due has its say before time goes on."""
        end = self.clock.now() + seconds
        while (due := self.clock.next_at) is not None and due <= end:
            self.clock.advance_to(due)
            for _ in range(4):  # what it starts begins, and what it ends is told
                await asyncio.sleep(0)
        self.clock.advance_to(end)

    @property
    def texts(self) -> list[list[str]]:
        """The lines of each request."""
        return [request.text.split("\n") for _, request in self.sent]

    def most_within(self, window_s: float) -> int:
        """The most requests in any window of this length."""
        times = [at for at, _ in self.sent]
        return max(
            (sum(start <= at < start + window_s for at in times) for start in times), default=0
        )
