"""Of each thing that the service may send there is a most, and what exceeds it harms nobody."""

import json
import logging
from typing import Any

import pytest

from bot.domain.events import SPEECH_RATE, VOICE_RATE
from bot.translation.protocol import bounds, server_events
from bot.translation.protocol.bounds import Exceeded, Excess, MessageRate
from bot.translation.protocol.parse import parse
from bot.translation.speech.intake import Intake
from tests.support.log_lines import logged

SPEECH_S = SPEECH_RATE * 2  # bytes
VOICE_S = VOICE_RATE * 2
TRANSCRIPTION = "conversation.item.input_audio_transcription"


def voice(seconds: float) -> dict[str, Any]:
    return {
        "type": "response.audio.delta",
        "response_id": "r",
        "delta": "AAAA" * int(seconds * VOICE_S / 3),
    }


def usage(tokens_in: Any, tokens_out: Any = 1, **more: Any) -> dict[str, Any]:
    counts = {"input_tokens": tokens_in, "output_tokens": tokens_out, **more}
    return {"type": "response.done", "response": {"id": "r", "usage": counts}}


def counted(intake: Intake, *messages: dict[str, Any]) -> list[server_events.TokenCount | None]:
    events = [intake.read(message) for message in messages]
    assert all(isinstance(event, server_events.ResponseDone) for event in events)
    return [event.usage for event in events if isinstance(event, server_events.ResponseDone)]


def test_an_excess_is_counted_and_logged_the_first_time(caplog: pytest.LogCaptureFixture) -> None:
    excess = Excess()
    for what in (Exceeded.TEXT, Exceeded.TEXT, Exceeded.VOICE, Exceeded.TEXT):
        excess.note(what)
    assert excess.counts == {Exceeded.TEXT: 3, Exceeded.VOICE: 1}
    assert logged(caplog.records) == [
        "the service exceeds a bound bound=text",
        "the service exceeds a bound bound=voice",
    ]


