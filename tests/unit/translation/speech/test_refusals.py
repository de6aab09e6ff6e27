"""A refusal that heals costs nobody their words, and who waits reads why; time held by the test."""

import random
from collections.abc import Callable

import pytest

from bot.domain.events import ConversationState, Failed, Final, StateChanged, TurnEnded
from bot.translation import retry, timeouts
from bot.translation.connection.link import QUEUE_CHUNKS
from bot.translation.protocol import faults, server_events
from bot.translation.protocol.faults import Fault
from bot.translation.quota.connects import ConnectRate
from bot.translation.quota.quota import Claim, ConnectBudget
from bot.translation.speech.backlog import CHUNK
from bot.translation.speech.notices import Scarce, words_waited
from tests.support.clock import ManualClock
from tests.unit.translation.speech.conversation_bench import A, B, Bench, C


@pytest.fixture
async def bench() -> Bench:
    return Bench()


class Longest(random.Random):
    """A dice that always shows the most."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def says(bench: Bench) -> list[str]:
    return [event.message for event in bench.events if isinstance(event, Failed)]


def talk_on(bench: Bench, seconds: float) -> None:
    for _ in range(round(seconds * 10)):
        bench.talk.feed(B)
        bench.clock.advance(0.1)


@pytest.mark.parametrize("fault", [faults.RATE_LIMITED, faults.TOKENS_USED])
async def test_a_minute_of_refusals_keeps_every_word(bench: Bench, fault: Fault) -> None:
    bench.talk.feed(A)
    answered = 0
    until = bench.clock.now() + timeouts.UNSENT_S / 2
    while bench.clock.now() < until:
        while answered < len(bench.links):
            answered += 1
            bench.links[answered - 1].breaks(fault)
        talk_on(bench, 0.1)
    bench.talk.fell_silent()
    while len(bench.links) == answered:
        bench.clock.advance(0.1)
    bench.link.open()
    bench.clock.advance(5)
    said = A + B * round(timeouts.UNSENT_S / 2 * 10)
    assert bench.link.audio[: len(said)] == said
    assert bench.talk.dropped_s == 0
    assert bench.codes() == [fault.code]
    assert answered >= 2


def test_what_is_kept_covers_the_longest_rest_that_we_choose() -> None:
    rate = ConnectRate(10, Longest())
    now, rests = 1000.0, []
    for _ in range(12):
        rate.made(now)
        rate.refused(now, now)
        rests.append(rate.next_at(now) - now)
        now = rate.next_at(now)
    trouble = retry.Outage(Longest())
    rests += [trouble.failed(wait_s) for wait_s in (0.0, 6.0) for _ in range(10)]
    assert rests == sorted(rests[:12]) + rests[12:]
    assert max(rests) <= timeouts.UNSENT_S
    assert timeouts.UNSENT_S < timeouts.KEPT_S <= QUEUE_CHUNKS / 10


async def test_one_person_in_one_language_is_not_told_that_many_speak(bench: Bench) -> None:
    bench.talk.feed(A)
    while not bench.talk.dropped_s:
        bench.link.breaks(faults.RATE_LIMITED)
        talk_on(bench, 1)
    assert bench.codes()[0] == "rate_limited"
    assert bench.codes()[1] == "words_waited_refused"
    assert says(bench)[1] == (
        "The translation service is refusing connections right now. What was "
        "said more than 75 seconds ago is left out."
    )


class SharedAccount:
    """An account's budget, and the conversations that share it."""

    def __init__(self, per_minute: int = 10, *, most_open: int = 40, tokens: int = 1_000) -> None:
        self.clock = ManualClock()
        self.budget = ConnectBudget(
            per_minute,
            self.clock,
            most_open=most_open,
            tokens_per_minute=tokens,
            chance=Longest(),
        )
        self.benches: list[Bench] = []

    def enter(self, speaker: int) -> Bench:
        bench = Bench(budget=self.budget, clock=self.clock, claim=Claim(1, speaker))
        self.benches.append(bench)
        bench.talk.feed(A)
        return bench


def refused(account: SharedAccount) -> Bench:
    bench = account.enter(1)
    bench.link.breaks(faults.TOKENS_USED)
    account.clock.advance(7.0)
    return bench


def without_connects(account: SharedAccount) -> Bench:
    account.enter(1)
    return account.enter(2)


def without_places(account: SharedAccount) -> Bench:
    talking = account.enter(1)
    talking.link.open()
    talking.link.says(server_events.SpeechStarted(0, None))
    return account.enter(2)


