"""The thread that hears: woken by the socket's thread, it hands speech to the event loop.

Between the three threads lie two bounded queues. Both drop their oldest when full and count it.
"""

import asyncio
import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from bot.clock import Clock
from bot.voice import rtp
from bot.voice.figures import Figures
from bot.voice.hearing import Hearing

log = logging.getLogger(__name__)

TICK_S = 0.01  # how often time alone is looked at while someone speaks
GATHER_S = 0.001  # between two batches while many speak: fewer wake-ups for the same packets
_BUSY_S = 0.004  # between two batches, below which gathering pays
_MAX_PACKETS = 8192  # two seconds of 80 speakers
_MAX_CONTROLS = 4096
_MAX_EVENTS = 8192
_BATCH = 64  # packets after which what was heard goes out even if more wait
_LOG_EVERY_S = 60.0

Event = tuple[int, bytes | None, float]


class Receiver:
    """Runs a `Hearing` on a thread of its own.

    Args:
        hearing: Belongs to the thread once started; change it by `tell` only.
        figures: Counts.
        clock: Its `now` must be callable from any thread.
        deliver: Called on the event loop with a member's id, PCM (None: fell silent), and time.
    """

    def __init__(
        self,
        hearing: Hearing,
        figures: Figures,
        clock: Clock,
        deliver: Callable[[int, bytes | None, float], None],
    ) -> None:
        self._hearing = hearing
        self._figures = figures
        self._clock = clock
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._packets: deque[tuple[bytes, float]] = deque(maxlen=_MAX_PACKETS)
        self._controls: deque[Callable[[], None]] = deque(maxlen=_MAX_CONTROLS)
        self._events: deque[Event] = deque(maxlen=_MAX_EVENTS)
        self._delivery_due = False
        self._wake: queue.SimpleQueue[None] = (
            queue.SimpleQueue()
        )  # an Event costs six times as much
        self._awake = False  # so that a signal is given only to a thread that waits
        self._started = False
        self._closed = False
        self._ended = asyncio.Event()
        self._logged_at = -_LOG_EVERY_S
        self._thread = threading.Thread(target=self._run, name="voice-receiver", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._started = True
        self._thread.start()

    def feed(self, datagram: bytes) -> None:
        """Take a datagram; called on the socket's thread, never blocks or raises."""
        self._figures.packets += 1
        if not rtp.is_audio(datagram):
            self._figures.foreign += 1
            return
        if len(self._packets) == _MAX_PACKETS:
            self._figures.overflowed += 1
        self._packets.append((datagram, self._clock.now()))
        if not self._awake:
            self._signal()

    def tell(self, control: Callable[[], None]) -> None:
        """Have this called on the thread, before any packet that comes from now on."""
        self._controls.append(control)
        self._signal()

    async def close(self) -> None:
        """End the thread. Nothing is delivered any more. Idempotent."""
        self._closed = True
        self._signal()
        if self._started:
            await self._ended.wait()
            self._thread.join()  # it has nothing left to do but to end
        self._events.clear()

    def _signal(self) -> None:
        self._awake = True
        self._wake.put(None)

    def _wait(self, timeout: float | None) -> None:
        """Until there is a signal; one that comes from now on is of work not yet looked at."""
        try:
            self._wake.get(timeout=timeout)
        except queue.Empty:
            return  # only time has passed
        finally:
            self._awake = False

    def _run(self) -> None:
        try:
            self._hear()
        finally:
            self._loop.call_soon_threadsafe(self._ended.set)

    def _hear(self) -> None:
        active = busy = False
        ticked_at = worked_at = 0.0
        while True:
            if busy:
                self._awake = True  # nobody need wake what wakes by itself
                time.sleep(GATHER_S)
                self._awake = False
            if not (busy and self._packets):
                self._wait(TICK_S if active else None)
            if self._closed:
                return
            self._work()
            now = self._clock.now()
            busy = now - worked_at < _BUSY_S
            worked_at = now
            if now - ticked_at >= TICK_S:
                ticked_at = now
                active = self._guarded(partial(self._hearing.tick, now), now)
            else:
                active = True
            self._hand_over()

    def _work(self) -> None:
        while self._controls and not self._closed:
            self._guarded(self._controls.popleft(), 0.0)
        done = 0
        while self._packets and not self._closed:
            datagram, at = self._packets.popleft()
            try:
                self._hearing.packet(datagram, at)
            except Exception:  # noqa: BLE001 - one packet must not end the hearing of all
                self._fault(at)
            done += 1
            if done % _BATCH == 0:
                self._hand_over()

    def _guarded(self, work: Callable[[], object], now: float) -> bool:
        try:
            return bool(work())
        except Exception:  # noqa: BLE001 - a fault of ours, counted and logged
            self._fault(now)
            return True

    def _fault(self, now: float) -> None:
        self._figures.internal_errors += 1
        if now - self._logged_at >= _LOG_EVERY_S:
            self._logged_at = now
            log.exception(  # noqa: LOG004 - called while handling
                "a packet was not handled; count=%d", self._figures.internal_errors
            )

    def _hand_over(self) -> None:
        events = self._hearing.take()
        if not events:
            return
        over = len(self._events) + len(events) - _MAX_EVENTS
        self._figures.undelivered += max(0, over)
        self._events.extend(events)
        if not self._delivery_due and not self._closed:
            self._delivery_due = True
            self._loop.call_soon_threadsafe(self._deliver_all)

    def _deliver_all(self) -> None:
        self._delivery_due = False
        while self._events and not self._closed:
            self._deliver(*self._events.popleft())
