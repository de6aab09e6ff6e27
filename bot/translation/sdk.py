"""The official SDK's OmniRealtimeConversation, with what it gets wrong put right.

The only module that knows DashScope or its websocket library. What differs from the SDK:

- `run` takes the place of `connect`, which polls every 0.1 s, gives up after 5 s without the
  reason and leaves its thread behind. `run` blocks its caller's thread until the connection ended.
- A failure is judged where it happens, with the HTTP status or the close code.
- Received text is decoded once, by the JSON parser: the library's own UTF-8 validation costs 1.5 ms
  for each 100 ms of voice.
- A message the SDK can't digest (no type, no JSON) is reported; there it skips the bookkeeping or
  ends the connection.
- `hang_up` works in every phase, the handshake included, and never waits.
"""

import json
import logging
import socket
import time
import uuid
from typing import Any, Final, Protocol

import websocket
from dashscope.audio.qwen_omni import OmniRealtimeCallback, OmniRealtimeConversation

from bot.translation import faults
from bot.translation.faults import Fault

log = logging.getLogger(__name__)

STALL_S: Final = 7.0  # longest wait of a connect, a handshake's step or a blocked send
SEND_ERRORS: Final = (OSError, websocket.WebSocketException)  # what sending raises


class Receiver(Protocol):
    """What a connection reports, on the thread that runs it. Must neither raise nor block."""

    def opened(self) -> None:
        """The handshake is done."""

    def received(self, message: object) -> None:
        """A message came, decoded from JSON."""

    def unreadable(self) -> None:
        """A message came that is no JSON."""

    def failed(self, fault: Fault) -> None:
        """The connection could not be made, or ended without being asked to."""


class Connection(OmniRealtimeConversation):
    """One websocket to the service.

    Args:
        url: Without a query; the SDK appends the model.
        api_key: Sent in the handshake, kept nowhere else.
        model: Its full name.
        workspace: The account's workspace, or empty.
        receiver: Who is told what happens.
    """

    def __init__(
        self, *, url: str, api_key: str, model: str, workspace: str, receiver: Receiver
    ) -> None:
        silence_library_logs()
        super().__init__(
            model=model,
            callback=OmniRealtimeCallback(),
            url=url,
            api_key=api_key,
            workspace=workspace or None,
        )
        self._app: websocket.WebSocketApp | None = None
        self._receiver = receiver
        self._opened: websocket.WebSocket | None = None
        self._hung_up = False
        self.heard_at = time.monotonic()

    def run(self) -> None:
        """Connect and receive until the connection ended."""
        # The library has no other way to bound a handshake; nothing else here uses it.
        websocket.setdefaulttimeout(STALL_S)
        self._app = websocket.WebSocketApp(
            self.url,
            header=self._get_websocket_header(),  # type: ignore[no-untyped-call]
            on_open=self._on_open,
            on_message=self._on_message,
            on_error=self._on_error,
            on_pong=self._on_pong,
        )
        self.ws = self._app  # type: ignore[assignment]  # the SDK declares it as None
        if not self._hung_up:
            self._app.run_forever(skip_utf8_validation=True)
        if self._opened is not None:
            # After a closing handshake the library leaves the socket to the garbage collector.
            self._opened.shutdown()  # type: ignore[no-untyped-call]

    def ping(self) -> None:
        """Ask for a sign of life; `heard_at` tells when the last came."""
        if (sock := self._socket()) is not None:
            sock.ping()

    def send_event(self, kind: str, **fields: Any) -> None:
        """Send a client event. Raises one of SEND_ERRORS."""
        event = {"event_id": f"event_{uuid.uuid4().hex}", "type": kind, **fields}
        self.send_raw(json.dumps(event))

    def say_goodbye(self) -> None:
        """Start the closing handshake; the answer ends `run`. Raises one of SEND_ERRORS."""
        sock = self._socket()
        if sock is None or not sock.connected:
            self.hang_up()
        else:
            sock.send_close()

    def hang_up(self) -> None:
        """End the connection without a word: whoever waits for it wakes up. Any thread may."""
        self._hung_up = True
        if self._app is None:
            return
        self._app.keep_running = False
        sock = self._socket()
        raw = None if sock is None else sock.sock
        if raw is None:
            return
        try:
            # Not the SSL socket's own: that one takes the TLS object from under the reader.
            socket.socket.shutdown(raw, socket.SHUT_RDWR)
        except OSError:
            log.debug("the socket was closed already")

    def _socket(self) -> Any:
        return None if self._app is None else self._app.sock

    def _on_open(self, _app: Any) -> None:
        if self._hung_up:  # while the library was connecting
            self.hang_up()
            return
        self._opened = self._socket()
        self.heard_at = time.monotonic()
        self._receiver.opened()

    def _on_pong(self, _app: Any, _payload: bytes) -> None:
        self.heard_at = time.monotonic()

    def _on_message(self, ws: Any, message: str | bytes) -> None:  # noqa: ARG002 - the SDK's signature
        self.heard_at = time.monotonic()
        try:
            decoded = json.loads(message)
        except (ValueError, RecursionError):  # no UTF-8, no JSON, or nested without end
            self._receiver.unreadable()
            return
        self._receiver.received(decoded)

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
        if self._opened is not None:
            return faults.LOST
        if isinstance(error, TimeoutError | websocket.WebSocketTimeoutException):
            return faults.NO_ANSWER
        return faults.UNREACHABLE


def silence_library_logs() -> None:
    """Keep the libraries' loggers above debug, where they print transcripts, and off stderr.

    What they report as errors reaches our own log, judged.
    """
    for name in ("dashscope", "websocket"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
        logger.propagate = False
        logger.handlers = [logging.NullHandler()]
