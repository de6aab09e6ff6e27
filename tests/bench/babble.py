"""A service that talks all the time: what 50 conversations hear from it, and when it hears them.

It reads no JSON while it runs, so that the machine is left to the process that is measured.
"""

import asyncio
import base64
import functools
import itertools
import json
import random
import re
import time
from multiprocessing.connection import Connection
from typing import Any

from aiohttp import web

from bot.tasks import TaskOwner

PATH = "/api-ws/v1/realtime"
CHUNK_S = 0.1
VOICE = 4_800  # bytes: 100 ms at 24 kHz
ROUND = 30  # chunks: a response of 3 s
_APPEND = '"input_audio_buffer.append"'
_INTERIM = 4  # chunks from one interim text to the next


_NAME = re.compile(r"conversation (\d+)")


def name_of(settings: str) -> str:
    """Whose settings these are: the glossary says it, as all share one account."""
    found = _NAME.search(settings)
    assert found is not None
    return found[1]


def start_of(index: int) -> float:
    """When a conversation's next 100 ms begin: all are spread evenly, and alike in each process."""
    now = time.monotonic()
    offset = index * CHUNK_S * 0.618 % CHUNK_S
    return now + (offset - now) % CHUNK_S


@functools.cache
def script(turn: int, *, nested: bool) -> list[list[str]]:
    """The messages of a response, by the chunk they follow: voice, and about 4 texts a second."""
    chance = random.Random(turn)
    numbers = itertools.count(1)

    def message(kind: str, **fields: Any) -> str:
        return json.dumps({"event_id": f"event_{next(numbers):032x}", "type": kind, **fields})

    response = f"resp_{turn}"
    ids = {
        "response_id": response,
        "item_id": f"item_{turn}",
        "output_index": 0,
        "content_index": 0,
    }
    source = "conversation.item.input_audio_transcription"
    item = {"item_id": f"item_asr_{turn}", "content_index": 0}
    text = ""
    chunks: list[list[str]] = []
    for number in range(ROUND):
        voice = base64.b64encode(chance.randbytes(VOICE)).decode()
        chunk = [message("response.audio.delta", delta=voice, **ids)]
        if number % _INTERIM == _INTERIM - 1:
            fresh = " and some more words"
            if nested:
                chunk.append(message("response.audio_transcript.delta", delta=fresh, **ids))
            else:
                chunk.append(
                    message("response.audio_transcript.text", text=text, stash=fresh, **ids)
                )
            text += fresh
        chunks.append(chunk)
    chunks[0][:0] = [
        message("input_audio_buffer.speech_started", audio_start_ms=(turn - 1) * ROUND * 100),
        message("response.created", response={"id": response}),
    ]
    usage = {"input_tokens": 20, "output_tokens": 30}
    chunks[-1] += [
        message("response.audio_transcript.done", transcript=text, **ids),
        message("response.audio.done", **ids),
        message("input_audio_buffer.speech_stopped", audio_end_ms=turn * ROUND * 100 - 500),
        message(f"{source}.completed", transcript="words", language="es", **item),
        message("response.done", response={"id": response, "usage": usage}),
    ]
    return chunks


def serve(port: int, pipe: Connection) -> None:
    """Serve until the pipe speaks; then send the times at which each conversation's audio came."""
    asyncio.run(_Babble().serve(port, pipe))


class _Babble:
    def __init__(self) -> None:
        self._came: dict[str, list[float]] = {}
        self._tasks = TaskOwner("babble")

    async def serve(self, port: int, pipe: Connection) -> None:
        app = web.Application()
        app.router.add_get(PATH, self._converse)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=256).start()
        pipe.send("ready")
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        pipe.send(self._came)
        await self._tasks.close()
        await runner.cleanup()

    async def _converse(self, request: web.Request) -> web.WebSocketResponse:
        came: list[float] = []
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await socket.send_str('{"type":"session.created","session":{"id":"sess_1"}}')
        talk = None
        async for message in socket:
            at = time.monotonic()
            if _APPEND in message.data[:200]:
                if not came:  # in the measured time what comes is taken for what came first
                    assert len(base64.b64decode(json.loads(message.data)["audio"])) == 3_200
                came.append(at)
            elif '"session.update"' in message.data[:200]:
                name = name_of(message.data)
                self._came[name] = came
                await socket.send_str('{"type":"session.updated"}')
                nested = "output_modalities" in message.data
                talk = self._tasks.start(_talk(socket, int(name), nested=nested), name)
            elif '"session.finish"' in message.data[:200]:
                await socket.send_str('{"type":"session.finished"}')
        if talk is not None:
            talk.cancel()
        return socket


async def _talk(socket: web.WebSocketResponse, index: int, *, nested: bool) -> None:
    due = start_of(index) + CHUNK_S / 2
    for turn in itertools.count(1):
        for chunk in script(turn, nested=nested):
            await asyncio.sleep(due - time.monotonic())
            due += CHUNK_S
            for message in chunk:
                if socket.closed:
                    return
                await socket.send_str(message)
