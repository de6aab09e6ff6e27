"""The engine on the network: the address of the service, and its health."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from aiohttp import WSCloseCode, web

from bot.clock import Clock, LoopClock
from bot.engine import parts
from bot.engine.catalogue import LiveModel, model_named
from bot.engine.config import EngineConfig
from bot.engine.connection import EngineConnection
from bot.engine.models.interpreter import SpeechInterpreter
from bot.engine.reading import PATH as READING_PATH
from bot.engine.reading import ReadingAloud
from bot.engine.scheduler import Scheduler
from bot.engine.session.response import error_event
from bot.engine.session.session import EngineSession, Workshop
from bot.engine.trace import Trace
from bot.engine.writing import PATH as WRITING_PATH
from bot.engine.writing import Writing, failure
from bot.errors import EngineError
from bot.logs import get_logger

log = get_logger(__name__)

PATH = "/api-ws/v1/realtime"

_MAX_MESSAGE = 4 * 1024 * 1024  # bytes; an image of 500 KB and much sound are below
_EAR_THREADS = 1
_CLOSE_S = 5.0


class EngineServer:
    """A LiveTranslate on this machine: `async with EngineServer(config) as engine: engine.url`.

    Args:
        config: Where it listens and what it is made of.
        made_of: Ready parts instead of those that the config names.
        clock: For the time without speech; the loop's by default.
    """

    def __init__(
        self,
        config: EngineConfig,
        *,
        made_of: parts.Parts | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._config = config
        self._made_of = made_of
        self._clock = clock
        self._connections: set[EngineConnection] = set()
        self._stack = AsyncExitStack()
        self._workshop: Workshop | None = None
        self._writing: Writing | None = None
        self._reading: ReadingAloud | None = None
        self._what = ""
        self.port = config.port

    @property
    def url(self) -> str:
        """The address that takes the place of the service's."""
        return f"ws://{self._config.host}:{self.port}{PATH}"

    async def __aenter__(self) -> Self:
        """Load the models and listen.

        Raises:
            ModelError: Weights or packages are missing.
            EngineError: The port is taken, or the trace can't be written.
        """
        async with AsyncExitStack() as stack:
            made_of = self._made_of
            if made_of is None:
                made_of = await asyncio.to_thread(parts.build, self._config)
            trace = Trace(self._config.trace)
            stack.callback(trace.close)
            scheduler = Scheduler(self._config.workers)
            stack.push_async_callback(scheduler.close)
            ears = ThreadPoolExecutor(_EAR_THREADS, thread_name_prefix="ears")
            stack.callback(ears.shutdown)
            interpreter = SpeechInterpreter(
                made_of.recogniser,
                made_of.translators,
                made_of.synthesiser,
                pivot=self._config.pivot,
            )
            self._workshop = Workshop(
                made_of.detector,
                ears,
                interpreter,
                scheduler,
                self._clock or LoopClock(),
                trace,
                self._config.idle_s,
            )
            self._writing = Writing(interpreter, scheduler)
            self._reading = ReadingAloud(interpreter, scheduler)
            self._what = interpreter.describe()
            await self._listen(stack)
            self._stack = stack.pop_all()
        log.info("local engine", url=self.url, parts=self._what)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all sessions, stop listening and wait for the work that runs."""
        await self._stack.aclose()

    async def _listen(self, stack: AsyncExitStack) -> None:
        app = web.Application()
        app.router.add_get(PATH, self._realtime)
        app.router.add_post(WRITING_PATH, self._text)
        app.router.add_post(READING_PATH, self._voice)
        app.router.add_get("/health", self._health)
        app.on_shutdown.append(self._hang_up)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_S)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, self._config.host, self._config.port)
        try:
            await site.start()
        except (OSError, OverflowError) as error:
            raise EngineError(
                f"The local engine can't listen on port {self._config.port} of "
                f"{self._config.host}: {getattr(error, 'strerror', None) or error}."
            ) from error
        self.port = runner.addresses[0][1]

    async def _health(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {"status": "ok", "sessions": len(self._connections), "engine": self._what}
        )

    async def _text(self, request: web.Request) -> web.Response:
        if self._writing is None:
            raise EngineError("The local engine is not running.")
        return await self._writing.answer(request) if _has_key(request) else _no_key()

    async def _voice(self, request: web.Request) -> web.StreamResponse:
        if self._reading is None:
            raise EngineError("The local engine is not running.")
        return await self._reading.answer(request) if _has_key(request) else _no_key()

    async def _realtime(self, request: web.Request) -> web.StreamResponse:
        if not _has_key(request):
            return _no_key()
        socket = web.WebSocketResponse(max_msg_size=_MAX_MESSAGE, compress=False)
        await socket.prepare(request)
        name = request.query.get("model", "")
        model = model_named(name)
        if model is None:
            await _refuse(socket, "ModelNotFound", f"Model not exist: {name!r}.", 1007)
        elif len(self._connections) >= self._config.max_sessions:
            limit = self._config.max_sessions
            message = f"thread pool exhausted max_workers {limit}"
            await _refuse(socket, "COMMON_ERROR", message, 1011)
        else:
            await self._converse(socket, model)
        return socket

    async def _converse(self, socket: web.WebSocketResponse, model: LiveModel) -> None:
        if self._workshop is None:
            raise EngineError("The local engine is not running.")
        connection = EngineConnection(socket, self._workshop.trace)
        session = EngineSession(model, self._workshop, connection.emit, connection.close_with)
        connection.session_id = session.id
        self._connections.add(connection)
        try:
            await connection.run(session)
        finally:
            self._connections.discard(connection)

    async def _hang_up(self, _app: web.Application) -> None:
        for connection in tuple(self._connections):
            connection.close_with(WSCloseCode.GOING_AWAY, "The engine stops.")


def _has_key(request: web.Request) -> bool:
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "bearer" and bool(key.strip())


def _no_key() -> web.Response:
    return failure(401, "InvalidApiKey", "No API-key provided.")


async def _refuse(socket: web.WebSocketResponse, code: str, message: str, close_code: int) -> None:
    await socket.send_str(json.dumps(error_event(code, message)))
    await socket.close(code=close_code, message=message.encode())


__all__ = ["PATH", "EngineServer"]
