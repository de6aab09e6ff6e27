"""What 50 conversations cost, both ways at the pace of speech, beside a bare aiohttp client.

The measured process only converses; the service is another. Each conversation sends 100 ms of
speech each 100 ms and hears as much voice, and about 4 texts a second. Ours is the bot's own way:
`LiveTranslate` over the official SDK, events as the room gets them. The client beside it does the
least that can be done with the same messages: JSON and base64, no more.

Lateness is counted at the service: when a chunk came, beyond when it was due to be sent.
"""

import asyncio
import base64
import json
import os
import socket
import time
import uuid
from functools import partial
from multiprocessing.connection import Connection
from typing import NamedTuple

import aiohttp

from bot.clock import LoopClock
from bot.domain.events import ConversationEvent, ConversationRequest, Failed, Final, Partial, Voice
from tests.bench import babble
from tests.bench.babble import CHUNK_S, VOICE
from tests.bench.measure import Child, cpu_s, settle
from tests.support.live_translate import live_translate

CONVERSATIONS = 50
_WARM_UP_S = 2.5
_MODELS = ("qwen3-livetranslate-flash-realtime", "qwen3.8-livetranslate-flash-realtime")
_SPEECH = os.urandom(3_200)


class Result(NamedTuple):
    """What one run found.

    Attributes:
        load: CPU seconds per second.
        lateness_ms: Of every chunk sent.
    """

    load: float
    lateness_ms: list[float]


class _Heard:
    """Counts what one conversation was told."""

    def __init__(self) -> None:
        self.voice = 0  # bytes
        self.text = ""
        self.failures = 0

    def told(self, event: ConversationEvent) -> None:
        """As the room is."""
        if isinstance(event, Voice):
            self.voice += len(event.pcm)
        elif isinstance(event, Partial | Final):
            self.text = event.text
        elif isinstance(event, Failed):
            self.failures += 1

    def read(self, message: str) -> str:
        """As a bare client does; returns the message's type."""
        event = json.loads(message)
        kind: str = event["type"]
        if kind == "response.audio.delta":
            self.voice += len(base64.b64decode(event["delta"]))
        elif "delta" in event:
            self.text += event["delta"]
        elif "stash" in event:
            self.text = event["text"] + event["stash"]
        return kind


class _Window:
    """The measured time: after a warm-up, for so long."""

    def __init__(self, lasting_s: float) -> None:
        self.begins = time.monotonic() + _WARM_UP_S
        self.ends = self.begins + lasting_s
        self.due: dict[str, list[float]] = {}

    def dues(self, index: int) -> list[float]:
        """When to send the chunks of a conversation."""
        first = babble.start_of(index)
        count = int((self.ends - first) / CHUNK_S)
        self.due[str(index)] = [first + number * CHUNK_S for number in range(count)]
        return self.due[str(index)]


async def _ours(port: int, heard: list[_Heard], window: _Window) -> None:
    interpreters = [
        live_translate(
            url=f"ws://127.0.0.1:{port}{babble.PATH}",
            api_key="sk-bench",
            model=model,
            clock=LoopClock(),
            connects_per_minute=100_000,
            open_conversations=CONVERSATIONS,
            tokens_per_minute=10_000_000,
        )
        for model in _MODELS
    ]

    async def talk(index: int) -> None:
        request = ConversationRequest(
            speaker_id=index,
            target="en",
            spoken=True,
            guild_id=index,
            glossary={f"conversation {index}": "conversation"},
        )
        conversation = interpreters[index % 2].converse(request, heard[index].told)
        for due in window.dues(index):
            await asyncio.sleep(due - time.monotonic())
            conversation.feed(_SPEECH)
        await asyncio.sleep(window.ends - time.monotonic())
        await conversation.close()

    await asyncio.gather(*(talk(index) for index in range(CONVERSATIONS)))
    await asyncio.gather(*(interpreter.close() for interpreter in interpreters))


async def _bare(port: int, heard: list[_Heard], window: _Window) -> None:
    async def talk(index: int, session: aiohttp.ClientSession) -> None:
        key = "output_modalities" if index % 2 else "modalities"
        url = f"http://127.0.0.1:{port}{babble.PATH}?model={_MODELS[index % 2]}"
        headers = {"Authorization": "Bearer sk-bench"}
        async with session.ws_connect(url, headers=headers) as ws:
            session_settings = {key: [], "phrases": f"conversation {index}"}
            await ws.send_str(json.dumps({"type": "session.update", "session": session_settings}))
            async with asyncio.TaskGroup() as both:
                both.create_task(speak(index, ws), name=f"speak {index}")
                both.create_task(listen(index, ws), name=f"listen {index}")

    async def speak(index: int, ws: aiohttp.ClientWebSocketResponse) -> None:
        for due in window.dues(index):
            await asyncio.sleep(due - time.monotonic())
            event = {
                "event_id": f"event_{uuid.uuid4().hex}",
                "type": "input_audio_buffer.append",
                "audio": base64.b64encode(_SPEECH).decode("ascii"),
            }
            await ws.send_str(json.dumps(event))
        await asyncio.sleep(window.ends - time.monotonic())
        await ws.send_str(json.dumps({"type": "session.finish"}))

    async def listen(index: int, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            if heard[index].read(message.data) == "session.finished":
                return

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(talk(index, session) for index in range(CONVERSATIONS)))


_WAYS = {"parley": _ours, "aiohttp": _bare}


def _client(way: str, port: int, lasting_s: float, pipe: Connection) -> None:
    asyncio.run(_measured(way, port, lasting_s, pipe))


async def _measured(way: str, port: int, lasting_s: float, pipe: Connection) -> None:
    settle()
    window = _Window(lasting_s)
    heard = [_Heard() for _ in range(CONVERSATIONS)]
    costs: list[float] = []
    voice: list[int] = []

    def look() -> None:
        costs.append(cpu_s())
        voice.append(min(each.voice for each in heard))

    loop = asyncio.get_running_loop()
    loop.call_at(window.begins, look)
    loop.call_at(window.ends - CHUNK_S, look)
    await _WAYS[way](port, heard, window)
    took_s = window.ends - window.begins - CHUNK_S
    if voice[1] - voice[0] < (took_s / CHUNK_S - 5) * VOICE or not all(h.text for h in heard):
        raise RuntimeError("Not all that was said was heard: the figures would be of less work.")
    if any(each.failures for each in heard):
        raise RuntimeError("A conversation failed.")
    pipe.send(((costs[1] - costs[0]) / took_s, window.begins, window.due))


def conversed(way: str, lasting_s: float) -> Result:
    """Converse for a while, in processes of their own. `way` is "parley" or "aiohttp"."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = Child(partial(babble.serve, port))
    try:
        service.result()
        client = Child(partial(_client, way, port, lasting_s))
        try:
            result = client.result()
        finally:
            client.end()
        service.pipe.send("end")
        came = service.result()
    finally:
        service.end()
    assert isinstance(result, tuple)
    assert isinstance(came, dict)
    load, begins, due = result
    lateness = []
    for name, dues in due.items():
        if len(came[name]) < len(dues):
            raise RuntimeError("Not all that was sent came.")
        lateness += [
            (at - planned) * 1e3
            for planned, at in zip(dues, came[name], strict=False)
            if planned >= begins
        ]
    return Result(load, lateness)
