"""A connected websocket, read and written by the event loop instead of by threads of its own.

websocket-client calls this a dispatcher: with one, `run_forever` connects and then leaves reading
and writing to it. No thread waits, no byte changes threads, and a server that stops reading delays
nobody: what does not go out at once is kept here, and `congested` says so.

Text messages, nearly all there is, are cut from the bytes here. Every other frame (pings, closes,
fragments, nonsense) is left to the library, out of the same bytes; so is each way to end.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any, Final, Protocol

import websocket

from bot.errors import ProtocolError
from bot.translation import bounds
from bot.translation.inbox import Frame, Inbox

log = logging.getLogger(__name__)

MOST_UNSENT: Final = 1024 * 1024  # bytes; only pongs are added to what is stuck already
LAST_WORDS_S: Final = 1.0  # after a failed write, to read why

_WHOLE_TEXT: Final = 0x80 | websocket.ABNF.OPCODE_TEXT
_LATER: Final = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Reader(Protocol):
    """Who is told what comes, on the event loop. Must not raise."""

    def attached(self) -> None:
        """Connected; from now on the event loop reads and writes."""

    def came(self) -> None:
        """Bytes came: the server is alive."""

    def text(self, text: str) -> None:
        """A text message came."""

    def undecodable(self) -> None:
        """A text message came that is no UTF-8."""

    def overran(self) -> None:
        """More came at once, or for one message, than makes sense; the connection ends."""

    def drained(self) -> None:
        """Congested no more."""


class Wire:
    """The socket of one `WebSocketApp.run_forever(dispatcher=...)`.

    Args:
        loop: The event loop. All methods belong to it, except those the library calls while it
            connects.
        app: Whose socket it is.
        reader: Who is told.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, app: websocket.WebSocketApp, reader: Reader
    ) -> None:
        self._loop = loop
        self._app = app
        self._reader = reader
        self._library_reads: Callable[[], bool] = lambda: False
        self._websocket: Any = None  # the library's; set while attached
        self._socket: Any = None
        self._number = -1  # of the socket
        self._inbox = Inbox()
        self._frame: Frame | None = None  # being read by the library
        self._unsent = bytearray()
        self._failure: Exception | None = None
        self._last_words: asyncio.TimerHandle | None = None
        self.congested_since: float | None = None  # loop time

    @property
    def is_attached(self) -> bool:
        """Whether the event loop reads and writes."""
        return self._websocket is not None

    @property
    def congested(self) -> bool:
        """Whether the server does not take what was sent already."""
        return self.congested_since is not None

    # What the library calls

    def signal(self, number: int, handler: Callable[[], None]) -> None:
        """Signals are the process's own affair."""

    def abort(self) -> None:
        """Signals are the process's own affair."""

    def read(self, _socket: object, library_reads: Callable[[], bool]) -> None:
        """Read from now on. Called on the thread that connected."""
        self._library_reads = library_reads
        try:
            self._loop.call_soon_threadsafe(self._attach)
        except RuntimeError:  # the loop is closed; the library then ends the connection
            if self._app.sock is not None:
                self._app.sock.connected = False  # no goodbye: the library would wait for it
            raise

    def buffwrite(self, _socket: object, data: bytes, *_: object) -> None:
        """Send in full, now or later. Never blocks; what fails is told by the reading side."""
        if self._socket is None or self._last_words is not None:
            return
        if self._unsent:
            self._unsent += data
            if len(self._unsent) > MOST_UNSENT:
                self._loop.call_soon(self.fail, ConnectionError("nothing more is taken"))
            return
        sent = self._write(data)
        if sent < len(data) and self._last_words is None:
            self._unsent += memoryview(data)[sent:]
            self.congested_since = self._loop.time()
            self._loop.add_writer(self._number, self._flush)

    # The event loop

    def _attach(self) -> None:
        self._websocket = self._app.sock
        if self._websocket is None or self._websocket.sock is None:
            return
        self._socket = self._websocket.sock
        self._number = self._socket.fileno()
        self._websocket.frame_buffer.recv = self._take
        if not self._app.keep_running:  # hung up meanwhile
            self.end()
            return
        self._socket.settimeout(0.0)
        self._loop.add_reader(self._number, self._readable)
        self._reader.attached()

    def detach(self) -> None:
        """Read and write no more, and close the socket. Idempotent."""
        if self._socket is None:
            return
        self._loop.remove_reader(self._number)
        self._loop.remove_writer(self._number)
        if self._last_words is not None:
            self._last_words.cancel()
        self._socket = None
        self._unsent.clear()
        self.congested_since = None
        # After a closing handshake the library leaves the socket to the garbage collector.
        self._websocket.shutdown()

    def end(self) -> None:
        """End the connection without a word."""
        self._app.keep_running = False
        self.fail(ConnectionError("hung up"))

    def fail(self, failure: Exception) -> None:
        """The connection is lost: the library tells so and ends it."""
        if self._socket is None:
            return
        self._failure = failure
        self._websocket.connected = False  # nobody is left to say goodbye to
        self._library_reads()

    def _readable(self) -> None:
        try:
            count = self._socket.recv_into(self._inbox.room())
            while count:
                self._reader.came()
                self._inbox.filled(count)
                self._deliver()
                # What TLS has decrypted already makes no socket readable.
                if not isinstance(self._socket, ssl.SSLSocket) or not self._socket.pending():
                    break
                count = self._socket.recv_into(self._inbox.room())
        except _LATER:
            return
        except (OSError, ProtocolError) as error:
            if isinstance(error, ProtocolError):
                self._reader.overran()
            self.fail(error)
            return
        if count == 0:
            self.fail(ConnectionError("the server is gone"))

    def _deliver(self) -> None:
        inbox, reader = self._inbox, self._reader
        others = 0
        while self._socket is not None and (frame := inbox.frame()) is not None:
            if frame.first != _WHOLE_TEXT or self._is_special(frame):
                others += 1
                if others > bounds.FRAMES_AT_ONCE:
                    raise ProtocolError("Too many frames come at once.")
                self._leave_to_library(frame)
                continue
            try:
                text = inbox.text(frame)
            except UnicodeDecodeError:
                text = None
            inbox.drop(frame)
            if text is None:
                reader.undecodable()
            else:
                reader.text(text)

    def _is_special(self, frame: Frame) -> bool:
        """Whether a text is masked, which it must not be, or comes amid a fragmented one."""
        masked = frame.payload - frame.begin not in {2, 4, 10}
        return masked or self._websocket.cont_frame.cont_data is not None

    def _leave_to_library(self, frame: Frame) -> None:
        self._frame = frame
        try:
            self._library_reads()
        except BlockingIOError:
            pass  # a fragment: the library waits for its other ones
        except Exception as error:  # noqa: BLE001 - whatever it is, the library can't go on
            self.fail(error)
        finally:
            self._frame = None
            self._inbox.drop(frame)

    def _take(self, count: int) -> bytes:
        """What the library gets instead of the socket's own bytes: those of one frame."""
        if self._failure is not None:
            raise websocket.WebSocketConnectionClosedException(str(self._failure))
        data = b"" if self._frame is None else self._inbox.take(count, self._frame)
        if not data:
            raise BlockingIOError
        return data

    def _write(self, data: bytes | bytearray) -> int:
        try:
            sent: int = self._socket.send(data)
        except _LATER:
            return 0
        except OSError as error:
            self._failed_to_write(error)
            return 0
        return sent

    def _failed_to_write(self, error: OSError) -> None:
        """The server may have said why before it went: that is still to be read."""
        log.debug("a write failed")
        self._unsent.clear()
        self._loop.remove_writer(self._number)
        self._last_words = self._loop.call_later(LAST_WORDS_S, self.fail, error)

    def _flush(self) -> None:
        del self._unsent[: self._write(self._unsent)]
        if not self._unsent and self._last_words is None:
            self._loop.remove_writer(self._number)
            self.congested_since = None
            self._reader.drained()