def without_tokens(account: SharedAccount) -> Bench:
    account.enter(1)
    account.budget._tokens.spend(account.clock.now(), 5_000, 1)
    return account.enter(2)


@pytest.mark.parametrize(
    ("account", "arrange", "scarce"),
    [
        (SharedAccount, refused, Scarce.REFUSED),
        (lambda: SharedAccount(1), without_connects, Scarce.CONNECTS),
        (lambda: SharedAccount(most_open=1), without_places, Scarce.PLACES),
        (SharedAccount, without_tokens, Scarce.TOKENS),
    ],
    ids=[scarce.value for scarce in Scarce],
)
async def test_each_state_of_waiting_has_its_own_sentence(
    account: Callable[[], SharedAccount],
    arrange: Callable[[SharedAccount], Bench],
    scarce: Scarce,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timeouts, "UNSENT_S", 1.0)
    waiting = arrange(account())
    while len(waiting.talk._backlog) < 20 * CHUNK and not waiting.talk.dropped_s:
        waiting.talk.feed(B)
    assert waiting.talk.state is ConversationState.WAITING
    assert says(waiting)[-1] == words_waited(1.0, scarce).message
    assert waiting.codes()[-1] == f"words_waited_{scarce.value}"


def test_no_two_states_of_waiting_say_the_same() -> None:
    said = [words_waited(75.0, scarce).message for scarce in Scarce]
    assert len(set(said)) == len(Scarce)
    assert all("75 seconds" in message for message in said)


async def test_a_sentence_refused_for_its_content_is_given_up_and_nothing_else(
    bench: Bench,
) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.link.says(server_events.SpeechStarted(0, None))
    bench.link.says(server_events.TranslationText("r", "i", "What is not", append=True))
    bench.link.breaks(faults.CONTENT)
    assert bench.events[-4:-1] == [
        Final(1, "What is not …", source_follows=False),
        TurnEnded(1),
        Failed("content_refused", faults.CONTENT.message, fatal=False, turn=1),
    ]
    bench.talk.feed(B)
    bench.clock.advance(1)
    bench.link.open()
    assert bench.link.audio == B
    bench.link.translate("And this is.", 100)
    assert bench.finals()[-1] == (2, "And this is.")
    assert StateChanged(ConversationState.CLOSED) not in bench.events


async def test_what_was_not_sent_yet_when_a_sentence_was_refused_is_sent(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.link.says(server_events.SpeechStarted(0, None))
    bench.talk.feed(C[: CHUNK // 2])
    bench.link.breaks(faults.CONTENT)
    bench.talk.feed(C[CHUNK // 2 :])
    bench.clock.advance(1)
    bench.link.open()
    assert bench.link.audio == C


async def test_what_is_refused_before_anything_was_sent_is_given_up_in_the_end(
    bench: Bench,
) -> None:
    bench.talk.feed(A)
    for number in range(retry.MOST_ATTEMPTS + 1):
        bench.link.breaks(faults.CONTENT)
        while len(bench.links) == number + 1 and bench.clock.pending:
            bench.clock.advance(0.1)
    assert bench.codes() == ["content_refused", "words_lost"]
    bench.clock.advance(1000)
    assert len(bench.links) == retry.MOST_ATTEMPTS + 1


async def test_every_refused_sentence_is_told_with_its_turn(bench: Bench) -> None:
    for number in (1, 2, 3):
        bench.talk.feed(A)
        bench.clock.advance(5)
        bench.link.open()
        bench.link.says(server_events.SpeechStarted(0, None))
        bench.link.breaks(faults.CONTENT)
        failed = [event for event in bench.events if isinstance(event, Failed)]
        assert [event.turn for event in failed] == [*range(1, number + 1)]


async def test_an_error_of_the_service_in_the_middle_leaves_the_session_alone(
    bench: Bench,
) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.link.says(server_events.ServerError("InternalError", "Something broke.", None))
    bench.link.says(server_events.ServerError("x", "Invalid event type: y", None, "invalid_x"))
    bench.link.translate("A.", 100)
    assert bench.finals() == [(1, "A.")]
    assert len(bench.links) == 1
    assert says(bench) == ["The translation service reported an error. Words may be missing."]


async def test_settings_that_are_refused_for_good_end_it_and_others_do_not(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.says(server_events.ServerError("server_error", "Out of order.", None))
    assert "closed" not in bench.states()
    bench.clock.advance(1)
    bench.link.says(server_events.ServerError("invalid_value", "No.", "session.translation"))
    assert bench.states()[-1] == "closed"
    assert bench.codes() == ["service_failed", "refused"]
