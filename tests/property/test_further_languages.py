"""Whatever the order of events and failures: each final once in each further language, in order."""

import asyncio
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.events import (
    ConversationEvent,
    Failed,
    Final,
    Partial,
    Source,
    TextRequest,
    TurnEnded,
)
from bot.room.written.text_language import TextLanguage
from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault
from bot.translation.text.queue import LATE_S
from bot.translation.text.qwen_mt import UNREADABLE
from tests.support.texts import MemoryTexts, SimulatedService

ENDINGS = st.sampled_from(["known", "unknown", "unfinished", "none", "same"])
REFUSED = Fault("text_refused", "No.", retryable=False)
PASSING = (faults.OVERLOADED, faults.RATE_LIMITED, faults.UNREACHABLE, UNREADABLE)


def events_of(turn: int, ending: str) -> list[ConversationEvent]:
    """What a lead conversation says of a turn, before its end."""
    said: list[ConversationEvent] = [Partial(turn, "Hel"), Final(turn, f"first {turn}")]
    language = {"known": "es", "same": "fr"}.get(ending)
    if ending != "none":
        said.append(Source(turn, f"sour {turn}", language, final=False))
        if ending != "unfinished":
            said.append(Source(turn, f"source {turn}", language, final=True))
    return said


def expected(turn: int, ending: str) -> str | None:
    words = {"none": "first", "unfinished": "sour"}.get(ending, "source")
    return None if ending == "same" else f"fr: {words} {turn}"


@st.composite
def conversations(draw: st.DrawFn) -> tuple[list[str], list[ConversationEvent]]:
    """How each turn ends, and the events of all of them, mixed as a service may."""
    endings = draw(st.lists(ENDINGS, min_size=1, max_size=6))
    queues = [[*events_of(n, e), TurnEnded(n)] for n, e in enumerate(endings, 1)]
    mixed: list[ConversationEvent] = [queues[0].pop(0)]
    begun = 1
    while any(queues):
        # Turns begin in order, and overlap.
        open_ones = [queue for queue in queues[:begun] if queue]
        if not open_ones or (begun < len(queues) and draw(st.booleans())):
            begun += 1
            open_ones = [queues[begun - 1]]
        mixed.append(draw(st.sampled_from(open_ones)).pop(0))
    return endings, mixed


@given(conversations(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_with_answers_in_any_order(
    conversation: tuple[list[str], list[ConversationEvent]], chance: random.Random
) -> None:
    endings, events = conversation
    texts = MemoryTexts("fr")
    said: list[ConversationEvent] = []
    line = TextLanguage("fr", "en", texts, said.append, glossary={}, guild_id=1)
    failed: set[str] = set()

    def answer_one() -> None:
        ticket = chance.choice(texts.open())
        if ticket.request.final and chance.random() < 0.2:
            failed.add(f"fr: {ticket.request.text}")
            ticket.fail()
        else:
            ticket.answer(f"fr: {ticket.request.text}")

    for event in events:
        line.take(event)
        while texts.open() and chance.random() < 0.4:
            answer_one()
    while texts.open():
        answer_one()
    wanted = [text for n, e in enumerate(endings, 1) if (text := expected(n, e)) is not None]
    finals = [event.text for event in said if isinstance(event, Final)]
    assert finals == [text for text in wanted if text not in failed]
    assert len([e for e in said if isinstance(e, Failed)]) == len(failed & set(wanted))
    ended = sorted(event.turn for event in said if isinstance(event, TurnEnded))
    assert ended == list(range(1, len(endings) + 1))


@given(
    conversations(),
    st.lists(st.sampled_from([None, None, *PASSING, REFUSED]), max_size=12),
    st.sampled_from([30, 60, 240, 1200]),
)
@settings(max_examples=60, deadline=None)
def test_with_a_failing_service_under_its_limits(
    conversation: tuple[list[str], list[ConversationEvent]],
    outcomes: list[Fault | None],
    per_minute: int,
) -> None:
    endings, events = conversation
    left = list(outcomes)
    refused: set[str] = set()

    def outcome(request: TextRequest) -> Fault | None:
        fault = left.pop(0) if left else None
        if fault is REFUSED and request.final:
            refused.add(f"fr: {request.text}")
        return fault

    async def scenario() -> list[ConversationEvent]:
        service = SimulatedService(per_minute=per_minute, outcome=outcome)
        said: list[ConversationEvent] = []
        line = TextLanguage("fr", "en", service.queue, said.append, glossary={}, guild_id=1)
        for event in events:
            line.take(event)
            await service.run(0.2)
        await service.run(3 * LATE_S)
        await service.queue.close()
        assert service.most_within(60.0) <= per_minute
        assert service.most_within(1.0) <= max(1, per_minute // 60)
        return said

    said = asyncio.run(scenario())
    wanted = [text for n, e in enumerate(endings, 1) if (text := expected(n, e)) is not None]
    finals = [event.text for event in said if isinstance(event, Final)]
    failures = [event for event in said if isinstance(event, Failed)]
    # What was given up was said to be; everything else stands once, in order.
    assert finals == [text for text in wanted if text in finals]
    assert len(finals) + len(failures) == len(wanted)
    assert refused.isdisjoint(finals)
    assert sorted(e.turn for e in said if isinstance(e, TurnEnded)) == [
        n for n, _ in enumerate(endings, 1)
    ]
