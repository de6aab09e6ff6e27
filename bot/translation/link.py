"""One connection to the service: two threads, a bounded queue, and none of it left behind.

The receive thread runs the SDK's connection, turns messages into values and hands them to the
event loop. The send thread writes, which may block, and asks for signs of life. Everything the
owner is told is told on the event loop, and nothing after `close` was called: a link is used once,
so a late event can't reach the next one.
"""

import asyncio
import base64
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.errors import ProtocolError
from bot.translation import faults
from bot.translation.faults import Fault
from bot.translation.parse import parse
from bot.translation.ports import OnEvent, OnLost
from bot.translation.protocol import ServerEvent
from bot.translation.sdk import SEND_ERRORS, STALL_S, Connection

log = logging.getLogger(__name__)

QUEUE_CHUNKS: Final = 600  # 60 s of audio; a link that falls this far behind is long lost
PING_S: Final = 3.0
DEAF_S: Final = 7.0  # without a sign of life for this long, the link is lost
GOODBYE_S: Final = 1.0  # for the closing handshake
JOIN_S: Final = 1.0

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, repr=False)
class Endpoint:
    """Where the service is and who asks. Has no repr: it holds the key."""

    url: str
    api_key: str
    model: str
    workspace: str = ""


class Link:
    """A connection from its handshake to its last thread. Made and used on the event loop.

    Args:
        endpoint: Where to connect.
        session: The `session` object of the first session.update, sent once connected.
        on_event: Called with each event.
        on_lost: Called once when the connection failed or ended by itself; never after `close`.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        session: Mapping[str, Any],
        on_event: OnEvent,
        on_lost: OnLost,
    ) -> None:
        self._session = session
        self._on_event = on_event
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._fenced = False
        self._lost = False
        self._ready = threading.Condition()
        self._queue: deque[bytes | str | Mapping[str, Any]] = deque()
        self._is_open = False
        self._ending = False
        self._ping_at = 0.0
        self._running = 2
        self._ended = asyncio.Event()
        self.dropped = 0  # chunks
        self.unreadable_count = 0  # messages
        self._connection = Connection(
            url=endpoint.url,
            api_key=endpoint.api_key,
            model=endpoint.model,
            workspace=endpoint.workspace,
            receiver=self,
        )
        name = f"livetranslate-{next(_numbers)}"
        self._threads = [
            threading.Thread(target=self._receive, name=f"{name}-receive", daemon=True),
            threading.Thread(target=self._send, name=f"{name}-send", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def send(self, pcm: bytes) -> int:
        """Queue a chunk of audio; says how many older chunks were dropped for it."""
        with self._ready:
            excess = len(self._queue) + 1 - QUEUE_CHUNKS
            for _ in range(excess):
                self._queue.popleft()
            self._queue.append(pcm)
            self._ready.notify()
        dropped = max(0, excess)
        self.dropped += dropped
        return dropped

    def update(self, session: Mapping[str, Any]) -> None:
        """Change the session's settings, behind the audio queued."""
        with self._ready:
            self._queue.append(session)
            self._ready.notify()

    def finish(self) -> None:
        """Ask for everything outstanding, behind the audio queued."""
        with self._ready:
            self._queue.append("session.finish")
            self._ready.notify()

    async def close(self) -> None:
        """End the connection and its threads; bounded, idempotent, tells nothing more."""
        self._fenced = True
        self._end()
        if not await self._has_ended(GOODBYE_S):
            self._connection.hang_up()
            if not await self._has_ended(2 * STALL_S):
                log.warning("a connection's threads have not ended yet")
                return
        for thread in self._threads:
            thread.join(JOIN_S)  # it has done its last act

    async def _has_ended(self, within_s: float) -> bool:
        try:
            await asyncio.wait_for(self._ended.wait(), within_s)
        except TimeoutError:
            return False
        return True

    # The receive thread

    def _receive(self) -> None:
        try:
            self._connection.run()
        except Exception:
            # Whatever the library raises, the conversation has to hear that its link is gone.
            log.exception("the connection's loop failed")
        finally:
            self.failed(faults.LOST)
            self._end()
            self._hand_over(self._thread_ended)

    def opened(self) -> None:
        """The handshake is done."""
        with self._ready:
            self._is_open = True
            self._ping_at = time.monotonic() + PING_S
            self._ready.notify()

    def received(self, message: object) -> None:
        """A message came."""
        try:
            event = parse(message)
        except ProtocolError as error:
            log.warning("message not understood: %s", error)
            self.unreadable_count += 1
            return
        self._hand_over(self._deliver, event)

    def unreadable(self) -> None:
        """A message came that is no JSON."""
        log.warning("message is no JSON")
        self.unreadable_count += 1

    def failed(self, fault: Fault) -> None:
        """The connection is gone; the first reason is the one that counts."""
        self._hand_over(self._report_lost, fault)

    # The send thread

    def _send(self) -> None:
        try:
            if self._wait_open():
                self._connection.send_event("session.update", session=self._session)
                while (item := self._next()) is not None:
                    self._write(item)
            self._connection.say_goodbye()
        except SEND_ERRORS:
            # The receive thread may be about to read why: the close code and its reason.
            with self._ready:
                self._ready.wait_for(lambda: self._ending, GOODBYE_S)
            self._connection.hang_up()
        finally:
            self._hand_over(self._thread_ended)

    def _wait_open(self) -> bool:
        with self._ready:
            self._ready.wait_for(lambda: self._is_open or self._ending)
            return not self._ending

    def _next(self) -> bytes | str | Mapping[str, Any] | None:
        """What to write next: audio, settings, the name of an event, "ping", None at the end."""
        with self._ready:
            self._ready.wait_for(
                lambda: self._ending or self._queue, max(0.0, self._ping_at - time.monotonic())
            )
            if self._ending:
                return None
            if time.monotonic() >= self._ping_at:
                self._ping_at = time.monotonic() + PING_S
                return "ping"
            return self._queue.popleft() if self._queue else "ping"

    def _write(self, item: bytes | str | Mapping[str, Any]) -> None:
        if isinstance(item, bytes):
            self._connection.append_audio(base64.b64encode(item).decode("ascii"))
        elif isinstance(item, Mapping):
            self._connection.send_event("session.update", session=item)
        elif item == "ping":
            if time.monotonic() - self._connection.heard_at > DEAF_S:
                raise ConnectionError("no sign of life")
            self._connection.ping()
        else:
            self._connection.send_event(item)

    # Both threads

    def _end(self) -> None:
        with self._ready:
            self._ending = True
            self._queue.clear()
            self._ready.notify()

    def _hand_over(self, callback: Callable[..., None], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            log.debug("the event loop is closed; nobody is left to be told")

    # The event loop again

    def _deliver(self, event: ServerEvent) -> None:
        if not self._fenced and not self._lost:
            self._on_event(event)

    def _report_lost(self, fault: Fault) -> None:
        if not self._fenced and not self._lost:
            self._lost = True
            self._on_lost(fault)

    def _thread_ended(self) -> None:
        self._running -= 1
        if self._running == 0:
            self._ended.set()
