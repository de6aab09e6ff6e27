"""Whatever is asked and however the service fails: each final once, with what is its own."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.events import Failed, TextAnswer, TextRequest, Usage
from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault
from bot.translation.text.batching import MOST_BYTES, MOST_SENTENCES, line
from bot.translation.text.finals import WaitingText
from bot.translation.text.queue import LATE_S, MOST_TRIES
from bot.translation.text.qwen_mt import UNREADABLE
from tests.support.texts import SimulatedService, line_by_line

REFUSED = Fault("text_refused", "No.", retryable=False)
OUTCOMES = (
    None,
    None,
    faults.OVERLOADED,
    faults.RATE_LIMITED,
    faults.NO_ANSWER,
    faults.REPEATED,
    UNREADABLE,
    REFUSED,
)
LINES = ("kept", "merged", "split", "empty", "blank lines", "left")


@dataclass(frozen=True)
class Asked:
    after_s: float
    guild: int
    source: str | None
    target: str
    words: str
    final: bool
    poison: bool  # the service refuses whatever has it
    taken_back_after_s: float | None


ASKED = st.builds(
    Asked,
    after_s=st.sampled_from([0.0, 0.0, 0.0, 0.1, 0.5, 2.0]),
    guild=st.sampled_from([1, 1, 1, 2]),
    source=st.sampled_from(["es", "es", "en", None]),
    target=st.sampled_from(["fr", "fr", "de"]),
    words=st.text(st.characters(codec="utf-8"), max_size=12) | st.just("long " * 250),
    final=st.sampled_from([True, True, True, False]),
    poison=st.sampled_from([False] * 9 + [True]),
    taken_back_after_s=st.sampled_from([None] * 6 + [0.0, 0.05, 0.7, 3.0]),
)


def laid_out(lines: list[str], how: str) -> str:
    """A batch's translations, with their lines kept or not."""
    match how:
        case "merged":
            return " ".join(lines)
        case "split":
            return "\n".join([*lines[:-1], lines[-1][:2], lines[-1][2:]])
        case "empty":
            return "\n".join(["", *lines[1:]])
        case "blank lines":
            return "\n\n".join(lines)
        case _:
            return "\n".join(lines)


@dataclass
class Run:
    """What is asked of a service that fails, and what becomes of it.

    Attributes:
        outcomes: Of its first answers.
        ways: How it lays out the first batches.
        taken_back: Which, and how many requests had been made by then.
    """

    per_minute: int
    outcomes: list[Fault | None]
    ways: list[str]
    asked: list[TextRequest] = field(default_factory=list)
    tickets: list[WaitingText] = field(default_factory=list)
    answers: dict[int, list[TextAnswer | Failed]] = field(default_factory=dict)
    taken_back: dict[int, int] = field(default_factory=dict)
    used: Usage = field(default_factory=Usage)

    def __post_init__(self) -> None:
        self.service = SimulatedService(
            per_minute=self.per_minute,
            line_s=0.05,
            outcome=self._outcome,
            translates=self._translated,
        )

    def _outcome(self, request: TextRequest) -> Fault | None:
        fault = self.outcomes.pop(0) if self.outcomes else None
        return REFUSED if fault is None and "poison" in request.text else fault

    def _translated(self, request: TextRequest) -> str:
        if any(request.text == each.text for each in self.asked):
            return f"{request.target}: {request.text}"
        way = self.ways.pop(0) if self.ways else "kept"
        lines = line_by_line(request).split("\n")
        if way == "left" and request.source is None:
            lines[0] = lines[0].removeprefix(f"{request.target}: ")
        return laid_out(lines, way)

    async def of(self, all_asked: list[Asked]) -> None:
        for number, asked in enumerate(all_asked):
            await self.service.run(asked.after_s)
            self._ask(number, asked)
        await self.service.run(3 * LATE_S)
        assert self.service.queue.waiting == 0
        await self.service.queue.close()

    def _ask(self, number: int, asked: Asked) -> None:
        words = f"#{number}# {asked.words}{'poison' * asked.poison}"
        terms = {words: words}
        request = TextRequest(words, asked.source, asked.target, asked.final, terms, asked.guild)
        self.asked.append(request)
        self.answers[number] = []
        self.tickets.append(self.service.queue.ask(request, partial(self._answered, number)))
        if asked.taken_back_after_s is not None:
            when = self.service.clock.now() + asked.taken_back_after_s
            self.service.clock.call_at(when, partial(self._take_back, number))

    def _answered(self, number: int, answer: TextAnswer | Failed | Usage) -> None:
        if not isinstance(answer, Failed):
            self.used += answer if isinstance(answer, Usage) else answer.usage
        if not isinstance(answer, Usage):
            self.answers[number].append(answer)

    def _take_back(self, number: int) -> None:
        self.tickets[number].cancel()
        self.taken_back[number] = len(self.service.sent)

    def sentences(self, request: TextRequest) -> list[int]:
        """Which of those asked a request has."""
        lines = request.text.split("\n")
        return [
            number
            for number, asked in enumerate(self.asked)
            if request.text == asked.text or line(asked.text) in lines
        ]


@given(
    st.lists(ASKED, min_size=1, max_size=60),
    st.lists(st.sampled_from(OUTCOMES), max_size=25),
    st.lists(st.sampled_from(LINES), max_size=25),
    st.sampled_from([30, 60, 90, 240]),
)
@settings(max_examples=150, deadline=None)
def test_each_final_is_answered_once_with_its_own(
    all_asked: list[Asked], outcomes: list[Fault | None], ways: list[str], per_minute: int
) -> None:
    rate_refusals = outcomes.count(faults.RATE_LIMITED)
    run = Run(per_minute, list(outcomes), list(ways))
    asyncio.run(run.of(all_asked))
    answers_are_right(run)
    requests_are_right(run, MOST_TRIES + rate_refusals)
    assert run.used == run.service.used
    assert run.service.most_within(60.0) <= per_minute
    assert run.service.most_within(1.0) <= max(1, per_minute // 60)


def answers_are_right(run: Run) -> None:
    """Each is answered once, with its own translation or with a failure of its own."""
    alone = {
        numbers[0]
        for _, request in run.service.sent
        for numbers in [run.sentences(request)]
        if len(numbers) == 1
    }
    for number, asked in enumerate(run.asked):
        given = run.answers[number]
        assert len(given) <= 1
        assert given or not asked.final or number in run.taken_back
        for answer in given:
            if isinstance(answer, TextAnswer):
                assert line(answer.text) == f"{asked.target}: {line(asked.text)}"
            elif number not in run.taken_back:
                assert answer.code == "text_late" or number in alone


def requests_are_right(run: Run, most_tries: int) -> None:
    """Each has sentences that belong together, wanted still, and is as large as it may be."""
    tries: Counter[int] = Counter()
    for count, (_, request) in enumerate(run.service.sent):
        numbers = run.sentences(request)
        assert numbers
        if len(numbers) > 1:
            assert request.final
            assert len(request.text.split("\n")) == len(numbers) <= MOST_SENTENCES
            assert len(request.text.encode()) <= MOST_BYTES
        for number in numbers:
            asked = run.asked[number]
            assert replace(request, text=asked.text, terms=asked.terms) == asked
            assert asked.terms.items() <= request.terms.items()
            assert count < run.taken_back.get(number, len(run.service.sent))
        tries.update(numbers)
    assert all(count <= most_tries for count in tries.values())
