"""Opens the websockets of all conversations, by aiohttp: certificates, proxies, refusals, pings."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, Final

import aiohttp

from bot.translation.protocol import bounds, faults
from bot.translation.protocol.faults import Fault
from bot.translation.protocol.unreached import of_connect
from bot.translation.proxies import Proxy, proxy_for

STALL_S: Final = 7.0  # longest wait for a handshake
DEAF_S: Final = 7.0  # without a sign of life for this long, a connection is lost
GOODBYE_S: Final = 1.0  # for the closing handshake
_PING_S: Final = DEAF_S * 2 / 3  # of silence; aiohttp waits half as long again for the answer
_BODY_BYTES: Final = 4_096  # of a refusal
_BODY_S: Final = 1.0
_SWITCHING_PROTOCOLS: Final = 101
_PROXY_REFUSES: Final = 407


class NotConnectedError(Exception):
    """No connection was made.

    Has nothing of aiohttp's own error, which holds the request's headers and so the key.

    Args:
        fault: Why it failed.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.code)
        self.fault = fault


class _HandshakeRefusedError(Exception):
    """The handshake was answered with another HTTP status."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(status)
        self.status = status
        self.body = body


class Sockets:
    """Opens websockets: one aiohttp session for the process."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """The certificates that are trusted: the system's, or those of SSL_CERT_FILE."""
        return ssl.create_default_context()  # takes 40 ms

    def open(self) -> aiohttp.ClientSession:
        """Make the session, where there is none yet; on the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),  # the budget bounds conversations
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(),  # `STALL_S` bounds the whole of a handshake
                raise_for_status=_refuse,
                ws_response_class=WebSocket,  # type: ignore[arg-type] # of either kind of text
            )
        return self._session

    async def close(self) -> None:
        """Close the session and every connection that is left. Idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def connect(self, url: str, headers: Mapping[str, str]) -> "WebSocket":
        """Open a websocket and return it.

        Raises:
            NotConnectedError: It could not be.
        """
        proxy = proxy_for(url)
        try:
            if proxy is not None and not proxy.speaks_http:
                raise ConnectionError
            async with asyncio.timeout(STALL_S):
                return await self.open().ws_connect(  # type: ignore[return-value] # of the class asked for
                    url,
                    headers=headers,
                    proxy=None if proxy is None else proxy.url,
                    ssl=self.tls if url.startswith("wss") else True,
                    heartbeat=_PING_S,
                    timeout=aiohttp.ClientWSTimeout(ws_close=GOODBYE_S),
                    # A close keeps its reason, pings are counted, and bad UTF-8 ends nothing.
                    autoclose=False,
                    autoping=False,
                    decode_text=False,
                    max_msg_size=bounds.MESSAGE_BYTES,
                )
        except (_HandshakeRefusedError, aiohttp.ClientError, OSError, ValueError) as error:
            raise NotConnectedError(_judged(error, proxy)) from None


async def _refuse(response: aiohttp.ClientResponse) -> None:
    """Keep an answer's body, which aiohttp would drop: the reason stands there."""
    if response.status == _SWITCHING_PROTOCOLS:
        return
    body = b""
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(_BODY_S):
            try:
                body = await response.content.readexactly(_BODY_BYTES)
            except asyncio.IncompleteReadError as whole:
                body = whole.partial
    raise _HandshakeRefusedError(response.status, body.decode("utf-8", "replace"))


def _judged(error: Exception, proxy: Proxy | None) -> Fault:
    if isinstance(error, _HandshakeRefusedError) and not (proxy and error.status == _PROXY_REFUSES):
        return faults.of_handshake(error.status, error.body)
    if isinstance(error, TimeoutError) and proxy is None:
        return faults.NO_ANSWER
    return of_connect(error, None if proxy is None else proxy.host)


class WebSocket(aiohttp.ClientWebSocketResponse[bool]):
    """aiohttp's websocket, with what lies below it."""

    def __init__(
        self, reader: Any, writer: Any, protocol: Any, response: Any, *rest: Any, **options: Any
    ) -> None:
        super().__init__(reader, writer, protocol, response, *rest, **options)
        self.response: aiohttp.ClientResponse = response
        self.transport: asyncio.Transport = writer.transport
