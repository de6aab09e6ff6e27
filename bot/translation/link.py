"""One connection to the service: a thread while it connects, a bounded queue, nothing left behind.

Connecting blocks, so a thread does it, and ends. From then on the event loop reads and writes:
messages become values, signs of life are asked for, and audio that the server does not take waits
here, where it delays no other conversation. Everything the owner is told is told on the event loop,
and nothing after `close` was called: a link is used once, so a late event can't reach the next one.
"""

import asyncio
import base64
import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.translation import faults
from bot.translation.bounds import Exceeded, Excess
from bot.translation.faults import Fault
from bot.translation.intake import Intake
from bot.translation.ports import OnEvent, OnLost
from bot.translation.sdk import STALL_S, Connection

log = logging.getLogger(__name__)

QUEUE_CHUNKS: Final = 900  # as much audio as is kept for a new link; one so far behind is lost
BURST_CHUNKS: Final = 20  # 3 ms of the event loop, when half a minute waits for a new link
PING_S: Final = 3.0
DEAF_S: Final = 7.0  # without a sign of life for this long, the link is lost
STUCK_S: Final = 7.0  # the same, when nothing sent is taken
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
    """A connection from its handshake to its last byte. Made and used on the event loop.

    Args:
        endpoint: Where to connect.
        session: The `session` object of the first session.update, sent once connected.
        on_event: Called with each event.
        on_lost: Called once when the connection failed or ended by itself; never after `close`.
        excess: Counts what exceeds a bound.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        session: Mapping[str, Any],
        on_event: OnEvent,
        on_lost: OnLost,
        excess: Excess,
    ) -> None:
        self._excess = excess
        self._intake = Intake(excess)
        self._session = session
        self._on_event = on_event
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._fenced = False
        self._lost = False
        self._is_open = False
        self._queue: deque[bytes | str | Mapping[str, Any]] = deque()
        self._burst = 0  # items written since the others of the event loop had their turn
        self._resuming: asyncio.Handle | None = None
        self._pinging: asyncio.TimerHandle | None = None
        self._ended = asyncio.Event()
        self.dropped = 0  # chunks
        self._connection = Connection(
            url=endpoint.url,
            api_key=endpoint.api_key,
            model=endpoint.model,
            workspace=endpoint.workspace,
            receiver=self,
            loop=self._loop,
        )
        name = f"livetranslate-{next(_numbers)}-connect"
        self._thread = threading.Thread(target=self._connect, name=name, daemon=True)
        self._thread.start()

    @property
    def unreadable_count(self) -> int:
        """Messages that could not be read."""
        return self._intake.unreadable_count

    def send(self, pcm: bytes) -> int:
        """Send a chunk of audio, at once or when it can be; says how many older ones it drove out.

        Those are dropped: the server has taken nothing for a minute.
        """
        self._queue.append(pcm)
        excess = max(0, len(self._queue) - QUEUE_CHUNKS)
        for _ in range(excess):
            oldest = next(n for n, item in enumerate(self._queue) if isinstance(item, bytes))
            del self._queue[oldest]
        self.dropped += excess
        self.drained()
        return excess

    def update(self, session: Mapping[str, Any]) -> None:
        """Change the session's settings, behind the audio queued."""
        self._queue.append(session)
        self.drained()

    def finish(self) -> None:
        """Ask for everything outstanding, behind the audio queued."""
        self._queue.append("session.finish")
        self.drained()

    async def close(self) -> None:
        """End the connection and its thread; bounded, idempotent, tells nothing more."""
        self._fenced = True
        self._queue.clear()
        self._connection.say_goodbye()
        if not await self._has_ended(GOODBYE_S):
            self._connection.hang_up()
            if not await self._has_ended(2 * STALL_S):
                log.warning("a connection's thread has not ended yet")
                return
        self._thread.join(JOIN_S)  # it has done its last act

    async def _has_ended(self, within_s: float) -> bool:
        try:
            await asyncio.wait_for(self._ended.wait(), within_s)
        except TimeoutError:
            return False
        return True

    # The thread that connects

    def _connect(self) -> None:
        try:
            self._connection.run()
        except Exception:
            # Whatever the library raises, the conversation has to hear that there is no link.
            log.exception("connecting failed")
        finally:
            self._hand_over(self._connected_or_not)

    def _hand_over(self, callback: Callable[..., None], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            log.debug("the event loop is closed; nobody is left to be told")

    # What the connection reports

    def failed(self, fault: Fault) -> None:
        """The connection is gone; the first reason is the one that counts. On any thread."""
        self._hand_over(self._report_lost, fault)

    def opened(self) -> None:
        """The handshake is done."""
        self._is_open = True
        self._connection.send_event("session.update", session=self._session)
        self._pinging = self._loop.call_later(PING_S, self._ping)
        self.drained()

    def admits(self, size: int) -> bool:
        """Whether a message of so many characters may be read; else the link ends."""
        if self._intake.admits(size, self._loop.time()):
            return True
        self._give_up()
        return False

    def overran(self) -> None:
        """More came at once than makes sense; the connection is being ended."""
        self._excess.note(Exceeded.FRAMES)
        self._report_lost(faults.NONSENSE)

    def received(self, message: object) -> None:
        """A message came."""
        event = self._intake.read(message)
        if event is None:
            self._look_whether_useless()
            return
        if self._fenced or self._lost:
            return
        try:
            self._on_event(event)
        except Exception as error:  # noqa: BLE001 - one event's trouble must not stop the next ones
            self._loop.call_exception_handler(
                {"message": "an event of the service was not handled", "exception": error}
            )

    def unreadable(self) -> None:
        """A message came that is no JSON."""
        self._intake.unreadable()
        self._look_whether_useless()

    def _look_whether_useless(self) -> None:
        if self._intake.useless:
            self._give_up()

    def _give_up(self) -> None:
        self._report_lost(faults.NONSENSE)
        self._connection.hang_up()

    def drained(self) -> None:
        """The server takes what is sent: the queue goes out, as far as it is taken."""
        while self._queue and self._ready:
            if self._burst == BURST_CHUNKS:
                if self._resuming is None:
                    self._resuming = self._loop.call_soon(self._resume)
                return
            self._burst += 1
            self._write(self._queue.popleft())

    def closed(self) -> None:
        """The connection is over."""
        self._is_open = False
        self._queue.clear()
        if self._pinging is not None:
            self._pinging.cancel()
        self.failed(faults.LOST)  # unless a reason was told before
        self._ended.set()

    # The event loop

    @property
    def _ready(self) -> bool:
        return self._is_open and self._connection.congested_since is None

    def _write(self, item: bytes | str | Mapping[str, Any]) -> None:
        """Send audio, an event by its name, or settings."""
        if isinstance(item, bytes):
            self._intake.sent(len(item))
            self._connection.append_audio(base64.b64encode(item).decode("ascii"))
        elif isinstance(item, str):
            self._connection.send_event(item)
        else:
            self._connection.send_event("session.update", session=item)

    def _resume(self) -> None:
        self._resuming = None
        self._burst = 0
        self.drained()

    def _ping(self) -> None:
        now = self._loop.time()
        stuck_since = self._connection.congested_since
        if now - self._connection.heard_at > DEAF_S or (
            stuck_since is not None and now - stuck_since > STUCK_S
        ):
            self._report_lost(faults.LOST)
            self._connection.hang_up()
            return
        self._pinging = self._loop.call_later(PING_S, self._ping)
        if self._ready:
            self._connection.ping()

    def _connected_or_not(self) -> None:
        if not self._connection.is_attached:
            self.closed()

    def _report_lost(self, fault: Fault) -> None:
        if not self._fenced and not self._lost:
            self._lost = True
            self._on_lost(fault)
