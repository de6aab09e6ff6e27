"""A websocket's server end with nothing in between: a test says which bytes go out."""

import asyncio
import base64
import hashlib
import json
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import Any, Self

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
WHOLE = 0x80
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(payload: bytes, first: int = WHOLE | TEXT) -> bytes:
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", first, size) + payload
    if size < 65_536:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def event(kind: str, **fields: Any) -> bytes:
    return frame(json.dumps({"type": kind, **fields}).encode())


def closing(code: int, reason: str = "") -> bytes:
    return frame(struct.pack("!H", code) + reason.encode(), WHOLE | CLOSE)


class Wire:
    """One connection, after the handshake."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, *data: bytes) -> None:
        self.writer.write(b"".join(data))
        await self.writer.drain()

    async def receive(self) -> tuple[int, bytes]:
        """The opcode and the payload of the next frame; masked, as a client's must be."""
        first, second = await self.reader.readexactly(2)
        size = second & 0x7F
        assert second & 0x80
        if size >= 126:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8))
        mask = await self.reader.readexactly(4)
        data = await self.reader.readexactly(size)
        payload = bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))
        if first & 0x0F == CLOSE:
            raise ConnectionError("The client said goodbye.")
        return first & 0x0F, payload

    async def event(self) -> dict[str, Any]:
        """The next text message."""
        while (received := await self.receive())[0] != TEXT:
            pass
        decoded: dict[str, Any] = json.loads(received[1])
        return decoded


class RawService:
    """A server for the time of an `async with`; `script` is run for each connection."""

    def __init__(
        self, script: Callable[[Wire], Awaitable[None]], tls: ssl.SSLContext | None = None
    ) -> None:
        self._script = script
        self._tls = tls
        self.url = ""
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'ws' if self._tls is None else 'wss'}://127.0.0.1:{port}/api-ws/v1/realtime"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            await self._shake_hands(reader, writer)
            await self._script(Wire(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client went
        except asyncio.CancelledError:
            pass  # the test is over; 3.11 reports a cancelled connection as an error
        finally:
            self._serving.discard(task)
            writer.close()

    async def _shake_hands(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        key = next(
            line.split(b":")[1].strip()
            for line in request.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key:")
        )
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())  # noqa: S324 - RFC 6455
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
