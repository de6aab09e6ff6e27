"""A translation service on loopback that does what a test tells it, over a real websocket.

It "translates" audio made by `spoken`: each 100 ms hold one word as a constant sample value, so the
text it answers says exactly which audio it heard, in which order and how often.
"""

import asyncio
import base64
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Self

from aiohttp import WSMsgType, web

from tests.integration.translation.text_service import TextRoutes

CHUNK = 3_200
SILENT_CHUNKS = 8  # 800 ms end a turn
PATH = "/api-ws/v1/realtime"


def spoken(*words: int) -> bytes:
    """Audio of words, 100 ms each."""
    return b"".join(struct.pack("<h", word) * (CHUNK // 2) for word in words)


class Session:
    """The server's end of one connection."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.model = request.query.get("model", "")
        self.headers = request.headers
        self.settings: dict[str, Any] = {}
        self.updates: list[tuple[int, dict[str, Any]]] = []  # later ones, after how much audio
        self.audio = bytearray()
        self.finished = False
        self._socket = socket
        self._request = request

    @property
    def nested(self) -> bool:
        return self.model.startswith("qwen3.8")

    async def say(self, kind: str, **fields: Any) -> None:
        await self._socket.send_json({"event_id": "event_1", "type": kind, **fields})

    async def say_raw(self, text: str) -> None:
        await self._socket.send_str(text)

    async def say_bare(self, **fields: Any) -> None:
        """A message without a type."""
        await self._socket.send_json(fields)

    async def rest(self) -> None:
        """Read on without an answer until the client goes."""
        async for _ in self.events():
            pass

    async def begin(self, *, after_s: float = 0.0) -> None:
        """Create the session and accept its first update, some time after it came."""
        await self.say("session.created", session={"id": "sess_1", "model": self.model})
        event = await anext(self.events())
        assert event["type"] == "session.update"
        self.settings = event["session"]
        await asyncio.sleep(after_s)
        await self.say("session.updated", session=self.settings)

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """What the client sends; audio is collected."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                return
            event = json.loads(message.data)
            if event["type"] == "input_audio_buffer.append":
                self.audio += base64.b64decode(event["audio"])
            elif event["type"] == "session.finish":
                self.finished = True
            elif event["type"] == "session.update" and self.settings:
                self.updates.append((len(self.audio), event["session"]))
                await self.say("session.updated", session=event["session"])
            yield event

    async def chunks(self) -> AsyncIterator[bytes]:
        """The audio in 100 ms, until the client finishes or goes."""
        read = 0
        async for _ in self.events():
            while len(self.audio) - read >= CHUNK:
                yield bytes(self.audio[read : read + CHUNK])
                read += CHUNK
            if self.finished:
                return

    async def end(self, code: int, reason: str) -> None:
        await self._socket.close(code=code, message=reason.encode())

    def reset(self) -> None:
        """Drop the connection without a word."""
        if self._request.transport is not None:  # None: the client went before
            self._request.transport.abort()

    def freeze(self) -> None:
        """Stop reading and answering, with the connection left open."""
        assert isinstance(self._request.transport, asyncio.Transport)
        self._request.transport.pause_reading()


Script = Callable[[Session], Awaitable[None]]


class Service:
    """A server for the time of an `async with`.

    Args:
        scripts: What each connection in turn is served with; the last serves all further ones.
        refuse: HTTP status for every handshake, or 0.
        refusal: Body of that answer.
        handshake_s: How long a handshake takes; of several, each is one connection's in turn, and
            the last all further ones'.
        port: Where to listen; 0 takes a free one.
        texts: Answers text requests under the same address.
    """

    def __init__(
        self,
        *scripts: Script,
        refuse: int = 0,
        refusal: str = "",
        handshake_s: float | Sequence[float] = 0.0,
        port: int = 0,
        texts: TextRoutes | None = None,
    ) -> None:
        self.sessions: list[Session] = []
        self.handshakes = 0
        self.handshake_began = asyncio.Event()
        self._shaken = asyncio.Condition()
        self._down = False
        self.url = ""
        self._scripts = list(scripts)
        self._refuse = refuse
        self._refusal = refusal
        self._handshakes_s = (
            [handshake_s] if isinstance(handshake_s, int | float) else [*handshake_s]
        )
        self._port = port
        self._texts = texts

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get(PATH, self._serve)
        if self._texts is not None:
            self._texts.add_to(app)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"ws://127.0.0.1:{port}{PATH}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def shaken_hands(self, times: int) -> None:
        """Wait until so many connections were tried."""
        async with asyncio.timeout(30), self._shaken:
            await self._shaken.wait_for(lambda: self.handshakes >= times)

    async def crash(self, down_s: float) -> None:
        """Drop every connection without a word, and each new one for a while."""
        self._down = True
        for session in self.sessions:
            session.reset()
        await asyncio.sleep(down_s)
        self._down = False

    def refuse(self, status: int, body: str = "") -> None:
        """Refuse every new connection from now on; those that are open live on."""
        self._refuse, self._refusal = status, body

    def accept(self) -> None:
        """Refuse no more."""
        self._refuse = 0

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.handshakes += 1
        self.handshake_began.set()
        async with self._shaken:
            self._shaken.notify_all()
        script = self._scripts[min(self.handshakes, len(self._scripts)) - 1]
        await asyncio.sleep(self._handshakes_s[min(self.handshakes, len(self._handshakes_s)) - 1])
        if self._down:
            assert request.transport is not None
            request.transport.abort()
        if self._refuse:
            return web.Response(status=self._refuse, text=self._refusal)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        session = Session(request, socket)
        self.sessions.append(session)
        await script(session)
        return socket


async def listen(session: Session, *, begun: bool = False) -> None:
    """Accept audio, never answer."""
    if not begun:
        await session.begin()
    async for _ in session.chunks():
        pass
    if session.finished:
        await session.say("session.finished")


async def translate(
    session: Session, stop_after: int | None = None, sentences: int | None = None
) -> None:
    """Answer as the service does; after so many chunks or whole sentences just return."""
    await session.begin()
    await answer(session, stop_after, sentences)


async def answer(
    session: Session, stop_after: int | None = None, sentences: int | None = None
) -> None:
    """Answer in a session that has begun."""
    utterance: Utterance | None = None
    quiet = count = spoken_of = 0
    async for chunk in session.chunks():
        word = struct.unpack_from("<h", chunk)[0]
        quiet = 0 if word else quiet + 1
        if word and utterance is None:
            utterance = Utterance(session, count * 100)
            await utterance.begin()
        if word and utterance is not None:
            await utterance.add(word)
        count += 1
        if stop_after is not None and count >= stop_after:
            return
        if utterance is not None and quiet == SILENT_CHUNKS:
            await utterance.end(count * 100)
            utterance = None
            spoken_of += 1
            if spoken_of == sentences:
                return
    if utterance is not None:
        await utterance.end(count * 100)
    if session.finished:
        await session.say("session.finished")
        async for _ in session.events():
            pass


class Utterance:
    """One spoken sentence being translated, in the session's dialect."""

    _count = 0

    def __init__(self, session: Session, at_ms: int) -> None:
        Utterance._count += 1
        self._session = session
        self._at_ms = at_ms
        self._words: list[str] = []
        self._item = f"item_asr_{Utterance._count}"
        self._ids = {
            "response_id": f"resp_{Utterance._count}",
            "item_id": f"item_{Utterance._count}",
            "output_index": 0,
            "content_index": 0,
        }
        key = "output_modalities" if session.nested else "modalities"
        self._spoken = "audio" in session.settings[key]
        self._channel = "response.audio_transcript" if self._spoken else "response.text"

    async def begin(self) -> None:
        item = {"item_id": self._item} if self._session.nested else {}
        await self._session.say(
            "input_audio_buffer.speech_started", audio_start_ms=self._at_ms, **item
        )
        await self._session.say("response.created", response={"id": self._ids["response_id"]})

    async def add(self, word: int) -> None:
        self._words.append(str(word))
        if self._session.nested:
            text = self._words[-1] if len(self._words) == 1 else f" {self._words[-1]}"
            await self._session.say(f"{self._channel}.delta", delta=text, **self._ids)
        else:
            done, stash = " ".join(self._words[:-1]), f" {self._words[-1]}"
            await self._session.say(f"{self._channel}.text", text=done, stash=stash, **self._ids)
        if self._spoken:
            voice = base64.b64encode(struct.pack("<h", word) * 1200).decode()
            await self._session.say("response.audio.delta", delta=voice, **self._ids)

    async def end(self, at_ms: int) -> None:
        text = " ".join(self._words)
        field = "transcript" if self._spoken else "text"
        await self._session.say(f"{self._channel}.done", **self._ids, **{field: text})
        if self._spoken:
            await self._session.say("response.audio.done", **self._ids)
        await self._session.say("input_audio_buffer.speech_stopped", audio_end_ms=at_ms)
        source = "conversation.item.input_audio_transcription"
        item = {"item_id": self._item, "content_index": 0}
        await self._session.say(
            f"{source}.completed", transcript=f"source {text}", language="es", **item
        )
        usage = {"input_tokens": len(self._words), "output_tokens": 2 * len(self._words)}
        await self._session.say(
            "response.done",
            response={"id": self._ids["response_id"], "status": "completed", "usage": usage},
        )
