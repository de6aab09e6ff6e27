"""One client's socket: its messages to the session, the session's events to it."""

import asyncio
import json
from typing import Any

from aiohttp import ClientConnectionError, WSMsgType, web

from bot.engine.session.session import EngineSession
from bot.engine.trace import Trace
from bot.logs import get_logger
from bot.tasks import TaskOwner

log = get_logger(__name__)

MAX_UNSENT = 2000  # events; a client that is so far behind is let go
_MAX_REASON = 123  # bytes that a close frame holds


class EngineConnection:
    """Writes in order, from a bounded queue, so that no client holds up a session.

    A client that does not read until `MAX_UNSENT` events wait is disconnected with 1008.

    Args:
        socket: The open websocket.
        trace: Learns when each event goes out.
    """

    def __init__(self, socket: web.WebSocketResponse, trace: Trace) -> None:
        self._socket = socket
        self._trace = trace
        self._unsent: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(MAX_UNSENT + 1)
        self._closing: tuple[int, str] | None = None
        self.session_id = ""

    def emit(self, event: dict[str, Any]) -> None:
        """Queue an event; without effect once the connection is being closed."""
        if self._closing is not None:
            return
        if self._unsent.qsize() >= MAX_UNSENT:
            log.warning("a client does not read its events; it is disconnected")
            self.close_with(1008, "Too many unread events.")
            return
        self._unsent.put_nowait(event)

    def close_with(self, code: int, reason: str) -> None:
        """Close after what is queued has been written. The first call counts."""
        if self._closing is None:
            self._closing = (code, reason)
            self._unsent.put_nowait(None)

    async def run(self, session: EngineSession) -> None:
        """Serve the client until either side closes."""
        tasks = TaskOwner(session.id)
        writer = tasks.start(self._write(), "writer")
        reader = tasks.start(self._read(session), "reader")
        try:
            session.open()
            await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await session.close()
            await tasks.close()

    async def _read(self, session: EngineSession) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                await session.receive(message.data)
            elif message.type is WSMsgType.BINARY:
                await session.receive("")  # refused as what it is: no JSON

    async def _write(self) -> None:
        try:
            while (event := await self._unsent.get()) is not None:
                self._trace.event(self.session_id, event)
                await self._socket.send_str(json.dumps(event, ensure_ascii=False))
        except (ClientConnectionError, ConnectionError):
            return  # the reader sees the same end
        if self._closing is not None:
            code, reason = self._closing
            await self._socket.close(code=code, message=reason.encode()[:_MAX_REASON])
