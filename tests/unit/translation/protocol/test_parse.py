"""Messages of the service as values; recorded shapes of both dialects."""

import base64
from typing import Any

import pytest

from bot.errors import ProtocolError
from bot.translation.protocol import server_events
from bot.translation.protocol.parse import parse
from bot.translation.protocol.server_events import Outcome

IDS = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}
TRANSCRIPTION = "conversation.item.input_audio_transcription"


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"event_id": "event_1", "type": kind, **fields}


@pytest.mark.parametrize(
    ("message", "value"),
    [
        (
            event("session.created", session={"id": "sess_1", "object": "realtime.session"}),
            server_events.SessionCreated("sess_1"),
        ),
        (event("session.updated", session={}), server_events.SessionUpdated()),
        (event("session.finished"), server_events.SessionFinished()),
        (
            event("input_audio_buffer.speech_started", audio_start_ms=1200),
            server_events.SpeechStarted(1200, None),
        ),
        (
            event(
                "input_audio_buffer.speech_started",
                audio_start_ms=1200,
                item_id="item_asr_1",
                speaker_id=0,
            ),
            server_events.SpeechStarted(1200, "item_asr_1"),
        ),
        (
            event("input_audio_buffer.speech_stopped", audio_end_ms=3400),
            server_events.SpeechStopped(3400, None),
        ),
        (
            event(f"{TRANSCRIPTION}.text", item_id="i", text="今天", stash="天气", language="zh"),
            server_events.SourceText("i", "今天天气", append=False, language="zh"),
        ),
        (
            event(f"{TRANSCRIPTION}.delta", item_id="i", delta="今天"),
            server_events.SourceText("i", "今天", append=True, language=None),
        ),
        (
            event(f"{TRANSCRIPTION}.completed", item_id="i", transcript="今天。", language="zh"),
            server_events.SourceDone("i", "今天。", "zh"),
        ),
        (
            event(f"{TRANSCRIPTION}.failed", item_id="i", error={"code": "x", "param": "y"}),
            server_events.SourceFailed("i", "x"),
        ),
        (
            event(
                "conversation.item.created", previous_item_id="asr", item={"id": "i", "content": []}
            ),
            server_events.ItemCreated("i", "asr"),
        ),
        (
            event("response.created", response={"id": "resp_1"}),
            server_events.ResponseCreated("resp_1"),
        ),
        (
            event("response.output_item.added", response_id="resp_1", item={"id": "i"}),
            server_events.OutputItemAdded("resp_1", "i"),
        ),
        (
            event("response.text.text", text="How are", stash=" you?", **IDS),
            server_events.TranslationText("resp_1", "item_1", "How are you?", append=False),
        ),
        (
            event("response.audio_transcript.delta", delta="Hello,", **IDS),
            server_events.TranslationText("resp_1", "item_1", "Hello,", append=True),
        ),
        (
            event("response.text.done", text="Hello.", **IDS),
            server_events.TranslationDone("resp_1", "item_1", "Hello."),
        ),
        (
            event("response.audio_transcript.done", transcript="", **IDS),
            server_events.TranslationDone("resp_1", "item_1", ""),
        ),
        (
            event("response.audio.delta", delta=base64.b64encode(b"abcd").decode(), **IDS),
            server_events.VoiceDelta("resp_1", b"abcd"),
        ),
        (event("response.audio.done", **IDS), server_events.VoiceDone("resp_1")),
        (
            event(
                "response.done",
                response={
                    "id": "resp_1",
                    "status": "completed",
                    "output": [{"content": [{"type": "audio", "transcript": "Hello? "}]}],
                    "usage": {"total_tokens": 56, "input_tokens": 47, "output_tokens": 9},
                },
            ),
            server_events.ResponseDone("resp_1", "Hello? ", server_events.TokenCount(47, 9)),
        ),
        *[
            (
                event("response.done", response={"id": "r", "status": status}),
                server_events.ResponseDone("r", "", None, outcome),
            )
            for status, outcome in [
                ("completed", Outcome.WHOLE),
                ("incomplete", Outcome.CUT),
                ("cancelled", Outcome.CUT),
                ("failed", Outcome.FAILED),
                ("in_progress", Outcome.WHOLE),
                ("something new", Outcome.WHOLE),
                (["failed"], Outcome.WHOLE),
            ]
        ],
        (
            event(
                "response.done",
                response={
                    "id": "r",
                    "status": "completed",
                    "output": [{"status": "incomplete", "content": [{"text": "Hal"}]}],
                },
            ),
            server_events.ResponseDone("r", "Hal", None, Outcome.CUT),
        ),
        (
            event(
                "error",
                error={
                    "type": "invalid_request_error",
                    "code": "invalid_value",
                    "message": "No.",
                    "param": "session.modalities",
                },
            ),
            server_events.ServerError(
                "invalid_value", "No.", "session.modalities", "invalid_request_error"
            ),
        ),
        (
            {"code": "COMMON_ERROR", "message": "thread pool exhausted"},
            server_events.ServerError("COMMON_ERROR", "thread pool exhausted", None),
        ),
        (
            event("response.content_part.added", part={}),
            server_events.Unused("response.content_part.added"),
        ),
        (event("something.new"), server_events.Unused("something.new")),
    ],
)
def test_a_message_becomes_its_value(message: dict[str, Any], value: object) -> None:
    assert parse(message) == value


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        "response.done",
        {},
        {"type": None},
        {"type": 3},
        event("response.done"),
        event("response.done", response={"id": 3}),
        event("response.done", response={"id": "r" * 129}),
        event("response.audio.delta", response_id="r", delta="no base64!"),
        event("response.audio.delta", response_id="r", delta="Я"),
        event("response.text.delta", response_id="r", delta=["a"]),
        event("response.text.text", response_id=None, text="a"),
    ],
)
def test_a_message_that_breaks_the_protocol_is_refused(message: object) -> None:
    with pytest.raises(ProtocolError):
        parse(message)


def test_a_refusal_does_not_quote_what_was_said() -> None:
    with pytest.raises(ProtocolError) as refusal:
        parse(event("response.text.done", response_id={"secret": 1}, text="a private sentence"))
    assert "private" not in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_a_wave_header_before_the_voice_is_left_out() -> None:
    header = b"RIFF\x00\x00\x00\x00WAVE" + bytes(32)
    delta = base64.b64encode(header + b"pcm!").decode()
    assert parse(event("response.audio.delta", response_id="r", delta=delta)) == (
        server_events.VoiceDelta("r", b"pcm!")
    )
