"""The rules of the protocol, as a client on a raw websocket sees them."""

import asyncio
import base64

import aiohttp
import pytest

from bot.engine.config import EngineConfig
from bot.engine.scripted import scripted, tone
from bot.engine.server import EngineServer
from bot.errors import EngineError
from tests.integration.engine.engine_client import (
    BYE,
    HELLO,
    MODELS,
    SCRIPT,
    SILENCE,
    THREE,
    THREE_EIGHT,
    THREE_FIVE,
    client,
)


@pytest.mark.parametrize("model", MODELS)
async def test_a_session_begins_with_session_created_in_the_models_own_form(model: str) -> None:
    async with client(model) as speaker:
        session = (await speaker.until("session.created"))["session"]
    assert session["id"].startswith("sess_")
    assert session["model"] == model
    if model == THREE_EIGHT:
        assert session["output_modalities"] == ["text", "audio"]
        assert session["audio"]["input"]["turn_detection"] == {
            "type": "speaker_detection",
            "threshold": 0.5,
            "silence_duration_ms": 1000,
        }
        assert session["audio"]["output"]["voice"] == "Tina"
        assert "modalities" not in session
    else:
        assert session["modalities"] == ["text", "audio"]
        assert session["turn_detection"]["silence_duration_ms"] == 1000
        assert session["voice"] == ("Cherry" if model == THREE else "Tina")
        assert (session["input_audio_transcription"] is None) == (model == THREE)
        assert "output_modalities" not in session


