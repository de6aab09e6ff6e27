"""The example of the SDK's guide, name by name: by the SDK's own thread, and by our event loop.

Each runs against the scripted service and against the local engine, so that neither drifts from
what the guide says.
"""

import asyncio
import base64
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

import pytest
from dashscope.audio.qwen_omni import (
    MultiModality,
    OmniRealtimeCallback,
    OmniRealtimeConversation,
)
from dashscope.audio.qwen_omni.omni_realtime import TranslationParams

from bot.engine.config import EngineConfig
from bot.engine.scripted import scripted, tone
from bot.engine.server import EngineServer
from bot.translation.connection.sdk import SdkConversation
from bot.translation.sockets import Sockets
from tests.integration.engine.engine_client import HELLO, SCRIPT, SILENCE
from tests.integration.translation.translation_room import nothing_left
from tests.integration.translation.translation_service import Service, spoken, translate

MODEL = "qwen3-livetranslate-flash-realtime"
EVENTS = [
    "open",
    "session.created",
    "session.updated",
    "input_audio_buffer.speech_started",
    "response.audio.delta",
    "response.audio_transcript.done",
    "input_audio_buffer.speech_stopped",
    "response.done",
    "session.finished",
    "close",
]


class MyCallback(OmniRealtimeCallback):
    """The guide's, keeping what that prints."""

    def __init__(self, conversation: OmniRealtimeConversation | None = None) -> None:
        self.conversation = conversation
        self.happened: list[str] = []
        self.translation = ""
        self.audio = b""
        self.session_id = ""
        self.handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "session.created": self._handle_session_created,
            "response.audio_transcript.done": self._handle_translation_done,
            "response.audio.delta": self._handle_audio_delta,
        }

    def on_open(self) -> None:
        self.happened.append("open")

    def on_close(self, close_status_code: int | None, close_msg: str | None) -> None:
        self.happened.append("close")
        self.closed = close_status_code, close_msg

    def on_event(self, message: Any) -> None:
        self.happened.append(message["type"])
        handler = self.handlers.get(message["type"])
        if handler:
            handler(message)

    def _handle_session_created(self, response: dict[str, Any]) -> None:
        self.session_id = response["session"]["id"]

    def _handle_translation_done(self, response: dict[str, Any]) -> None:
        self.translation = response["transcript"]

    def _handle_audio_delta(self, response: dict[str, Any]) -> None:
        self.audio += base64.b64decode(response.get("delta", ""))

    def seen(self) -> list[str]:
        """Each of the guide's events, in the order of their first time."""
        return [kind for kind in dict.fromkeys(self.happened) if kind in EVENTS]


def begin(conversation: OmniRealtimeConversation) -> None:
    """The guide's settings."""
    conversation.update_session(
        output_modalities=[MultiModality.TEXT, MultiModality.AUDIO],
        voice="Cherry",
        input_audio_transcription_model="qwen3-asr-flash-realtime",
        translation_params=TranslationParams(
            language="en",
            corpus=TranslationParams.Corpus(
                phrases={"Inteligencia Artificial": "Artificial Intelligence"}
            ),
        ),
    )


def chunks(speech: bytes) -> Iterator[str]:
    for start in range(0, len(speech), 3_200):
        yield base64.b64encode(speech[start : start + 3_200]).decode()


def by_threads(cls: type[OmniRealtimeConversation], url: str, speech: bytes) -> MyCallback:
    """The guide's example as it stands there; blocks."""
    conversation = cls(model=MODEL, url=url, callback=MyCallback(conversation=None), api_key="sk-1")
    callback = conversation.callback
    assert isinstance(callback, MyCallback)
    callback.conversation = conversation
    conversation.connect()
    try:
        begin(conversation)
        for audio_b64 in chunks(speech):
            conversation.append_audio(audio_b64)
        conversation.end_session(timeout=20)
        check_ids(conversation, callback)
    finally:
        conversation.close()
        conversation.thread.join(20)
    return callback


class Unwatched:
    """Admits everything."""

    def admits(self, size: int) -> bool:
        return size > 0

    def overran(self) -> None: ...

    def unreadable(self) -> None: ...

    def congested(self) -> None: ...

    def drained(self) -> None: ...


async def in_a_thread(call: Callable[[], MyCallback]) -> MyCallback:
    """Await a call that blocks; its thread has ended then."""
    found: Future[MyCallback] = Future()

    def run() -> None:
        try:
            found.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            found.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        return await asyncio.wrap_future(found)
    finally:
        thread.join()


async def by_the_loop(url: str, speech: bytes) -> MyCallback:
    """The same methods and events, with `converse` in the place of `connect`."""
    callback = MyCallback()
    conversation = SdkConversation(model=MODEL, url=url, callback=callback, api_key="sk-1")
    sockets = Sockets()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(conversation.converse(sockets, Unwatched()))
        await until(callback, "session.created")
        begin(conversation)
        for audio_b64 in chunks(speech):
            conversation.append_audio(audio_b64)
        conversation.end_session_async()
        await until(callback, "session.finished")
        check_ids(conversation, callback)
        conversation.close()
    await sockets.close()
    return callback


async def until(callback: MyCallback, kind: str) -> None:
    while kind not in callback.happened:  # noqa: ASYNC110 - the guide's callback has no event
        await asyncio.sleep(0.01)


def check_ids(conversation: OmniRealtimeConversation, callback: MyCallback) -> None:
    assert conversation.get_session_id() == callback.session_id != ""
    assert conversation.get_last_response_id().startswith("resp_")


@contextlib.asynccontextmanager
async def service(name: str) -> AsyncIterator[tuple[str, bytes, str]]:
    """Its address, what to say to it, and what it makes of that."""
    if name == "scripted":
        async with Service(translate) as scripted_service:
            yield scripted_service.url, spoken(1, 2, 3) + bytes(8 * 3_200), "1 2 3"
    else:
        async with EngineServer(EngineConfig(), made_of=scripted(SCRIPT)) as engine:
            speech = SILENCE + tone(HELLO, 1.6) + SILENCE * 2
            yield engine.url, speech, str(SCRIPT[0].english)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "dashscope")


@pytest.mark.parametrize("name", ["scripted", "engine"])
@pytest.mark.parametrize("way", ["the SDK", "ours, by threads", "ours, on the loop"])
async def test_the_guide_s_example_hears_its_events_and_is_translated(name: str, way: str) -> None:
    async with nothing_left(), service(name) as (url, speech, translation):
        if way == "ours, on the loop":
            callback = await by_the_loop(url, speech)
        else:
            cls = OmniRealtimeConversation if way == "the SDK" else SdkConversation
            callback = await in_a_thread(partial(by_threads, cls, url, speech))
    assert sorted(callback.seen()) == sorted(EVENTS)
    assert callback.happened[0] == "open" or way != "ours, on the loop"
    assert callback.happened[-1] == "close"
    assert callback.translation == translation
    assert callback.audio


def test_nothing_of_the_sdk_s_class_is_replaced() -> None:
    added = {name for name in vars(SdkConversation) if not name.startswith("__")}
    assert added == {"converse"}
    assert not hasattr(OmniRealtimeConversation, "converse")
