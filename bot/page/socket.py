"""One reader's connection."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from aiohttp import web

from bot.logs import get_logger
from bot.page.packets import CloseCode, PageMessage

log = get_logger(__name__)

MOST_WAITING: Final = 64 * 1024  # bytes for a reader whose network is slow
_CLOSED_WITHIN_S: Final = 2.0


class SocketReader:
    """Sends messages without waiting for those who do not read. Implements `feed.Reader`.

    Args:
        socket: The WebSocket, open.
        transport: What it is on.
        member_id: Who reads.
        start: Runs what ends the connection.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport,
        member_id: int,
        start: Callable[[Coroutine[Any, Any, object], str], asyncio.Task[Any]],
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._member_id = member_id
        self._start = start
        self._ended = False
        self._closing: asyncio.Task[Any] | None = None

    @property
    def member_id(self) -> int:
        """Who reads."""
        return self._member_id

    def ready(self) -> bool:
        """Return whether more can be sent without piling up."""
        return not self._gone and self._transport.get_write_buffer_size() <= MOST_WAITING

    def send(self, message: PageMessage) -> None:
        """Send a message, which is written before anything is waited for."""
        if self._gone:
            return
        sending = self._socket.send_frame(message.data, message.kind)
        try:
            sending.send(None)
        except StopIteration:
            return
        except ConnectionError:  # the reading side ends it
            log.debug("written to a page that was closed")
            return
        sending.close()  # it would wait for the reader; `ready` tells how far they are behind

    def end(self, code: CloseCode) -> None:
        """Close the connection, with the reason; cut it, if that is not answered in time."""
        if not self._gone:
            self._closing = self._start(self._socket.close(code=code), f"close page {code.name}")
            asyncio.get_running_loop().call_later(_CLOSED_WITHIN_S, self.drop)
        self._ended = True

    async def closed(self) -> None:
        """Wait until the reason was sent, where `end` has begun to; aiohttp would send another."""
        if self._closing is not None:
            await asyncio.wait({self._closing}, timeout=_CLOSED_WITHIN_S)

    def drop(self) -> None:
        """Cut the connection."""
        self._ended = True
        self._transport.abort()

    @property
    def _gone(self) -> bool:
        return self._ended or self._transport.is_closing()