@pytest.mark.parametrize("model", MODELS)
async def test_an_utterance_becomes_text_in_the_order_of_the_service(model: str) -> None:
    async with client(model) as speaker:
        await speaker.configure()
        await speaker.say(SILENCE + tone(HELLO, 1.6) + SILENCE)
        done = await speaker.until("response.done")
    kinds = speaker.kinds()[2:]
    assert kinds[0] == "input_audio_buffer.speech_started"
    opening = ["response.created", "response.output_item.added"]
    if model != THREE_EIGHT:
        opening.append("conversation.item.created")
    first = kinds.index("response.created")
    assert kinds[first : first + len(opening) + 1] == [*opening, "response.content_part.added"]
    tail = [kind for kind in kinds if "transcription" not in kind]
    assert tail[-4:] == [
        "response.text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    (source,) = speaker.of("conversation.item.input_audio_transcription.completed")
    assert (source["transcript"], source["language"]) == (SCRIPT[0].text, "es")
    assert speaker.of("response.text.done")[0]["text"] == SCRIPT[0].english
    response = done["response"]
    assert response["status"] == "completed"
    assert response["output"][0]["content"] == [{"type": "text", "text": SCRIPT[0].english}]


async def test_interim_text_of_3_5_replaces_and_holds_what_is_stable_apart() -> None:
    async with client(THREE_FIVE) as speaker:
        await speaker.configure()
        await speaker.say(SILENCE + tone(HELLO, 1.0))
        await speaker.until("response.text.text")
        await speaker.say(tone(HELLO, 1.0) + SILENCE)
        await speaker.until("response.done")
    shown = [event["text"] + event["stash"] for event in speaker.of("response.text.text")]
    assert len(shown) >= 2  # one from either part of the sentence; a busy machine makes fewer
    assert shown[-1] == SCRIPT[0].english
    assert all(str(SCRIPT[0].english).startswith(text) for text in shown)
    assert any(event["text"] for event in speaker.of("response.text.text")[:-1])
    source = speaker.of("conversation.item.input_audio_transcription.text")
    assert source[0]["language"] == "es"
    assert not speaker.of("response.text.delta")


async def test_interim_text_of_3_8_is_appended_and_adds_up_to_the_whole() -> None:
    async with client(THREE_EIGHT) as speaker:
        await speaker.configure()
        await speaker.say(SILENCE + tone(HELLO, 1.0))
        await speaker.until("response.created")
        await speaker.say(tone(HELLO, 0.6))
        await speaker.until("response.text.delta")
        await speaker.say(tone(HELLO, 0.4) + SILENCE)
        await speaker.until("response.done")
    deltas = [event["delta"] for event in speaker.of("response.text.delta")]
    assert len(deltas) >= 2
    assert "".join(deltas) == SCRIPT[0].english
    heard = speaker.of("conversation.item.input_audio_transcription.delta")
    assert "".join(event["delta"] for event in heard) == SCRIPT[0].text
    assert not speaker.of("response.text.text")
    started = speaker.of("input_audio_buffer.speech_started")[0]
    assert started["item_id"] == heard[0]["item_id"]
    assert started["speaker_id"] == 0


@pytest.mark.parametrize("model", MODELS)
async def test_voice_comes_as_24_khz_pcm_between_the_text_and_audio_done(model: str) -> None:
    async with client(model) as speaker:
        await speaker.configure(audio=True)
        await speaker.say(SILENCE + tone(HELLO, 1.6) + SILENCE)
        done = await speaker.until("response.done")
    pcm = b"".join(base64.b64decode(event["delta"]) for event in speaker.of("response.audio.delta"))
    assert len(pcm) == 6 * 4800  # six words of 100 ms
    tail = [kind for kind in speaker.kinds() if "transcription" not in kind]
    assert tail[-6:] == [
        "response.audio.delta",
        "response.audio_transcript.done",
        "response.audio.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    assert speaker.of("response.audio_transcript.done")[0]["transcript"] == SCRIPT[0].english
    content = done["response"]["output"][0]["content"]
    assert content == [{"type": "audio", "transcript": SCRIPT[0].english}]
    details = done["response"]["usage"]["output_tokens_details"]
    assert details["audio_tokens"] == round(0.6 * 12.5)


async def test_a_turn_ends_with_silence_and_with_nothing_else() -> None:
    async with client() as speaker:
        await speaker.configure()
        await speaker.say(SILENCE + tone(HELLO, 1.6))
        await speaker.until("response.text.text")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(speaker.until("response.done"), 0.3)
        assert "input_audio_buffer.speech_stopped" not in speaker.kinds()


@pytest.mark.parametrize(("model", "sums"), [(THREE, False), (THREE_FIVE, True)])
async def test_usage_counts_per_response_or_since_the_sessions_begin(
    model: str, *, sums: bool
) -> None:
    async with client(model) as speaker:
        await speaker.configure()
        for _ in range(2):
            await speaker.say(SILENCE + tone(BYE, 1.0) + SILENCE)
            await speaker.until("response.done")
    first, second = (event["response"]["usage"] for event in speaker.of("response.done"))
    assert first["total_tokens"] == first["input_tokens"] + first["output_tokens"]
    assert first["input_tokens_details"]["audio_tokens"] > 0
    assert (second["total_tokens"] > first["total_tokens"] * 1.8) is sums


async def test_all_identifiers_differ() -> None:
    async with client() as speaker:
        await speaker.configure()
        for pitch in (HELLO, BYE):
            await speaker.say(SILENCE + tone(pitch, 1.0) + SILENCE)
            await speaker.until("response.done")
    events = [event["event_id"] for event in speaker.seen]
    assert len(set(events)) == len(events)
    assert len({event["response"]["id"] for event in speaker.of("response.created")}) == 2


async def test_session_finish_flushes_the_speech_and_leaves_the_socket_open() -> None:
    async with client() as speaker:
        await speaker.configure()
        await speaker.say(SILENCE + tone(HELLO, 1.6))
        await speaker.send("session.finish")
        await speaker.until("session.finished")
        assert speaker.of("response.text.done")[0]["text"] == SCRIPT[0].english
        assert speaker.kinds()[-2] == "response.done"
        await speaker.say(tone(HELLO, 1.0))  # ignored
        await speaker.send("nonsense")
        await speaker.until("error")
        assert not speaker.socket.closed


async def test_a_health_route_answers_and_a_missing_key_is_401() -> None:
    async with (
        EngineServer(EngineConfig(), made_of=scripted(SCRIPT)) as engine,
        aiohttp.ClientSession() as http,
    ):
        base = engine.url.replace("ws://", "http://").split("/api-ws")[0]
        async with http.get(f"{base}/health") as answer:
            assert (await answer.json())["status"] == "ok"
        for headers in ({}, {"Authorization": "Bearer "}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await http.ws_connect(f"{engine.url}?model={THREE}", headers=headers)
            assert refused.value.status == 401


async def test_an_unknown_model_gets_an_error_and_is_hung_up_on() -> None:
    async with client("qwen9-livetranslate") as speaker:
        assert (await speaker.closed())[0] == 1007
        assert speaker.seen[0]["error"]["code"] == "ModelNotFound"


async def test_more_sessions_than_allowed_are_refused_as_the_service_does() -> None:
    async with client(config=EngineConfig(max_sessions=0)) as speaker:
        assert (await speaker.closed())[0] == 1011
        assert "thread pool exhausted" in speaker.seen[0]["error"]["message"]


async def test_a_taken_port_is_an_error_that_names_it() -> None:
    async with EngineServer(EngineConfig(), made_of=scripted(SCRIPT)) as engine:
        second = EngineServer(EngineConfig(port=engine.port), made_of=scripted(SCRIPT))
        with pytest.raises(EngineError, match=str(engine.port)):
            await second.__aenter__()
