"""What the engine refuses and how, as a client on a raw websocket sees it."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from bot.engine.config import EngineConfig
from bot.engine.scripted import tone
from tests.integration.engine.engine_client import (
    BROKEN,
    BYE,
    HELLO,
    NOTHING,
    SCRIPT,
    SILENCE,
    THREE,
    THREE_EIGHT,
    THREE_FIVE,
    client,
    settings,
)


@pytest.mark.parametrize(
    "raw", ["", "{", "[]", "1", '"text"', '{"type": 7}', "{}", '{"type": "response.create"}']
)
async def test_what_is_no_event_gets_an_error_and_changes_nothing(raw: str) -> None:
    async with client() as speaker:
        await speaker.socket.send_str(raw)
        assert (await speaker.until("error"))["error"]["type"] == "invalid_request_error"
        await speaker.configure()


@pytest.mark.parametrize("audio", [None, 5, "not base64!", base64.b64encode(b"odd").decode()])
async def test_what_is_no_sound_gets_an_error(audio: Any) -> None:
    async with client() as speaker:
        await speaker.send("input_audio_buffer.append", audio=audio)
        assert (await speaker.until("error"))["error"]["param"] == "audio"


@pytest.mark.parametrize(
    ("model", "change", "param"),
    [
        (THREE_FIVE, {"modalities": ["audio"]}, "session.modalities"),
        (THREE_EIGHT, {"output_modalities": ["audio"]}, "session.output_modalities"),
        (THREE_FIVE, {"translation": {"language": "xx"}}, "session.translation.language"),
        (THREE, {"translation": {"language": "sv"}}, "session.translation.language"),
        (THREE_EIGHT, {"translation": None}, "session.translation"),
        (THREE_FIVE, {"sample_rate": 44_100}, "session.sample_rate"),
        (THREE_FIVE, {"input_audio_format": "opus"}, "session.input_audio_format"),
        (THREE_FIVE, {"enable_voice_clone": True}, "session.enable_voice_clone"),
        (THREE_EIGHT, {"enable_voice_clone": True}, "session.enable_voice_clone"),
        (
            THREE_FIVE,
            {"turn_detection": {"type": "server_vad", "silence_duration_ms": 100}},
            "session.turn_detection.silence_duration_ms",
        ),
        (
            THREE_FIVE,
            {"turn_detection": {"type": "server_vad", "threshold": 1.5}},
            "session.turn_detection.threshold",
        ),
    ],
)
async def test_a_setting_that_is_not_taken_gets_an_error_that_names_it(
    model: str, change: dict[str, Any], param: str
) -> None:
    async with client(model) as speaker:
        session = settings(model, audio=False, target="en") | change
        await speaker.send("session.update", session=session)
        error = (await speaker.until("error"))["error"]
        assert (error["code"], error["param"]) == ("invalid_value", param)
        assert "session.updated" not in speaker.kinds()


@pytest.mark.parametrize("target", ["af", "ja"])  # text only at the service; no voice here
async def test_voice_is_refused_for_a_language_without_one(target: str) -> None:
    async with client() as speaker:
        await speaker.send(
            "session.update", session=settings(THREE_FIVE, audio=True, target=target)
        )
        assert "audio output" in (await speaker.until("error"))["error"]["message"]
        await speaker.configure(audio=False, target=target)


@pytest.mark.parametrize(("model", "voice"), [(THREE, "Tina"), (THREE_EIGHT, "Chelsie")])
async def test_a_voice_the_model_has_not_closes_the_connection(model: str, voice: str) -> None:
    async with client(model) as speaker:
        session = settings(model, audio=True, target="en") | {"voice": voice}
        await speaker.send("session.update", session=session)
        assert await speaker.closed() == (
            1011,
            f"InternalError.Algo.InvalidParameter: Voice '{voice}' is not supported.",
        )


async def test_a_pair_nobody_serves_gets_the_source_text_one_error_and_no_translation() -> None:
    async with client() as speaker:
        await speaker.configure(target="fr")
        await speaker.say(SILENCE + tone(HELLO, 2.0) + SILENCE)
        done = await speaker.until("response.done")
    (error,) = speaker.of("error")
    assert error["error"]["code"] == "unsupported_language_pair"
    assert "es to fr" in error["error"]["message"]
    (source,) = speaker.of("conversation.item.input_audio_transcription.completed")
    assert source["transcript"] == SCRIPT[0].text
    assert done["response"]["status"] == "failed"
    assert not speaker.of("response.text.text")
    assert not speaker.of("response.text.done")


async def test_the_same_language_is_given_back_as_it_is() -> None:
    async with client() as speaker:
        await speaker.configure(target="es")
        await speaker.say(SILENCE + tone(HELLO, 2.0) + SILENCE)
        await speaker.until("response.done")
    assert speaker.of("response.text.done")[0]["text"] == SCRIPT[0].text


async def test_sound_that_is_no_speech_after_all_ends_in_an_empty_response() -> None:
    async with client() as speaker:
        await speaker.configure()
        await speaker.say(SILENCE + tone(NOTHING, 1.0) + SILENCE)
        done = await speaker.until("response.done")
    assert done["response"]["status"] == "completed"
    assert speaker.of("response.text.done")[0]["text"] == ""


async def test_an_engine_that_fails_fails_its_response_and_the_session_goes_on() -> None:
    async with client() as speaker:
        await speaker.configure()
        await speaker.say(SILENCE + tone(BROKEN, 1.0) + SILENCE)
        assert (await speaker.until("response.done"))["response"]["status"] == "failed"
        assert speaker.of("error")[0]["error"]["message"] == "it broke"
        await speaker.say(tone(BYE, 1.0) + SILENCE)
        assert (await speaker.until("response.done"))["response"]["status"] == "completed"


async def test_manual_mode_answers_commit_and_clear_and_hears_no_boundaries() -> None:
    async with client() as speaker:
        await speaker.configure(turn_detection=None)
        await speaker.send("input_audio_buffer.commit")
        error = (await speaker.until("error"))["error"]
        assert error["code"] == "input_audio_buffer_commit_empty"
        await speaker.say(tone(HELLO, 1.0))
        await speaker.send("input_audio_buffer.clear")
        await speaker.until("input_audio_buffer.cleared")
        await speaker.say(tone(BYE, 1.0))
        await speaker.send("input_audio_buffer.commit")
        await speaker.until("input_audio_buffer.committed")
        await speaker.until("response.done")
    assert [event["text"] for event in speaker.of("response.text.done")] == [SCRIPT[3].english]
    assert "input_audio_buffer.speech_started" not in speaker.kinds()


async def test_commit_is_refused_where_the_engine_finds_the_turns() -> None:
    async with client() as speaker:
        await speaker.configure()
        await speaker.say(tone(HELLO, 0.5))
        await speaker.send("input_audio_buffer.commit")
        await speaker.until("error")


async def test_an_image_is_taken_only_after_sound_and_only_when_small() -> None:
    async with client() as speaker:
        await speaker.send("input_image_buffer.append", image="aaaa")
        await speaker.until("error")
        await speaker.say(SILENCE)
        await speaker.send("input_image_buffer.append", image="aaaa")
        await speaker.send("input_image_buffer.append", image="a" * 700_000)
        await speaker.until("error")
        assert len(speaker.of("error")) == 2


async def test_source_text_that_was_turned_off_is_not_sent() -> None:
    async with client() as speaker:
        await speaker.configure(input_audio_transcription={"model": None})
        await speaker.say(SILENCE + tone(HELLO, 1.6) + SILENCE)
        await speaker.until("response.done")
    assert not [kind for kind in speaker.kinds() if "transcription" in kind]


async def test_sound_at_8_khz_is_understood() -> None:
    async with client() as speaker:
        await speaker.configure(sample_rate=8000)
        await speaker.say(bytes(16_000) + tone(HELLO, 1.6, 8000) + bytes(16_000))
        await speaker.until("response.done")
    assert speaker.of("response.text.done")[0]["text"] == SCRIPT[0].english


async def test_the_trace_says_when_sound_came_and_events_went(tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    async with client(config=EngineConfig(trace=trace)) as speaker:
        await speaker.configure()
        await speaker.say(SILENCE + tone(HELLO, 1.6) + SILENCE)
        await speaker.until("response.done")
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert max(line["samples"] for line in lines if line["kind"] == "audio") == 16_000 * 3.6
    (stopped,) = (line for line in lines if line["kind"] == "stopped")
    assert abs(stopped["audio_ms"] - 2600) <= 64
    sent = [line["type"] for line in lines if line["kind"] == "event"]
    assert sent == speaker.kinds()
    assert not any("hello" in json.dumps(line) for line in lines)


async def test_a_session_without_speech_ends_as_at_the_service() -> None:
    async with client(config=EngineConfig(idle_s=0.2)) as speaker:
        code, _ = await speaker.closed()
    assert code == 1011
    (error,) = speaker.of("error")
    assert error["error"]["code"] == "UNEXPECTED_ASR_ERROR"
    assert "statusCode=504" in error["error"]["message"]