def test_a_pace_has_a_burst_and_then_so_many_a_second() -> None:
    pace = MessageRate(burst=3, per_s=2)
    assert [pace.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert [pace.take(11.0) for _ in range(3)] == [True, True, False]
    assert pace.take(100.0, 3)
    assert not pace.take(100.4, 1)


def test_a_message_of_the_most_bytes_is_read_and_a_longer_one_is_not() -> None:
    excess = Excess()
    assert Intake(excess).admits(bounds.MESSAGE_BYTES, 1.0)
    assert not Intake(excess).admits(bounds.MESSAGE_BYTES + 1, 1.0)
    assert excess.counts == {Exceeded.FRAMES: 1}


def test_the_longest_glossary_comes_back_in_a_message_that_is_read() -> None:
    terms = {f"{number:03}" + "語" * 97: "訳" * 100 for number in range(1000)}
    echoed = json.dumps({"session": {"translation": {"corpus": {"phrases": terms}}}})
    assert Intake(Excess()).admits(len(echoed), 1.0)


@pytest.mark.parametrize(("size", "most"), [(10, 2_000), (1024 * 1024, 8)])
def test_a_flood_of_messages_or_bytes_is_not_read(size: int, most: int) -> None:
    excess = Excess()
    intake = Intake(excess)
    assert sum(intake.admits(size, 5.0) for _ in range(3_000)) == most
    assert excess.counts[Exceeded.RATE] == 3_000 - most
    assert intake.admits(size, 7.0)


def test_an_hour_of_text_and_voice_is_no_flood() -> None:
    intake = Intake(Excess())
    assert all(intake.admits(8_000, number / 30) for number in range(3_600 * 30))


def test_a_session_of_which_nothing_can_be_read_is_useless() -> None:
    excess = Excess()
    intake = Intake(excess)
    for _ in range(bounds.UNREADABLE_IN_A_ROW - 1):
        assert intake.read({"type": 3}) is None
        assert not intake.useless
    assert intake.read({"type": "something.new"}) is not None
    for _ in range(bounds.UNREADABLE_IN_A_ROW):
        assert not intake.useless
        intake.unreadable()
    assert intake.useless
    assert excess.counts[Exceeded.UNREADABLE] == intake.unreadable_count == 99


def test_voice_is_believed_as_far_as_there_was_speech() -> None:
    excess = Excess()
    intake = Intake(excess)
    intake.sent(10 * SPEECH_S)
    believed = sum(intake.read(voice(1.0)) is not None for _ in range(100))
    assert believed == bounds.VOICE_BEYOND_S + 10 * bounds.VOICE_PER_SPEECH
    assert excess.counts == {Exceeded.VOICE: 100 - believed}
    intake.sent(SPEECH_S)
    assert intake.read(voice(1.0)) is not None


@pytest.mark.parametrize("kind", ["speech_started", "speech_stopped"])
def test_speech_is_not_heard_before_it_was_sent(kind: str) -> None:
    excess = Excess()
    intake = Intake(excess)
    intake.sent(2 * SPEECH_S)
    key = "audio_start_ms" if kind == "speech_started" else "audio_end_ms"
    events = [
        intake.read({"type": f"input_audio_buffer.{kind}", key: at_ms, "item_id": "i"})
        for at_ms in (1_500, 2_000, 2_000 + bounds.LATE_MS, 2_001 + bounds.LATE_MS, 10**11)
    ]
    times = [getattr(event, "at_ms", "gone") for event in events]
    assert times == [1_500, 2_000, 2_000 + bounds.LATE_MS, None, None]
    assert [getattr(event, "item_id", "") for event in events] == ["i"] * 5
    assert excess.counts == {Exceeded.TIME: 2}


def test_a_count_of_tokens_is_believed_as_far_as_one_response_goes() -> None:
    excess = Excess()
    intake = Intake(excess)
    most = bounds.RESPONSE_TOKENS
    counts = counted(
        intake, usage(most, 5), usage(2 * most + 1, 6), usage(10**9), usage(2 * most, 2 * most)
    )
    assert counts == [server_events.TokenCount(most, 5), None, None, None]
    assert counted(intake, usage(2 * most, most)) == [server_events.TokenCount(2 * most, most)]
    assert excess.counts == {Exceeded.TOKENS: 3}


@pytest.mark.parametrize(
    "wrong", [-1, True, "7", float("nan"), float("inf"), 10**30, [], {}, 10**13]
)
@pytest.mark.parametrize("key", ["input_tokens", "output_tokens"])
def test_a_count_that_is_none_counts_nothing_and_the_response_is_done(key: str, wrong: Any) -> None:
    excess = Excess()
    message = usage(7, 5)
    message["response"]["usage"][key] = wrong
    assert counted(Intake(excess), message) == [None]
    assert excess.counts == {Exceeded.FIELD: 1}


def test_more_tokens_are_not_spoken_than_came() -> None:
    message = usage(7, 5, output_tokens_details={"audio_tokens": 50})
    assert counted(Intake(Excess()), message) == [server_events.TokenCount(7, 5, 5)]
    assert counted(Intake(Excess()), usage(7.0, 5)) == [server_events.TokenCount(7, 5)]


LONG = "x" * (bounds.ID_CHARS + 1)


@pytest.mark.parametrize(
    ("message", "value"),
    [
        (
            {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": float("nan")},
            server_events.SpeechStopped(None, None),
        ),
        (
            {"type": "input_audio_buffer.speech_started", "audio_start_ms": -1, "item_id": "i"},
            server_events.SpeechStarted(None, "i"),
        ),
        (
            {"type": "input_audio_buffer.speech_started", "audio_start_ms": True},
            server_events.SpeechStarted(None, None),
        ),
        (
            {"type": "input_audio_buffer.speech_started", "audio_start_ms": 5, "item_id": LONG},
            server_events.SpeechStarted(5, None),
        ),
        (
            {"type": f"{TRANSCRIPTION}.completed", "item_id": "i", "transcript": 5},
            server_events.SourceDone("i", "", None),
        ),
        (
            {"type": f"{TRANSCRIPTION}.delta", "item_id": "i", "delta": "a", "language": "x" * 17},
            server_events.SourceText("i", "a", append=True, language=None),
        ),
        (
            {"type": f"{TRANSCRIPTION}.failed", "item_id": ["i"], "error": "no"},
            server_events.SourceFailed("", ""),
        ),
        (
            {"type": "response.text.text", "response_id": "r", "item_id": 3, "text": ["a"]},
            server_events.TranslationText("r", "", "", append=False),
        ),
        (
            {"type": "response.done", "response": {"id": "r", "output": {}, "usage": []}},
            server_events.ResponseDone("r", "", None),
        ),
        (
            {"type": "session.created", "session": ["sess"]},
            server_events.SessionCreated(""),
        ),
        (
            {"type": "error", "error": {"code": 400, "message": {"a": 1}, "param": LONG}},
            server_events.ServerError("400", "", None),
        ),
    ],
)
def test_a_field_that_makes_no_sense_is_passed_over(
    message: dict[str, Any], value: server_events.ServerEvent
) -> None:
    excess = Excess()
    assert parse(message, excess) == value
    assert excess.counts[Exceeded.FIELD] >= 1


def test_of_an_error_its_beginning_counts() -> None:
    long = "Throttling " + "x" * 10**6
    event = parse({"type": "error", "error": {"code": long, "message": long}})
    assert isinstance(event, server_events.ServerError)
    assert len(event.code) == len(event.message) == bounds.ERROR_CHARS
    assert event.code.startswith("Throttling")
    assert isinstance(parse({"code": long, "message": long}), server_events.ServerError)


def test_of_a_response_as_many_parts_count_as_may_be() -> None:
    part = {"type": "text", "text": "a"}
    output = [{"content": [part] * 1_000}] * 1_000
    event = parse({"type": "response.done", "response": {"id": "r", "output": output}})
    assert event == server_events.ResponseDone("r", "a" * bounds.PARTS**2, None)


def test_half_a_character_is_no_reason_to_fail_later() -> None:
    event = parse({"type": "response.text.delta", "response_id": "r", "delta": "a\ud83d"})
    assert event == server_events.TranslationText("r", "", "a?", append=True)


def test_what_exceeds_a_bound_is_not_quoted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    intake = Intake(Excess())
    intake.read({"type": "response.text.done", "response_id": {"secret": 1}, "text": "private"})
    intake.read({"type": f"{TRANSCRIPTION}.completed", "item_id": "i", "transcript": ["private"]})
    assert caplog.records
    assert "private" not in caplog.text
    assert "secret" not in caplog.text
