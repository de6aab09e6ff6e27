"""The official SDK against the engine, as the bot's own conversations use it."""

import asyncio
import base64
import json
import threading
from typing import Any

from dashscope.audio.qwen_omni import MultiModality, OmniRealtimeConversation
from dashscope.audio.qwen_omni.omni_realtime import OmniRealtimeCallback, TranslationParams

from bot.engine.config import EngineConfig
from bot.engine.scripted import scripted, tone
from bot.engine.server import EngineServer
from tests.integration.engine.engine_client import HELLO, SCRIPT, SILENCE, THREE_EIGHT, THREE_FIVE


class Heard(OmniRealtimeCallback):
    """Keeps events, and lets a thread wait for a kind of them."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self._news = threading.Condition()

    def on_event(self, message: Any) -> None:
        with self._news:
            self.events.append(message)
            self._news.notify_all()

    def wait(self, kind: str) -> None:
        with self._news:
            found = self._news.wait_for(
                lambda: any(event["type"] == kind for event in self.events), timeout=10
            )
        assert found, f"no {kind} among {[event['type'] for event in self.events]}"

    def joined(self, kind: str, key: str) -> str:
        return "".join(event[key] for event in self.events if event["type"] == kind)


def append(conversation: Any, pcm: bytes) -> None:
    for start in range(0, len(pcm), 3200):
        conversation.append_audio(base64.b64encode(pcm[start : start + 3200]).decode())


def talk(url: str, model: str) -> Heard:
    heard = Heard()
    conversation = OmniRealtimeConversation(
        model=model, callback=heard, url=url, api_key="any key opens it"
    )
    conversation.connect()
    try:
        if model == THREE_EIGHT:
            update = {
                "type": "session.update",
                "session": {
                    "output_modalities": ["text", "audio"],
                    "translation": {"language": "en"},
                },
            }
            conversation.send_raw(json.dumps(update))
        else:
            conversation.update_session(
                output_modalities=[MultiModality.TEXT, MultiModality.AUDIO],
                input_audio_transcription_model="qwen3-asr-flash-realtime",
                translation_params=TranslationParams(
                    language="en", corpus=TranslationParams.Corpus(phrases={"hola": "hi"})
                ),
            )
        heard.wait("session.updated")
        append(conversation, SILENCE + tone(HELLO, 1.6) + SILENCE * 2)
        heard.wait("response.done")
        append(conversation, tone(HELLO, 1.6))
        conversation.end_session(timeout=10)
        created = heard.events[0]["session"]["id"]
        assert conversation.get_session_id() == created
        assert str(conversation.get_last_response_id()).startswith("resp_")
    finally:
        conversation.close()
        # The SDK reads with a timeout of 10 s, and sees only then that it closed the socket itself.
        conversation.thread.join(20)
    assert not conversation.thread.is_alive()
    return heard


async def test_the_official_sdk_holds_a_whole_conversation_in_either_dialect() -> None:
    async with EngineServer(EngineConfig(), made_of=scripted(SCRIPT)) as engine:
        both = await asyncio.gather(
            *(asyncio.to_thread(talk, engine.url, model) for model in (THREE_FIVE, THREE_EIGHT))
        )
    for heard in both:
        done = [event for event in heard.events if event["type"] == "response.done"]
        assert [event["response"]["status"] for event in done] == ["completed", "completed"]
        said = heard.joined("response.audio_transcript.done", "transcript")
        assert said == str(SCRIPT[0].english) * 2
        assert heard.joined("response.audio.delta", "delta")
        assert heard.events[-1]["type"] == "session.finished"
