"""Recorded orders of events -> what the room is told."""

from collections.abc import Iterable

from bot.domain.events import (
    ConversationEvent,
    Final,
    Partial,
    Source,
    TurnEnded,
    Voice,
    VoiceEnded,
)
from bot.translation.protocol.server_events import (
    ItemCreated,
    OutputItemAdded,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
    SourceDone,
    SourceFailed,
    SourceText,
    SpeechStarted,
    SpeechStopped,
    TranslationDone,
    TranslationText,
    VoiceDelta,
    VoiceDone,
)
from bot.translation.speech.turns import LINGER_S, PATIENCE_S, SOURCE_WAIT_S, Turns


def told(
    turns: Turns, events: Iterable[ServerEvent], now: float = 0.0, rest_s: float = LINGER_S
) -> list[ConversationEvent]:
    """What a conversation says of these events and a rest after them."""
    said = [event for server_event in events for event in turns.take(server_event, now)]
    return said + turns.advance(now + rest_s + 1e-6, quiet_since=now)


def final(turn: int, text: str) -> Final:
    """As it is said where no source text follows."""
    return Final(turn, text, source_follows=False)


def append(text: str, response: str = "r1") -> TranslationText:
    return TranslationText(response, f"{response}-item", text, append=True)


def replace(text: str, response: str = "r1") -> TranslationText:
    return TranslationText(response, f"{response}-item", text, append=False)


def done(text: str, response: str = "r1") -> TranslationDone:
    return TranslationDone(response, f"{response}-item", text)


def test_the_nested_dialect_with_the_source_text_after_the_translation() -> None:
    turns = Turns("en", source_expected=True)
    assert told(
        turns,
        [
            SpeechStarted(0, "asr1"),
            ResponseCreated("r1"),
            OutputItemAdded("r1", "r1-item"),
            append("The weather"),
            append(" is nice."),
            done("The weather is nice."),
            SpeechStopped(8560, "asr1"),
            SourceText("asr1", "今天", append=True, language=None),
            SourceText("asr1", "天气真好", append=True, language=None),
            SourceDone("asr1", "今天天气真好。", "zh"),
            ResponseDone("r1", "", None),
        ],
    ) == [
        Partial(1, "The weather"),
        Partial(1, "The weather is nice."),
        Final(1, "The weather is nice."),
        Source(1, "今天", None, final=False),
        Source(1, "今天天气真好", None, final=False),
        Source(1, "今天天气真好。", "zh", final=True),
        TurnEnded(1),
    ]
    assert turns.settled


def test_the_flat_dialect_with_voice_and_text_that_replaces() -> None:
    turns = Turns("en", source_expected=True)
    assert told(
        turns,
        [
            SpeechStarted(0, None),
            ResponseCreated("r1"),
            OutputItemAdded("r1", "r1-item"),
            ItemCreated("r1-item", "asr1"),
            SourceText("asr1", "hola", append=False, language="es"),
            replace("Hell"),
            replace("Hello,"),
            VoiceDelta("r1", b"abc"),
            VoiceDelta("r1", b"def"),
            done("Hello."),
            VoiceDone("r1"),
            SpeechStopped(900, None),
            SourceDone("asr1", "Hola.", "es"),
            ResponseDone("r1", "", None),
        ],
    ) == [
        Source(1, "hola", "es", final=False),
        Partial(1, "Hell"),
        Partial(1, "Hello,"),
        Voice(1, b"ab"),
        Voice(1, b"cdef"),
        Final(1, "Hello."),
        Source(1, "Hola.", "es", final=True),
        VoiceEnded(1),
        TurnEnded(1),
    ]


def test_one_utterance_in_two_responses_is_one_turn() -> None:
    turns = Turns("en", source_expected=False)
    said = told(
        turns,
        [
            SpeechStarted(0, None),
            ResponseCreated("r1"),
            append("First half,"),
            done("First half,"),
            ResponseDone("r1", "", None),
            ResponseCreated("r2"),
            append("second", "r2"),
            done("second half.", "r2"),
            SpeechStopped(900, None),
            ResponseDone("r2", "", None),
        ],
    )
    assert said == [
        Partial(1, "First half,"),
        final(1, "First half,"),
        Partial(1, "First half, second"),
        final(1, "First half, second half."),
        TurnEnded(1),
    ]


