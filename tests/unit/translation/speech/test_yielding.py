"""A conversation that gives its link up in the middle of speech, for another server."""

import asyncio
import random
from collections import Counter

import pytest

from bot.domain.events import ConversationState, Failed, StateChanged, TurnEnded
from bot.translation import timeouts
from bot.translation.protocol import faults, server_events
from bot.translation.quota.giving import GRACE_S
from bot.translation.quota.quota import Claim, ConnectBudget
from tests.support.clock import ManualClock
from tests.support.simulated_service import Listener, SimulatedService, word
from tests.unit.translation.speech.conversation_bench import A, B, Bench, C


@pytest.fixture
async def bench() -> Bench:
    """Somebody is speaking, and a turn is open."""
    bench = Bench()
    bench.talk.feed(A)
    bench.link.open()
    bench.link.says(server_events.SpeechStarted(0, None))
    bench.link.says(server_events.TranslationText("r1", "i", "Hel", append=True))
    return bench


def end_turn(bench: Bench) -> None:
    bench.link.says(server_events.TranslationDone("r1", "i", "Hello."))
    bench.link.says(server_events.ResponseDone("r1", "", None))
    bench.link.says(server_events.SpeechStopped(100, None))


async def test_what_is_said_while_it_ends_goes_to_the_next_link_and_nothing_twice(
    bench: Bench,
) -> None:
    first = bench.link
    assert bench.talk.talking
    bench.talk.make_room()
    bench.talk.feed(B)
    assert (first.audio, first.finishing, len(bench.links)) == (A, True, 1)
    first.says(server_events.TranslationDone("r1", "i", "Hello."))
    first.says(server_events.SessionFinished())
    assert bench.finals() == [(1, "Hello.")]
    bench.talk.feed(C)
    bench.clock.advance(0.3)
    assert len(bench.links) == 2
    bench.link.open()
    assert bench.link.audio == B + C
    bench.link.translate("Bye.", 100)
    bench.clock.advance(1)
    assert bench.finals() == [(1, "Hello."), (2, "Bye.")]


async def test_no_link_is_asked_for_when_nothing_more_is_said(bench: Bench) -> None:
    bench.talk.make_room()
    bench.talk.fell_silent()
    bench.link.says(server_events.SessionFinished())
    bench.clock.advance(100)
    assert len(bench.links) == 1
    assert bench.states()[-1] == "idle"
    assert [event.turn for event in bench.events if isinstance(event, TurnEnded)] == [1]
    assert bench.clock.pending == 0


@pytest.mark.parametrize("breaks", [True, False], ids=["breaks", "isn't answering"])
async def test_a_link_that_does_not_end_well_has_its_words_said_again(
    bench: Bench, *, breaks: bool
) -> None:
    bench.talk.make_room()
    bench.talk.feed(B)
    if breaks:
        bench.link.breaks(faults.LOST)
    bench.clock.advance(timeouts.FINISHING_S + 1)
    assert len(bench.links) == 2
    bench.link.open()
    assert bench.link.audio == A + B
    bench.link.translate("Hello.", 200)
    bench.clock.advance(1)
    assert bench.finals() == [(1, "Hello.")]


async def test_at_rest_it_ends_without_a_word_whatever_the_link_does(bench: Bench) -> None:
    bench.talk.fell_silent()
    end_turn(bench)
    bench.clock.advance(5)
    assert bench.talk.resting
    assert not bench.talk.talking
    bench.talk.make_room()
    bench.clock.advance(timeouts.FINISHING_S + 1)
    assert [event for event in bench.events if isinstance(event, Failed)] == []
    assert bench.states()[-1] == "idle"
    assert len(bench.links) == 1


async def test_closing_meanwhile_waits_for_the_last_events(bench: Bench) -> None:
    link = bench.link
    bench.talk.make_room()
    bench.talk.feed(B)
    closing = asyncio.create_task(bench.talk.close())  # noqa: TID251 - in a test
    await asyncio.sleep(0)
    assert not closing.done()
    link.says(server_events.TranslationDone("r1", "i", "Hello."))
    link.says(server_events.SessionFinished())
    await closing
    assert bench.finals() == [(1, "Hello.")]
    assert len(bench.links) == 1
    assert link.closed


async def test_between_two_turns_nothing_is_cut(bench: Bench) -> None:
    before = bench.talk.between_turns
    end_turn(bench)
    bench.talk.feed(B)
    bench.clock.advance(timeouts.WATCH_S)
    assert (before, bench.talk.between_turns, bench.talk.talking) == (False, True, True)


async def test_one_server_s_speaker_waits_so_that_another_s_is_heard_and_no_word_is_lost() -> None:
    clock = ManualClock()
    service = SimulatedService(clock)
    budget = ConnectBudget(10, clock, most_open=2, chance=random.Random(1))
    busy = [Listener(service, budget, Claim(1, speaker)) for speaker in range(2)]
    calm = Listener(service, budget, Claim(2, 9))
    for tenth in range(150):
        for number, listener in enumerate(busy, start=1):
            listener.talk.feed(word(number))
        if 50 <= tenth < 80:
            calm.talk.feed(word(9))
        elif tenth == 80:
            calm.talk.fell_silent()
        clock.advance(0.1)
        await asyncio.sleep(0)
        if tenth == 50 + round((GRACE_S + 2) * 10):
            assert calm.talk.state is ConversationState.OPEN
            assert busy[0].talk.state is ConversationState.WAITING
            assert StateChanged(ConversationState.WAITING) in busy[0].events
    for listener in busy:
        listener.talk.fell_silent()
    for _ in range(900):
        clock.advance(0.1)
        await asyncio.sleep(0)
    assert calm.read() == Counter({9: 30})
    assert [listener.read() for listener in busy] == [Counter({1: 150}), Counter({2: 150})]
    assert (service.most_open, budget.dropped_s) == (2, 0)
