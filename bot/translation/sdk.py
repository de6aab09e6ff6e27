"""The official SDK's OmniRealtimeConversation, with what it gets wrong put right.

The only module that knows DashScope, and with `wire` and `frame` its websocket library. What
differs from the SDK:

- `run` takes the place of `connect`, which polls every 0.1 s, gives up after 5 s without the
  reason and leaves its thread behind. `run` blocks its caller's thread until the connection is made
  or failed; from then on the event loop reads and writes (`wire`), where the SDK keeps a thread
  that reads, and blocks whoever sends when the server does not take it.
- A failure is judged where it happens, with the HTTP status or the close code.
- Received text is decoded once: the library's own UTF-8 validation costs 1.5 ms for each 100 ms of
  voice.
- A message the SDK can't digest (no type, no JSON) is reported; there it skips the bookkeeping or
  ends the connection.
- `append_audio` builds its frame from a template (`frame`).
- A proxy of the environment is not asked for this machine's own addresses (`proxies`).
- `hang_up` works in every phase, the handshake included, and never waits.
"""

import asyncio
import json
import logging
import socket
import uuid
from typing import Any, Final, Protocol

import websocket
from dashscope.audio.qwen_omni import OmniRealtimeCallback, OmniRealtimeConversation

from bot.translation import faults
from bot.translation.faults import Fault
from bot.translation.frame import SpeechEvents
from bot.translation.proxies import Proxy, proxy_for
from bot.translation.unreached import of_connect
from bot.translation.wire import Wire

log = logging.getLogger(__name__)

STALL_S: Final = 7.0  # longest wait of a connect or a handshake's step


class Receiver(Protocol):
    """What a connection reports. Must neither raise nor block."""

    def opened(self) -> None:
        """The handshake is done."""

    def admits(self, size: int) -> bool:
        """Whether a text of so many characters may be read; else the link is being ended."""

    def overran(self) -> None:
        """More came at once than makes sense; the connection is being ended."""

    def received(self, message: object) -> None:
        """A message came, decoded from JSON."""

    def unreadable(self) -> None:
        """A message came that is no JSON."""

    def drained(self) -> None:
        """The server takes again what is sent."""

    def failed(self, fault: Fault) -> None:
        """The connection could not be made, or ended without being asked to. On any thread."""

    def closed(self) -> None:
        """The connection that was opened is over; its socket is closed."""