def test_a_second_response_right_after_the_first_still_belongs_to_its_turn() -> None:
    turns = Turns("zh", source_expected=False)
    events: list[ServerEvent] = [
        SpeechStarted(0, None),
        SpeechStopped(900, None),
        done("你好。", "r1"),
    ]
    first = told(turns, [*events, ResponseDone("r1", "", None)], rest_s=LINGER_S / 2)
    assert first == [final(1, "你好。")]
    second = told(
        turns, [ResponseCreated("r2"), done("再见。", "r2"), ResponseDone("r2", "", None)]
    )
    assert second == [final(1, "你好。再见。"), TurnEnded(1)]


def test_an_empty_done_keeps_the_text_so_far() -> None:
    turns = Turns("en", source_expected=False)
    said = told(turns, [SpeechStarted(0, None), ResponseCreated("r1"), append("Yes"), done("")])
    assert said == [Partial(1, "Yes"), final(1, "Yes")]


def test_the_text_of_the_response_stands_in_when_nothing_else_came() -> None:
    turns = Turns("en", source_expected=False)
    assert told(turns, [ResponseCreated("r1"), ResponseDone("r1", "Yes.", None)]) == [
        final(1, "Yes.")
    ]


def test_late_source_text_finds_its_turn_by_its_item() -> None:
    turns = Turns("en", source_expected=True)
    said = told(
        turns,
        [
            SpeechStarted(0, "asr1"),
            done("One.", "r1"),
            ResponseDone("r1", "", None),
            SpeechStopped(900, "asr1"),
            SpeechStarted(2000, "asr2"),
            SourceText("asr2", "dos", append=False, language="es"),
            SourceDone("asr1", "Uno.", "es"),
        ],
    )
    assert Source(1, "Uno.", "es", final=True) in said
    assert Source(2, "dos", "es", final=False) in said
    assert TurnEnded(1) in said
    assert turns.unfinished == 2


def test_late_source_text_without_a_known_item_goes_to_the_oldest_turn_without_any() -> None:
    turns = Turns("en", source_expected=True)
    said = told(
        turns,
        [
            SpeechStarted(0, None),
            done("One.", "r1"),
            ResponseDone("r1", "", None),
            SpeechStopped(900, None),
            SpeechStarted(2000, None),
            SourceDone("unknown1", "Uno.", "es"),
            SourceDone("unknown2", "Dos.", "es"),
        ],
    )
    assert Source(1, "Uno.", "es", final=True) in said
    assert Source(2, "Dos.", "es", final=False) in said


def test_a_response_after_the_next_speech_began_belongs_to_the_turn_that_has_none() -> None:
    turns = Turns("en", source_expected=False)
    said = told(
        turns,
        [
            SpeechStarted(0, None),
            SpeechStopped(900, None),
            SpeechStarted(2000, None),
            ResponseCreated("r1"),
            ResponseCreated("r2"),
            done("Two.", "r2"),
            done("One.", "r1"),
        ],
    )
    assert said == [final(2, "Two."), final(1, "One.")]


def test_a_turn_whose_source_text_fails_ends_without_it() -> None:
    turns = Turns("en", source_expected=True)
    said = told(
        turns,
        [
            SpeechStarted(0, "asr1"),
            SpeechStopped(900, "asr1"),
            SourceFailed("asr1", "x"),
            done("One."),
            ResponseDone("r1", "", None),
        ],
    )
    assert said == [final(1, "One."), TurnEnded(1)]


def test_a_turn_waits_for_its_source_text_but_not_for_ever() -> None:
    turns = Turns("en", source_expected=True)
    answered: list[ServerEvent] = [
        SpeechStarted(0, None),
        SpeechStopped(9, None),
        done("A."),
        ResponseDone("r1", "", None),
    ]
    assert TurnEnded(1) not in told(turns, answered, rest_s=SOURCE_WAIT_S - 0.1)
    assert turns.advance(SOURCE_WAIT_S, quiet_since=0.0) == [TurnEnded(1)]


def test_a_noise_without_an_answer_ends_when_patience_does() -> None:
    turns = Turns("en", source_expected=True)
    assert told(turns, [SpeechStarted(0, None)], rest_s=PATIENCE_S - 0.1) == []
    assert turns.advance(PATIENCE_S, quiet_since=None) == []
    assert turns.advance(PATIENCE_S, quiet_since=0.0) == [TurnEnded(1)]


def test_what_comes_after_a_turn_s_end_is_dropped() -> None:
    turns = Turns("en", source_expected=False)
    events: list[ServerEvent] = [SpeechStarted(0, "asr1"), SpeechStopped(9, "asr1"), done("A.")]
    assert TurnEnded(1) in told(turns, [*events, ResponseDone("r1", "", None)])
    late: list[ServerEvent] = [
        append("more"),
        VoiceDelta("r1", b"ab"),
        SourceDone("asr1", "a", "es"),
    ]
    assert told(turns, late) == []


