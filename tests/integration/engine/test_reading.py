"""The engine's voice call: the real client and the engine talk, and what each does with trouble."""

import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot.domain.events import Usage
from bot.engine.config import EngineConfig
from bot.engine.reading import PATH
from bot.engine.scripted import scripted
from bot.engine.server import EngineServer
from bot.translation.ports import Endpoint
from bot.translation.protocol import faults
from bot.translation.protocol.faults import Fault
from bot.translation.tts.qwen_tts import (
    NO_TTS_MODEL,
    SPEECH_REFUSED,
    SPEECH_UNREADABLE,
    QwenTts,
)
from tests.integration.engine.engine_client import SCRIPT

WORD = 4_800  # bytes of the engine's tone: 100 ms at 24 kHz


async def read(
    url: str,
    *,
    text: str = "some words of it",
    language: str = "en",
    model: str = "qwen3-tts-flash",
) -> tuple[bytes, int, Fault | None]:
    """The voice, the characters that were charged, and the fault."""
    pcm, characters = bytearray(), 0

    def said(what: bytes | Usage) -> None:
        nonlocal pcm, characters
        if isinstance(what, bytes):
            assert len(what) % 2 == 0
            pcm += what
        else:
            characters += what.voice_characters

    client = QwenTts(Endpoint(url, "key", model))
    try:
        fault = await client.send(text, language, "Cherry", said)
    finally:
        await client.close()
    return bytes(pcm), characters, fault


async def test_the_engine_reads_a_text_aloud_to_the_client() -> None:
    async with EngineServer(EngineConfig(), made_of=scripted(SCRIPT)) as engine:
        pcm, characters, fault = await read(engine.url)
        assert (len(pcm), characters, fault) == (4 * WORD, 16, None)
        assert len(set(pcm)) > 100, "it is a tone, not silence"
        assert (await read(engine.url, model="qwen3-max"))[1:] == (0, NO_TTS_MODEL)
        assert (await read(engine.url, language="ko"))[1:] == (0, faults.FAILED)


@asynccontextmanager
async def service(
    *pieces: bytes, status: int = 200, kind: str = "text/event-stream"
) -> AsyncIterator[str]:
    """A service that answers this, whatever it is asked."""

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.headers["Authorization"] == "Bearer key"
        assert (await request.json())["input"]["language_type"] == "English"
        response = web.StreamResponse(status=status, headers={"Content-Type": kind})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        return response

    app = web.Application()
    app.router.add_post(PATH, answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/api-ws/v1/realtime"
    finally:
        await runner.cleanup()


def event(data: bytes = b"", *, stop: bool = False, **more: Any) -> bytes:
    audio = {"data": base64.b64encode(data).decode()}
    output = {"finish_reason": "stop" if stop else None, "audio": audio}
    return b"data:" + json.dumps({"output": output, **more}).encode() + b"\n\n"


REFUSED = b'data:{"code":"InvalidParameter","message":"Invalid voice specified."}\n\n'


@pytest.mark.parametrize(
    ("pieces", "voice", "characters", "fault"),
    [
        ([event(b"abc"), event(b"d"), event(stop=True)], b"abcd", 16, None),
        ([event(b"RIFF" + bytes(40) + b"ab"), event(stop=True)], b"ab", 16, None),
        ([event(b"ab", usage={"characters": 20}), event(stop=True)], b"ab", 20, None),
        ([event(b"ab")], b"ab", 16, faults.LOST),
        ([event(stop=True)], b"", 16, SPEECH_UNREADABLE),
        ([b"data:{not json}\n\n"], b"", 16, SPEECH_UNREADABLE),
        (
            [event(b"ab"), b'data:{"output":{"audio":{"data":"?"}}}\n\n'],
            b"ab",
            16,
            SPEECH_UNREADABLE,
        ),
        ([REFUSED], b"", 0, faults.BAD_VOICE),
        ([event(b"ab"), b'data:{"code":"Throttling"}\n\n'], b"ab", 16, faults.RATE_LIMITED),
    ],
)
async def test_an_answer_is_read_as_far_as_it_makes_sense(
    pieces: Sequence[bytes], voice: bytes, characters: int, fault: Fault | None
) -> None:
    async with service(*pieces) as url:
        assert await read(url) == (voice, characters, fault)


@pytest.mark.parametrize(
    ("status", "code", "message", "fault"),
    [
        (401, "InvalidApiKey", "Invalid API-key provided.", faults.BAD_KEY),
        (404, "ModelNotFound", "Model not exist.", NO_TTS_MODEL),
        (400, "InvalidParameter", "Invalid voice specified.", faults.BAD_VOICE),
        (400, "InvalidParameter", "The text is too long.", SPEECH_REFUSED),
        (403, "Arrearage", "Access denied, the account is in arrears.", faults.NO_CREDIT),
        (429, "Throttling.RateQuota", "Requests rate limit exceeded", faults.RATE_LIMITED),
        (503, "", "", faults.OVERLOADED),
    ],
)
async def test_a_refusal_is_known_for_what_it_is(
    status: int, code: str, message: str, fault: Fault
) -> None:
    body = json.dumps({"code": code, "message": message}).encode()
    async with service(body, status=status, kind="application/json") as url:
        assert await read(url) == (b"", 0, fault)


async def test_a_voice_without_end_is_cut() -> None:
    second = event(bytes(2 * 24_000))
    async with service(*[second] * 40, event(stop=True)) as url:
        pcm, _, fault = await read(url)
    assert fault is None
    assert len(pcm) == 18 * 2 * 24_000  # 10 s, and half a second for each character


async def test_nobody_there_is_said_as_such() -> None:
    async with service() as url:
        pass
    assert (await read(url))[2] == faults.CONNECTION_REFUSED