class Connection(OmniRealtimeConversation):
    """One websocket to the service. Belongs to the event loop, but for `run`.

    Args:
        url: Without a query; the SDK appends the model.
        api_key: Sent in the handshake, kept nowhere else.
        model: Its full name.
        workspace: The account's workspace, or empty.
        receiver: Who is told what happens.
        loop: The event loop.
    """

    def __init__(
        self,
        *,
        url: str,
        api_key: str,
        model: str,
        workspace: str,
        receiver: Receiver,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        silence_library_logs()
        super().__init__(
            model=model,
            callback=OmniRealtimeCallback(),
            url=url,
            api_key=api_key,
            workspace=workspace or None,
        )
        self._receiver = receiver
        self._loop = loop
        self._app: websocket.WebSocketApp | None = None
        self._wire: Wire | None = None
        self._events = SpeechEvents()
        self._was_opened = False
        self._hung_up = False
        self._proxy: Proxy | None = None
        self.heard_at = 0.0  # loop time

    @property
    def is_attached(self) -> bool:
        """Whether `run` made the connection."""
        return self._wire is not None and self._wire.is_attached

    @property
    def congested_since(self) -> float | None:
        """Loop time since when the server does not take what was sent; None when it does."""
        return None if self._wire is None else self._wire.congested_since

    def run(self) -> None:
        """Connect, on the caller's thread."""
        # The library has no other way to bound a handshake; nothing else here uses it.
        websocket.setdefaulttimeout(STALL_S)
        app = websocket.WebSocketApp(
            self.url,
            header=self._get_websocket_header(),  # type: ignore[no-untyped-call]
            on_message=self._on_message,
            on_error=self._on_error,
            on_close=self._on_close,
        )
        self._wire = Wire(self._loop, app, self)
        self._app = self.ws = app  # type: ignore[assignment]  # the SDK declares it as None
        self._proxy = proxy_for(self.url)
        if not self._hung_up:
            app.run_forever(
                skip_utf8_validation=True, dispatcher=self._wire, **_by_way_of(self._proxy)
            )

    def ping(self) -> None:
        """Ask for a sign of life; `heard_at` tells when the last came."""
        if (sock := self._socket()) is not None:
            sock.ping()

    def append_audio(self, audio_b64: str) -> None:
        """Send audio in base64, as the SDK's own method does, at a tenth of its cost."""
        if (sock := self._socket()) is not None:
            sock.send_frame(self._events.append(audio_b64.encode("ascii")))

    def send_event(self, kind: str, **fields: Any) -> None:
        """Send a client event."""
        event = {"event_id": f"event_{uuid.uuid4().hex}", "type": kind, **fields}
        if self._socket() is not None:
            self.send_raw(json.dumps(event))

    def say_goodbye(self) -> None:
        """Start the closing handshake; the answer ends the connection."""
        if (sock := self._socket()) is None or not self.is_attached:
            self.hang_up()
        else:
            sock.send_close()

    def hang_up(self) -> None:
        """End the connection without a word, in whatever phase."""
        self._hung_up = True
        if self._wire is not None and self._wire.is_attached:
            self._wire.end()
            return
        if self._app is None:
            return
        self._app.keep_running = False
        raw = None if self._app.sock is None else self._app.sock.sock
        if raw is None:
            return
        try:
            # Not the SSL socket's own: that one takes the TLS object from under the handshake.
            socket.socket.shutdown(raw, socket.SHUT_RDWR)
        except OSError:
            log.debug("the socket was closed already")

    def _socket(self) -> Any:
        """The library's websocket, while it is connected."""
        sock = None if self._app is None else self._app.sock
        return sock if sock is not None and sock.connected else None

    # What the wire tells

    def attached(self) -> None:
        """Connected."""
        if self._hung_up:  # while the library was connecting
            self.hang_up()
            return
        self._was_opened = True
        self.heard_at = self._loop.time()
        self._receiver.opened()

    def came(self) -> None:
        """The server is alive."""
        self.heard_at = self._loop.time()

    def text(self, text: str) -> None:
        """A message came."""
        if not self._receiver.admits(len(text)):
            return
        try:
            decoded = json.loads(text)
        except (ValueError, RecursionError):  # no JSON, or nested without end
            self._receiver.unreadable()
            return
        self._receiver.received(decoded)

    def undecodable(self) -> None:
        """A message came that is no text."""
        self._receiver.unreadable()

    def overran(self) -> None:
        """More came at once than makes sense."""
        self._receiver.overran()

    def drained(self) -> None:
        """The server takes again what is sent."""
        self._receiver.drained()

    # What the library tells

    def _on_message(self, ws: Any, message: bytes) -> None:  # noqa: ARG002 - the SDK's signature
        """A message in fragments, or a binary one: the wire reads only the others."""
        try:
            text = message.decode()
        except UnicodeDecodeError:
            self._receiver.unreadable()
            return
        self.text(text)

    def _on_close(self, ws: Any, close_status_code: object, close_msg: object) -> None:  # noqa: ARG002 - the SDK's signature
        if self._wire is not None and self._wire.is_attached:
            self._wire.detach()
            self._receiver.closed()

    def _on_error(self, ws: Any, error: Exception) -> None:  # noqa: ARG002 - the SDK's signature
        if not self._hung_up:
            self._receiver.failed(self._judge(error))

    def _judge(self, error: Exception) -> Fault:
        if isinstance(error, websocket.WebSocketBadStatusException):
            body = error.resp_body or b""
            return faults.of_handshake(error.status_code, body.decode("utf-8", "replace"))
        closed = isinstance(error, websocket.WebSocketConnectionClosedException)
        if closed and hasattr(error, "status_code"):  # the library sets it from a close frame
            return faults.of_close(error.status_code, getattr(error, "reason", None) or "")
        if self._was_opened:
            return faults.LOST
        if self._proxy is None and isinstance(error, websocket.WebSocketTimeoutException):
            return faults.NO_ANSWER
        return of_connect(error, None if self._proxy is None else self._proxy.host)


def _by_way_of(proxy: Proxy | None) -> dict[str, Any]:
    """What the library is told of the proxy; of its own accord it reads the environment."""
    if proxy is None:
        nowhere = {"http_proxy_host": "none", "http_proxy_port": 1, "http_no_proxy": ["*"]}
        return {"proxy_type": "http", **nowhere}
    return {
        "proxy_type": "http",
        "http_proxy_host": proxy.host,
        "http_proxy_port": proxy.port,
        "http_proxy_auth": proxy.auth,
    }


def silence_library_logs() -> None:
    """Keep the libraries' loggers above debug, where they print transcripts, and off stderr.

    What they report as errors reaches our own log, judged.
    """
    for name in ("dashscope", "websocket"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
        logger.propagate = False
        logger.handlers = [logging.NullHandler()]
