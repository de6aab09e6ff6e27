"""What the SDK takes for its websocket, over aiohttp's.

aiohttp pings and notices when no answer comes. It does not tell whether the server takes what is
sent, nor how much came that makes no message: an `Outlet` is told both by the transport.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from aiohttp import WSCloseCode, WSMsgType

from bot.logs import get_logger
from bot.translation.ports import Watch
from bot.translation.protocol import bounds
from bot.translation.protocol.bounds import MessageRate
from bot.translation.sockets import GOODBYE_S, WebSocket

log = get_logger(__name__)


class Outlet(asyncio.Protocol):
    """A websocket as the SDK wants it: `sock.connected`, `send` and `close`, none of which waits.

    Args:
        ws: The connected websocket.
        watch: Told what comes and goes beside the messages.
    """

    def __init__(self, ws: WebSocket, watch: Watch) -> None:
        self.sock = self  # where the SDK asks whether it is connected
        self._ws = ws
        self._watch = watch
        self._reading = False
        self._over = False
        self._unread = 0  # bytes that made no message yet
        self._loop = asyncio.get_running_loop()
        self._pings = MessageRate(bounds.PINGS_BURST, bounds.PINGS_PER_S)
        inner = ws.transport.get_protocol()
        assert isinstance(inner, asyncio.Protocol)  # noqa: S101 - aiohttp's
        self._inner = inner
        ws.transport.set_protocol(self)

    @property
    def connected(self) -> bool:
        """Whether it can be sent to."""
        return not self._ws.closed

    def send(self, data: str) -> None:
        """Send a message; what the server does not take yet stays in the transport."""
        _begin(self._ws.send_str(data))

    def close(self) -> None:
        """End the reading, and with it the connection, with a goodbye."""
        self._over = True
        if self._reading:
            _begin(self._ws.close())

    def hang_up(self) -> None:
        """End the connection without a word."""
        self._ws.transport.abort()

    async def read(self, digest: Callable[[bytes], bool]) -> tuple[int | None, str | None]:
        """Pass on every message; returns the code and the reason of the server's close, if any.

        Args:
            digest: Takes a message, and says whether it could be read.
        """
        while not self._over:
            self._reading = True
            message = await self._ws.receive()
            self._reading = False
            self._unread = 0
            kind, data = message.type, message.data
            if kind is WSMsgType.TEXT or kind is WSMsgType.BINARY:
                if not self._watch.admits(len(data)):
                    break
                if kind is WSMsgType.BINARY or not digest(data):
                    self._watch.unreadable()
            elif kind is WSMsgType.PING or kind is WSMsgType.PONG:
                if not self._pings.take(self._loop.time()):
                    self._watch.overran()
                    break
                if kind is WSMsgType.PING:
                    _begin(self._ws.pong(data))
            elif kind is WSMsgType.CLOSE:
                return data, message.extra
            else:
                if getattr(data, "code", None) == WSCloseCode.MESSAGE_TOO_BIG:
                    self._watch.overran()
                break
        return None, None

    async def say_goodbye(self) -> None:
        """Do the closing handshake, where there is somebody to do it with. Bounded."""
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_S):
                await self._ws.close()

    def release(self) -> None:
        """Close the socket, whatever was not sent, and give it back to aiohttp."""
        self._ws.transport.abort()
        _begin(self._ws.close())
        self._ws.response.close()  # aiohttp leaves a lost one to the garbage collector

    # Called by the transport; aiohttp's protocol is told the same

    def data_received(self, data: bytes) -> None:
        """Pass bytes on; end the connection when too many come without making a message."""
        self._unread += len(data)
        if self._unread > bounds.BYTES_UNREAD:
            self._watch.overran()
            self.hang_up()
            return
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass on that nothing more comes."""
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        """Report that the server does not take what was sent."""
        self._inner.pause_writing()
        self._watch.congested()

    def resume_writing(self) -> None:
        """Report that the server takes it again."""
        self._inner.resume_writing()
        self._watch.drained()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on that the connection is over."""
        self._inner.connection_lost(exc)


def _begin(step: Coroutine[Any, Any, object]) -> None:
    """Run one of aiohttp's coroutines until it waits: it writes before it waits for draining.

    `pause_writing` tells of that; a task for each message would cost more than to send it.
    """
    try:
        step.send(None)
    except StopIteration:
        return
    except ConnectionError:  # the reading side tells why
        log.debug("written to a connection that is over")
        return
    step.close()