def test_a_broken_turn_begins_anew_under_its_number() -> None:
    turns = Turns("en", source_expected=False)
    half: list[ServerEvent] = [
        SpeechStarted(0, None),
        ResponseCreated("r1"),
        append("The we"),
        VoiceDelta("r1", b"1234"),
    ]
    assert told(turns, half) == [Partial(1, "The we"), Voice(1, b"1234")]
    assert turns.broken(1.0) == [Partial(1, "The we […]", broken=True)]
    assert turns.unfinished == 1
    whole: list[ServerEvent] = [
        SpeechStarted(0, None),
        ResponseCreated("q1"),
        append("The", "q1"),
        VoiceDelta("q1", b"123456"),
        done("The weather.", "q1"),
        SpeechStopped(9, None),
        ResponseDone("q1", "", None),
    ]
    assert told(turns, whole, now=2.0) == [
        Partial(1, "The"),
        Voice(1, b"56"),  # the voice that was heard is not heard again
        final(1, "The weather."),
        VoiceEnded(1),
        TurnEnded(1),
    ]


def test_a_text_that_was_final_is_final_again_after_a_break() -> None:
    turns = Turns("en", source_expected=False)
    said = told(turns, [SpeechStarted(0, None), ResponseCreated("r1"), done("Yes.")])
    assert said == [final(1, "Yes.")]
    turns.broken(1.0)
    again: list[ServerEvent] = [
        SpeechStarted(0, None),
        ResponseCreated("q1"),
        append("Ye", "q1"),
        done("Yes.", "q1"),
    ]
    assert told(turns, again, now=2.0) == [Partial(1, "Ye"), final(1, "Yes.")]


def test_a_break_ends_a_turn_that_only_lacks_its_source_text() -> None:
    turns = Turns("en", source_expected=True)
    events: list[ServerEvent] = [
        SpeechStarted(0, None),
        SpeechStopped(9, None),
        done("A."),
        ResponseDone("r1", "", None),
    ]
    told(turns, events)
    assert turns.broken(1.0) == [TurnEnded(1)]
    assert turns.settled


def test_a_broken_turn_that_never_comes_back_ends_as_it_stands() -> None:
    turns = Turns("en", source_expected=False)
    told(turns, [SpeechStarted(0, None), ResponseCreated("r1"), append("The")])
    turns.broken(1.0)
    assert turns.advance(1.0 + PATIENCE_S, quiet_since=0.0) == [TurnEnded(1)]
    assert turns.settled


def test_a_broken_turn_is_waited_for_anew_by_each_new_link() -> None:
    turns = Turns("en", source_expected=False)
    told(turns, [SpeechStarted(0, None), ResponseCreated("r1"), append("The")])
    turns.broken(1.0)
    turns.restart(14.0)
    assert turns.advance(1.0 + PATIENCE_S, quiet_since=0.0) == []
    turns.take(SpeechStarted(0, None), 20.0)
    assert turns.take(done("The sun."), 20.5) == [final(1, "The sun.")]


def test_ending_all_makes_final_what_stands() -> None:
    turns = Turns("en", source_expected=True)
    told(turns, [SpeechStarted(0, None), ResponseCreated("r1"), append("The")])
    assert turns.end_all() == [final(1, "The …"), TurnEnded(1)]


def test_what_lies_before_an_ended_turn_s_stop_is_known_to_be_translated() -> None:
    turns = Turns("en", source_expected=False)
    told(
        turns,
        [
            SpeechStarted(0, None),
            done("A."),
            ResponseDone("r1", "", None),
            SpeechStopped(900, None),
        ],
    )
    assert turns.done_until_ms == 900
    turns.restart(1.0)
    assert turns.done_until_ms is None


def test_only_a_turn_that_has_stopped_or_a_pause_can_end_by_time_alone() -> None:
    turns = Turns("en", source_expected=True)
    assert not turns.resting(None)
    turns.take(SpeechStarted(0, None), 0.0)
    turns.take(append("Hello."), 0.0)
    assert not turns.resting(None)
    assert turns.advance(1_000.0, quiet_since=None) == []
    assert turns.resting(0.0)
    turns.take(SpeechStopped(900, None), 0.0)
    assert turns.resting(None)
    assert TurnEnded(1) in turns.advance(1_000.0, quiet_since=None)
    assert not turns.resting(0.0)
