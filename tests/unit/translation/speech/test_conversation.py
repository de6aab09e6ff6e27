"""When a conversation opens, feeds, finishes and tries again; time held by the test."""

import pytest

from bot.domain.events import ConversationState, Failed, StateChanged, Usage
from bot.translation import timeouts
from bot.translation.protocol import faults, server_events
from bot.translation.speech.backlog import CHUNK
from tests.unit.translation.speech.conversation_bench import A, B, Bench, C


@pytest.fixture
async def bench() -> Bench:
    return Bench()


async def test_nothing_is_opened_before_the_first_word(bench: Bench) -> None:
    bench.clock.advance(1000)
    bench.talk.fell_silent()
    bench.clock.advance(1000)
    assert bench.links == []
    assert bench.clock.pending == 0


async def test_no_audio_goes_out_before_the_session_is_set_up(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.talk.feed(B)
    bench.link.says(server_events.SessionCreated("sess"))
    assert bench.link.audio == b""
    bench.link.says(server_events.SessionUpdated())
    assert bench.link.audio == A + B
    assert bench.states() == ["opening", "open"]


async def test_silence_is_fed_at_real_time_pace_until_the_turn_is_done(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.talk.feed(b"bb")
    bench.talk.fell_silent()
    bench.clock.advance(0.95)
    assert bench.link.audio == A + b"bb" + bytes(10 * CHUNK - 2)
    bench.link.translate("Hello.", 900)
    bench.clock.advance(5)
    assert len(bench.link.audio) <= 13 * CHUNK
    assert bench.finals() == [(1, "Hello.")]


async def test_silence_is_fed_no_longer_than_the_limit(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.talk.fell_silent()
    bench.clock.advance(30)
    assert abs(len(bench.link.audio) // CHUNK - 1 - timeouts.SILENCE_S / timeouts.TICK_S) <= 1


async def test_silence_begins_when_the_link_opens_for_a_word_already_over(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.talk.fell_silent()
    bench.clock.advance(2)
    bench.link.open()
    bench.clock.advance(1)
    assert bench.link.audio[:CHUNK] == A
    assert len(bench.link.audio) >= 9 * CHUNK


async def test_speech_ends_the_silence(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.talk.fell_silent()
    bench.clock.advance(0.25)
    fed = len(bench.link.audio)
    bench.talk.feed(B)
    bench.clock.advance(3)
    assert bench.link.audio[fed:] == B


async def test_an_idle_link_is_finished_and_not_reopened_for_silence(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.talk.fell_silent()
    bench.link.translate("Hello.", 900)
    finishing = []
    for seconds in (59, 2):
        bench.clock.advance(seconds)
        finishing.append(bench.link.finishing)
    assert finishing == [False, True]
    bench.link.says(server_events.SessionFinished())
    bench.clock.advance(1000)
    assert len(bench.links) == 1
    assert bench.states()[-1] == "idle"
    assert bench.clock.pending == 0


async def test_a_finish_without_answer_ends_too(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.talk.fell_silent()
    bench.clock.advance(61 + timeouts.FINISHING_S)
    assert bench.states()[-1] == "idle"


async def test_speech_while_finishing_opens_anew(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.talk.fell_silent()
    bench.link.translate("Hello.", 900)
    bench.clock.advance(61)
    bench.talk.feed(B)
    assert len(bench.links) == 2
    bench.link.open()
    assert bench.link.audio == B


async def test_a_long_session_is_rotated_at_a_pause(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    stop_ms = 0
    while not bench.link.finishing:
        assert stop_ms < 10_000
        stop_ms += 1
        bench.talk.feed(A)
        bench.talk.fell_silent()
        bench.link.translate("Word.", stop_ms)
        bench.clock.advance(30)
    assert 30 * stop_ms >= timeouts.ROTATE_S


async def test_the_unfinished_sentence_is_sent_again_after_a_break(bench: Bench) -> None:
    bench.talk.feed(A + B)
    bench.link.open()
    bench.link.translate("A.", 100)
    bench.clock.advance(0.3)
    bench.link.says(server_events.SpeechStarted(100, None))
    bench.clock.advance(0.3)
    bench.link.breaks(faults.LOST)
    bench.talk.feed(C)
    assert len(bench.links) == 1
    bench.clock.advance(1)
    assert len(bench.links) == 2
    bench.link.open()
    assert bench.link.audio == B + C
    bench.link.translate("B C.", 300)
    assert bench.finals() == [(1, "A."), (2, "B C.")]
    assert bench.codes() == []


async def test_a_break_in_silence_opens_nothing(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.talk.fell_silent()
    bench.link.translate("A.", 900)
    bench.clock.advance(10)
    bench.link.breaks(faults.IDLE_KILL)
    bench.clock.advance(100)
    assert len(bench.links) == 1
    assert bench.codes() == []
    assert bench.states()[-1] == "idle"


async def test_words_are_given_up_after_many_attempts_and_that_is_said(bench: Bench) -> None:
    bench.talk.feed(A)
    attempts = 0
    while attempts < len(bench.links):
        attempts = len(bench.links)
        assert attempts < 10
        bench.link.breaks(faults.UNREACHABLE)
        while attempts == len(bench.links) and bench.clock.pending:
            bench.clock.advance(0.5)
    assert bench.codes() == ["unreachable", "words_lost"]
    assert bench.states()[-1] == "idle"
    bench.talk.feed(B)
    bench.clock.advance(30)
    assert len(bench.links) > attempts


async def test_a_sentence_longer_than_what_is_kept_is_not_said_twice(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.link.says(server_events.SpeechStarted(0, None))
    bench.link.says(server_events.TranslationText("r1", "i", "A long", append=True))
    for _ in range(int(timeouts.KEPT_S * 10) + 10):
        bench.talk.feed(A)
    bench.link.breaks(faults.LOST)
    assert bench.codes() == ["sentence_cut"]
    assert bench.finals() == [(1, "A long …")]
    bench.talk.feed(B)
    bench.clock.advance(1)
    bench.link.open()
    assert bench.link.audio == B


async def test_what_an_earlier_link_still_says_is_not_heard(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.link.breaks(faults.LOST)
    bench.clock.advance(1)
    bench.links[0].translate("Late.", 100)
    bench.links[0].breaks(faults.BAD_KEY)
    assert bench.finals() == []
    assert bench.codes() == []


async def test_a_fatal_fault_is_said_and_nothing_is_tried_again(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.breaks(faults.BAD_KEY)
    bench.talk.feed(B)
    bench.clock.advance(1000)
    assert bench.events[-1] == StateChanged(ConversationState.CLOSED)
    assert [event for event in bench.events if isinstance(event, Failed)] == [
        Failed("bad_key", faults.BAD_KEY.message, fatal=True)
    ]
    assert len(bench.links) == 1
    assert bench.clock.pending == 0


async def test_a_connect_above_the_budget_waits_with_its_words() -> None:
    bench = Bench(per_minute=1)
    bench.talk.feed(A)
    bench.link.open()
    bench.link.says(server_events.SpeechStarted(0, None))
    bench.link.breaks(faults.LOST)
    bench.clock.advance(30)
    assert len(bench.links) == 1
    bench.clock.advance(31)
    assert len(bench.links) == 2
    bench.link.open()
    assert bench.link.audio == A


async def test_words_dropped_while_waiting_are_said_to_be(bench: Bench) -> None:
    for _ in range(int(timeouts.UNSENT_S * 10)):
        bench.talk.feed(A)
    assert bench.codes() == []
    bench.talk.feed(B)
    bench.talk.feed(B)
    assert bench.codes() == ["words_dropped"]
    assert round(bench.talk.dropped_s, 3) == 0.2
    bench.link.open()
    assert bench.link.audio.endswith(A + B + B)


async def test_an_opening_without_answer_is_tried_again(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.clock.advance(timeouts.OPENING_S + 1)
    assert bench.codes() == ["no_answer"]
    assert len(bench.links) == 2


async def test_a_notice_is_given_once_when_it_opens() -> None:
    notice = Failed("text_only", "Only text.", fatal=False)
    bench = Bench(notice)
    bench.talk.feed(A)
    bench.talk.feed(A)
    assert bench.events.count(notice) == 1


async def test_audio_in_which_the_service_hears_no_turn_is_told_all_the_same(
    bench: Bench,
) -> None:
    bench.talk.feed(A)
    bench.link.open()
    for _ in range(25):  # 100 ms each, as of music
        bench.talk.feed(A)
    told = [event.audio_in_s for event in bench.events if isinstance(event, Usage)]
    assert sum(told) > 1.5
    assert max(told) <= 1.1


async def test_usage_is_told_with_the_turn_s_end(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.talk.fell_silent()
    bench.link.translate("A.", 100)
    bench.clock.advance(1)
    usage = [event for event in bench.events if isinstance(event, Usage)]
    assert usage[0].connects == 1
    assert usage[0].audio_in_s >= 0.1


async def test_while_a_broken_sentence_is_not_said_again_its_caption_says_so(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.link.says(server_events.SpeechStarted(0, None))
    bench.link.says(server_events.TranslationText("r", "i", "Hello every", append=False))
    bench.link.breaks(faults.LOST)
    assert bench.shown() == "Hello every […]"
    bench.clock.advance(1.0)
    bench.link.open()
    bench.link.translate("Hello everybody.", 900)
    assert bench.shown() == "Hello everybody."


async def test_a_broken_sentence_that_is_given_up_stays_marked(bench: Bench) -> None:
    bench.talk.feed(A)
    bench.link.open()
    bench.link.says(server_events.SpeechStarted(0, None))
    bench.link.says(server_events.TranslationText("r", "i", "Hello every", append=False))
    attempts = 0
    while attempts < len(bench.links):
        attempts = len(bench.links)
        bench.link.breaks(faults.UNREACHABLE)
        while attempts == len(bench.links) and bench.clock.pending:
            bench.clock.advance(0.5)
    assert bench.codes()[-1] == "words_lost"
    assert bench.shown() == "Hello every […]"
