"""Speech in the target language is not echoed, whenever its language becomes known."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bot.domain.events import (
    ConversationEvent,
    Echoed,
    Final,
    Partial,
    Source,
    TurnEnded,
    Voice,
    VoiceEnded,
)
from bot.translation.protocol.server_events import (
    ResponseDone,
    ServerEvent,
    SourceDone,
    SourceText,
    SpeechStarted,
    SpeechStopped,
    TranslationDone,
    TranslationText,
    VoiceDelta,
    VoiceDone,
)
from bot.translation.speech.echo import MOST_HELD, EchoGate, EchoRule
from bot.translation.speech.turns import LINGER_S, PATIENCE_S, SOURCE_WAIT_S, Turns

PCM = b"abcd"


def told(turns: Turns, *events: ServerEvent) -> list[ConversationEvent]:
    said = [event for server_event in events for event in turns.take(server_event, 0.0)]
    return said + turns.advance(LINGER_S + 1e-6, quiet_since=0.0)


def late(name: str, language: str | None, text: str = "Hello.") -> list[ServerEvent]:
    """The language comes after the translation, as in the nested dialect."""
    return [
        SpeechStarted(0, name),
        TranslationText(name, "i", "Hel", append=True),
        VoiceDelta(name, PCM),
        TranslationDone(name, "i", text),
        VoiceDone(name),
        SpeechStopped(900, name),
        SourceDone(name, "Hello.", language),
        ResponseDone(name, "", None),
    ]


def early(name: str, language: str) -> list[ServerEvent]:
    """The language comes with the first source text, as in the flat dialect."""
    return [
        SpeechStarted(0, None),
        SourceText(name, "Hello", append=False, language=language),
        TranslationText(name, "i", "Hel", append=False),
        VoiceDelta(name, PCM),
        TranslationDone(name, "i", "Hello."),
        VoiceDone(name),
        SpeechStopped(900, None),
        SourceDone(name, "Hello.", language),
        ResponseDone(name, "", None),
    ]


def test_what_was_shown_is_taken_back_when_the_language_comes_late() -> None:
    assert told(Turns("en", source_expected=True), *late("r1", "en")) == [
        Partial(1, "Hel"),
        Voice(1, PCM),
        Final(1, "Hello."),
        Source(1, "Hello.", "en", final=True),
        Echoed(1),
        TurnEnded(1),
    ]


def test_nothing_is_shown_or_spoken_when_the_language_comes_early() -> None:
    assert told(Turns("en", source_expected=True), *early("r1", "en")) == [
        Source(1, "Hello", "en", final=False),
        Echoed(1),
        Source(1, "Hello.", "en", final=True),
        TurnEnded(1),
    ]


def test_after_an_echo_the_next_turn_waits_for_its_language() -> None:
    turns = Turns("en", source_expected=True)
    told(turns, *late("r1", "en"))
    assert told(turns, *late("r2", "en")) == [
        Source(2, "Hello.", "en", final=True),
        Echoed(2),
        TurnEnded(2),
    ]


def test_a_turn_held_for_nothing_is_said_whole() -> None:
    turns = Turns("en", source_expected=True)
    told(turns, *late("r1", "en"))
    assert told(turns, *late("r2", "es", "Hi.")) == [
        Source(2, "Hello.", "es", final=True),
        Voice(2, PCM),
        Final(2, "Hi."),
        VoiceEnded(2),
        TurnEnded(2),
    ]
    assert told(turns, *late("r3", "es", "Hi."))[0] == Partial(3, "Hel")


def test_a_turn_whose_language_never_comes_is_said_at_its_end() -> None:
    turns = Turns("en", source_expected=True)
    told(turns, *late("r1", "en"))
    said = told(turns, *late("r2", None, "Hi."))
    assert [event for event in said if isinstance(event, Final)] == [Final(2, "Hi.")]
    assert Echoed(2) not in said


def test_a_language_that_is_corrected_brings_the_translation_back() -> None:
    said = told(
        Turns("en", source_expected=True),
        SpeechStarted(0, None),
        TranslationText("r1", "i", "Yes", append=False),
        SourceText("a1", "si", append=False, language="en"),
        SourceText("a1", "sí", append=False, language="es"),
        TranslationDone("r1", "i", "Yes."),
        SpeechStopped(900, None),
        SourceDone("a1", "Sí.", "es"),
        ResponseDone("r1", "", None),
    )
    assert [event for event in said if not isinstance(event, Source)] == [
        Partial(1, "Yes"),
        Echoed(1),
        Partial(1, "Yes"),
        Final(1, "Yes."),
        TurnEnded(1),
    ]


@pytest.mark.parametrize("order", [late, early])
def test_a_language_named_wrongly_takes_no_translation_back(
    order: Callable[[str, str], list[ServerEvent]],
) -> None:
    turns = Turns("en", source_expected=True)
    events = [
        replace(event, text="Sí.") if isinstance(event, SourceDone | SourceText) else event
        for event in order("r1", "en")
    ]
    said = told(turns, *events)
    finals = [event for event in said if isinstance(event, Final)]
    assert [event.text for event in finals] == ["Hello."]
    assert said.index(finals[-1]) > max(
        [n for n, event in enumerate(said) if isinstance(event, Echoed)], default=-1
    )
    assert b"".join(event.pcm for event in said if isinstance(event, Voice)) == PCM
    if order is late:
        assert Echoed(1) not in said


def test_a_language_named_wrongly_does_not_hold_the_next_turn_back() -> None:
    turns = Turns("en", source_expected=True)
    for name in ("r1", "r2"):
        events = [
            replace(event, text="Sí.") if isinstance(event, SourceDone) else event
            for event in late(name, "en")
        ]
        said = told(turns, *events)
    assert said[0] == Partial(2, "Hel")


def test_some_common_words_leave_the_language_that_is_named() -> None:
    turns = Turns("en", source_expected=True)
    events = [
        replace(event, text="Well hello there.") if isinstance(event, SourceDone) else event
        for event in late("r1", "en", "Hello.")
    ]
    assert Echoed(1) in told(turns, *events)


@pytest.mark.parametrize("language", ["en", "EN", "en-US", "en_GB"])
def test_country_and_case_make_no_other_language(language: str) -> None:
    assert Echoed(1) in told(Turns("en", source_expected=True), *late("r1", language))


def test_a_language_the_service_only_assumes_is_not_believed() -> None:
    turns = Turns("en", source_expected=True, echo=EchoRule("en", assumed="en"))
    assert Final(1, "Hi.") in told(turns, *late("r1", "en", "Hi."))
    assert Echoed(1) not in told(turns, *late("r2", "en", "Hi."))


def test_a_language_other_than_the_assumed_one_was_detected() -> None:
    turns = Turns("es", source_expected=True, echo=EchoRule("es", assumed="en"))
    assert Echoed(1) in told(turns, *late("r1", "es"))


def test_the_very_words_of_the_source_are_an_echo_in_any_language() -> None:
    turns = Turns("en", source_expected=True, echo=EchoRule("en", assumed="en"))
    assert Echoed(1) in told(turns, *late("r1", "en", "hello"))


def test_who_declared_the_target_language_is_never_echoed() -> None:
    turns = Turns("en", source_expected=True, echo=EchoRule("en", declared="en"))
    said = told(turns, *late("r1", "en", "Hello."))
    assert not any(isinstance(event, Partial | Final | Voice) for event in said)
    assert said[0] == Echoed(1)


def test_who_declared_another_language_is_translated_whatever_is_named() -> None:
    turns = Turns("en", source_expected=True, echo=EchoRule("en", declared="es"))
    assert Echoed(1) not in told(turns, *late("r1", "en", "Hello."))


def test_a_turn_the_service_skips_ends_without_its_patience() -> None:
    turns = Turns("en", source_expected=True)
    skipped: list[ServerEvent] = [
        SpeechStarted(0, None),
        SourceText("a1", "Hello", append=False, language="en"),
        SpeechStopped(900, None),
        SourceDone("a1", "Hello.", "en"),
    ]
    assert TurnEnded(1) not in told(turns, *skipped)
    assert SOURCE_WAIT_S < PATIENCE_S
    assert turns.advance(SOURCE_WAIT_S + 0.01, quiet_since=0.0) == [TurnEnded(1)]


def test_a_broken_turn_begins_anew_without_what_was_held() -> None:
    turns = Turns("en", source_expected=True)
    told(turns, *late("r1", "en"))
    turns.take(SpeechStarted(0, None), 0.0)
    turns.take(TranslationDone("r2", "i", "Half"), 0.0)
    turns.broken(0.0)
    said = told(turns, *late("r3", "es", "Whole."))
    assert [event for event in said if isinstance(event, Final)] == [Final(2, "Whole.")]


def test_the_voice_held_is_bounded() -> None:
    gate = EchoGate(1, EchoRule("en"), expected=True)
    piece = bytes(MOST_HELD // 4)
    for _ in range(6):
        assert gate.say([Voice(1, piece)]) == []
    assert gate.hear("es") == [Voice(1, piece)] * 4


def test_a_language_that_the_service_only_assumes_is_not_told() -> None:
    rule = EchoRule("fr", assumed="en")
    assert [rule.known(name) for name in ("en", "en-US", "es", None)] == [None, None, "es", None]
    assert EchoRule("fr", declared="en", assumed="en").known("en") == "en"
