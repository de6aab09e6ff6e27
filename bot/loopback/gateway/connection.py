"""One client's websocket to the gateway: an ordered way out, compressed if it asked for that."""

import asyncio
import json
import zlib
from typing import Any

from aiohttp import WSCloseCode, web

from bot.loopback.gateway.session import GatewaySession

OUTGOING_LIMIT = 2000
COMMANDS_LIMIT, COMMANDS_PER_S = 120, 60.0


class ZlibStream:
    """Discord's zlib-stream: one zlib context for the connection, a sync flush per message."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj()

    def pack(self, text: str) -> bytes:
        """Return one compressed message; it ends in 00 00 FF FF."""
        packed = self._compressor.compress(text.encode())
        return packed + self._compressor.flush(zlib.Z_SYNC_FLUSH)


class GatewayConnection:
    """Sends in order, from a bounded queue; one that overflows ends the connection.

    Attributes:
        session: Set once it identified or resumed.
        thawed: While it is not set, nothing is read or sent.
        last_heard: Clock seconds of the last heartbeat.
    """

    def __init__(self, socket: web.WebSocketResponse, *, zlib_stream: bool, now: float) -> None:
        self.session: GatewaySession | None = None
        self.thawed = asyncio.Event()
        self.thawed.set()
        self.last_heard = now
        self.ended_by_server = False
        self._socket = socket
        self._stream = ZlibStream() if zlib_stream else None
        self._outgoing: asyncio.Queue[str | tuple[int, str]] = asyncio.Queue(OUTGOING_LIMIT)
        self._commands_at: list[float] = []

    def send(self, op: int, data: Any = None) -> None:
        """Queue a message that is no event."""
        self.send_text(json.dumps({"t": None, "s": None, "op": op, "d": data}))

    def send_text(self, text: str) -> None:
        """Queue a message as it stands."""
        self._put(text)

    def close(self, code: int, reason: str = "") -> None:
        """Queue the closing, behind what is queued."""
        self.ended_by_server = True
        self._put((code, reason))

    def _put(self, item: str | tuple[int, str]) -> None:
        try:
            self._outgoing.put_nowait(item)
        except asyncio.QueueFull:
            # The client reads too slowly to be served; it may resume.
            while not self._outgoing.empty():
                self._outgoing.get_nowait()
            self._outgoing.put_nowait((4000, "Too slow."))

    async def write(self) -> None:
        """Send what is queued, until the closing is sent."""
        while True:
            item = await self._outgoing.get()
            await self.thawed.wait()
            if self._socket.closed:
                return
            if isinstance(item, tuple):
                code, reason = item
                await self._socket.close(code=code, message=reason.encode())
                return
            try:
                if self._stream is None:
                    await self._socket.send_str(item)
                else:
                    await self._socket.send_bytes(self._stream.pack(item))
            except ConnectionResetError:
                return  # the reading side learns of it and ends the connection

    async def abort(self) -> None:
        """Close at once, as a server that goes away."""
        self.ended_by_server = True
        self.thawed.set()
        await self._socket.close(code=WSCloseCode.GOING_AWAY)

    def counts(self, now: float) -> bool:
        """Count a command; False when there were more than 120 within a minute."""
        self._commands_at = [at for at in self._commands_at if now - at < COMMANDS_PER_S]
        self._commands_at.append(now)
        return len(self._commands_at) <= COMMANDS_LIMIT

    @property
    def close_code(self) -> int | None:
        """The code that the connection was closed with."""
        return self._socket.close_code
