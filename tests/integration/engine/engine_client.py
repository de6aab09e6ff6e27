"""A client of the engine on a raw websocket, and a script for the engine to follow."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.engine.config import EngineConfig
from bot.engine.scripted import ScriptedLine, scripted
from bot.engine.server import EngineServer

THREE = "qwen3-livetranslate-flash-realtime"
THREE_FIVE = "qwen3.5-livetranslate-flash-realtime"
THREE_EIGHT = "qwen3.8-livetranslate-flash-realtime"
MODELS = (THREE, THREE_FIVE, THREE_EIGHT)

SCRIPT = (
    ScriptedLine(400, "hola a todos los que estan aqui", english="hello to everyone who is here"),
    ScriptedLine(800, "", english=None),
    ScriptedLine(1200, "eso rompe la maquina", english="that breaks it", fault="it broke"),
    ScriptedLine(2000, "adios", english="goodbye"),
)
HELLO, NOTHING, BROKEN, BYE = (line.pitch for line in SCRIPT)
SILENCE = bytes(32_000)


@dataclass
class Client:
    """Sends what a client sends, and keeps all that the engine says."""

    socket: aiohttp.ClientWebSocketResponse
    model: str
    seen: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, kind: str, **values: Any) -> None:
        await self.socket.send_json({"event_id": "event_x", "type": kind, **values})

    async def say(self, pcm: bytes) -> None:
        for start in range(0, len(pcm), 3200):
            audio = base64.b64encode(pcm[start : start + 3200]).decode()
            await self.send("input_audio_buffer.append", audio=audio)

    async def until(self, kind: str) -> dict[str, Any]:
        while True:
            message = await self.socket.receive(timeout=10)
            assert message.type is aiohttp.WSMsgType.TEXT, f"{message} before {kind}"
            event: dict[str, Any] = json.loads(message.data)
            self.seen.append(event)
            if event["type"] == kind:
                return event

    async def closed(self) -> tuple[int | None, str]:
        while (message := await self.socket.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
            self.seen.append(json.loads(message.data))
        return self.socket.close_code, str(message.extra or "")

    async def configure(self, *, audio: bool = False, target: str = "en", **more: Any) -> None:
        await self.send(
            "session.update", session=settings(self.model, audio=audio, target=target) | more
        )
        await self.until("session.updated")

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.seen]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.seen if event["type"] == kind]


def settings(model: str, *, audio: bool, target: str, silence: int = 400) -> dict[str, Any]:
    modalities = ["text", "audio"] if audio else ["text"]
    detection = {"type": "server_vad", "threshold": 0.2, "silence_duration_ms": silence}
    if model == THREE_EIGHT:
        return {
            "output_modalities": modalities,
            "audio": {"input": {"turn_detection": detection}},
            "translation": {"language": target},
        }
    return {
        "modalities": modalities,
        "turn_detection": detection,
        "input_audio_transcription": {"model": "qwen3-asr-flash-realtime"},
        "translation": {"language": target},
    }


@asynccontextmanager
async def client(
    model: str = THREE_FIVE, config: EngineConfig | None = None
) -> AsyncIterator[Client]:
    async with (
        EngineServer(config or EngineConfig(), made_of=scripted(SCRIPT)) as engine,
        aiohttp.ClientSession() as http,
        http.ws_connect(
            f"{engine.url}?model={model}", headers={"Authorization": "Bearer any"}
        ) as socket,
    ):
        yield Client(socket, model)
