"""How a conversation ends, and how its turns end in time."""

import asyncio

import pytest

from bot.domain.events import ConversationState, StateChanged, TurnEnded, Usage
from bot.translation import timeouts
from bot.translation.protocol import server_events
from tests.unit.translation.speech.conversation_bench import A, B, Bench


@pytest.fixture
async def bench() -> Bench:
    return Bench()


async def test_closing_lets_the_running_turn_end_and_closes_the_link(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    link = bench.link
    link.says(server_events.SpeechStarted(0, None))
    link.says(server_events.TranslationText("r1", "i", "Hello", append=True))

    def answer() -> None:
        link.translate("Hello.", 900)
        link.says(server_events.SessionFinished())

    link.finish = answer  # type: ignore[method-assign]
    await bench.talk.close()
    await bench.talk.close()
    assert link.closed
    assert bench.events[-1] == StateChanged(ConversationState.CLOSED)
    bench.talk.feed(B)
    assert len(bench.links) == 1


async def test_closing_what_never_opened_is_at_once(bench: Bench) -> None:
    await bench.talk.close()
    assert bench.events == [StateChanged(ConversationState.CLOSED)]


async def test_while_somebody_speaks_a_turn_is_seldom_looked_at_and_ended_in_time(
    bench: Bench,
) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.link.says(server_events.SpeechStarted(0, None))
    begun = bench.clock.now()
    bench.clock.advance(timeouts.WATCH_S / 2)
    for _ in range(3):
        bench.talk.feed(A)
        assert bench.clock.pending == 1
    bench.link.says(server_events.TranslationDone("r", "i", "Hello."))
    bench.link.says(server_events.ResponseDone("r", "", None))
    bench.link.says(server_events.SpeechStopped(300, None))
    bench.clock.advance(3 * timeouts.TICK_S)
    assert bench.clock.now() < begun + timeouts.WATCH_S
    assert [event.turn for event in bench.events if isinstance(event, TurnEnded)] == [1]


async def test_closing_that_is_cut_short_keeps_what_there_is_and_counts_it(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.link.says(server_events.SpeechStarted(0, None))
    bench.link.says(server_events.TranslationText("r1", "i", "Hello", append=True))
    closing = asyncio.gather(bench.talk.close())  # the service says nothing more
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert bench.talk.state is ConversationState.CLOSED
    assert [event.turn for event in bench.events if isinstance(event, TurnEnded)] == [1]
    assert sum(event.connects for event in bench.events if isinstance(event, Usage)) == 1
    await asyncio.sleep(0)
    assert bench.link.closed
