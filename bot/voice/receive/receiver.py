"""The thread that hears: it reads the call's socket and hands speech to the event loop.

With few speakers nearly all of the cost is waking up. So it rests while no packet is expected that
completes a chunk, and for a moment between two readings while many speak: packets wait in the
kernel meanwhile, and one wake-up serves several. What it hands over waits in a bounded queue, which
drops its oldest when full and counts it.
"""

import asyncio
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Protocol, Self

from bot.clock import Clock
from bot.logs import get_logger
from bot.voice.figures import Figures
from bot.voice.receive import drops, rtp
from bot.voice.receive.packet_path import PacketPath

log = get_logger(__name__)

TICK_S = 0.01  # how often time alone is looked at
SHORT_REST_S = 0.0012  # between two readings while many speak, when a packet may complete a chunk
_BUSY_S = 0.01  # between two readings, below which resting pays
_BATCH = 256  # datagrams read before they are heard
_LONGEST = 2048  # bytes of a datagram
_FAULT_REST_S = 0.01  # after an error of the socket, which may come at once again
_MAX_CONTROLS = 4096
_MAX_EVENTS = 8192
_LOG_EVERY_S = 60.0
_DROPS_EVERY_S = 1.0  # the kernel is asked how many datagrams it dropped

Event = tuple[int, bytes | None, float]


class Datagrams(Protocol):
    """What is used of a non-blocking socket."""

    def dup(self) -> Self: ...  # noqa: D102 - as of a socket

    def fileno(self) -> int: ...  # noqa: D102

    def recv(self, size: int, /) -> bytes: ...  # noqa: D102

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...  # noqa: D102

    def close(self) -> None: ...  # noqa: D102


class Receiver:
    """Runs a `PacketPath` on a thread of its own.

    Args:
        hearing: Belongs to the thread once started; change it by `tell` only.
        figures: The link's counters.
        clock: Its `now` must be callable from any thread.
        deliver: Called on the event loop with a member's id, PCM (None: fell silent), and time.
        foreign: Called on the thread with each datagram that is no audio.
    """

    def __init__(
        self,
        hearing: PacketPath,
        figures: Figures,
        clock: Clock,
        deliver: Callable[[int, bytes | None, float], None],
        foreign: Callable[[bytes], None],
    ) -> None:
        self._foreign = foreign
        self._hearing = hearing
        self._figures = figures
        self._clock = clock
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._controls: deque[Callable[[], object]] = deque(maxlen=_MAX_CONTROLS)
        self._events: deque[Event] = deque(maxlen=_MAX_EVENTS)
        self._delivery_due = False
        self._source: Datagrams | None = None  # this and the next five are the thread's own
        self._busy = False  # while many speak
        self._rest_s = 0.0  # for which no packet is needed at once
        self._behind = False  # while more waits than is read at once
        self._due: float | None = None  # in so many seconds something may come by time alone
        self._worked_at = self._ticked_at = self._asked_at = 0.0
        self._dropped = 0  # by the kernel, of this source
        self._poll = select.poll()
        self._woken, self._waker = socket.socketpair()
        self._woken.settimeout(0)
        self._waker.settimeout(0)
        self._poll.register(self._woken, select.POLLIN)
        self._controls_poll = select.poll()
        self._controls_poll.register(self._woken, select.POLLIN)
        self._signalled = False
        self._started = False
        self._closed = False
        self._ended = asyncio.Event()
        self._logged_at = -_LOG_EVERY_S
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name="voice-receiver", daemon=True
        )

    def start(self) -> None:
        """Start the thread that reads the socket."""
        self._started = True
        self._thread.start()

    def listen(self, source: Datagrams | None) -> None:
        """Read this non-blocking socket from now on, in the place of the one before; None: none.

        A duplicate is read, so the socket may be closed at any time.

        Raises:
            OSError: It is closed already.
        """
        if not self._closed:
            self.tell(partial(self._read_from, None if source is None else source.dup()))

    def tell(self, control: Callable[[], object]) -> None:
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
        else:
            self._release()
        self._events.clear()
        # Closed here and not by the thread, which may end before it is signalled to.
        self._woken.close()
        self._waker.close()

    def _signal(self) -> None:
        if not self._signalled and self._waker.fileno() >= 0:
            self._signalled = True
            self._waker.send(b"\0")

    # On the thread

    def _run(self) -> None:
        try:
            self._hear()
        finally:
            self._release()
            self._loop.call_soon_threadsafe(self._ended.set)

    def _release(self) -> None:
        while self._controls:
            self._guarded(self._controls.popleft())  # there may be a socket in them
        self._close_source()

    def _close_source(self) -> None:
        if self._source is not None:
            self._count_dropped()
            self._source.close()
            self._source = None

    def _read_from(self, source: Datagrams | None) -> None:
        if self._source is not None:
            self._poll.unregister(self._source.fileno())
            self._close_source()
        self._source = source
        if source is not None:
            self._dropped = drops.of(source) or 0  # of whoever read it before
            self._poll.register(source.fileno(), select.POLLIN)

    def _hear(self) -> None:
        while not self._closed:
            try:
                self._step()
            except Exception:  # noqa: BLE001 - a fault of ours; nobody would hear without this thread
                self._fault(self._clock.now())
                time.sleep(_FAULT_REST_S)

    def _step(self) -> None:
        datagrams, rested_s = self._next()
        while self._controls:
            self._guarded(self._controls.popleft())
        now = self._clock.now()
        self._behind = len(datagrams) == _BATCH
        self._busy = False
        if datagrams:
            self._busy = self._behind or now - self._worked_at < _BUSY_S
            self._worked_at = now
            self._hearing.rested(rested_s)
            self._work(datagrams, now)
            if now - self._asked_at >= _DROPS_EVERY_S:
                self._asked_at = now
                self._count_dropped()
        if now - self._ticked_at >= TICK_S or not datagrams:
            self._ticked_at = now
            self._due = self._hearing.tick(now)
        elif self._due is None:
            self._due = TICK_S
        self._rest_s = self._hearing.rest(now)
        self._hand_over()

    def _next(self) -> tuple[list[bytes], float]:
        """Wait for what is next, as long as that may wait; also return how long that was, at most.

        Nothing comes where a control or the time has to be looked at.
        """
        rested_s = 0.0
        if self._rest_s > SHORT_REST_S and not self._behind:
            rested_s = self._rest_s if self._due is None else min(self._rest_s, self._due)
            self._pause(rested_s)
        elif self._busy and not self._behind:
            time.sleep(SHORT_REST_S)
        elif not self._behind:
            return self._read(1) if self._wait(self._due) else [], 0.0  # more of them make it busy
        datagrams = self._read(_BATCH)
        # What it was woken for may have been noticed in the pause: then nothing signals any more.
        if datagrams or self._controls or self._closed or not self._wait(self._due):
            return datagrams, rested_s
        return self._read(1), 0.0

    def _pause(self, seconds: float) -> None:
        """Read nothing for so long, or until there is a control."""
        if self._controls_poll.poll(seconds * 1e3):
            self._woken.recv(64)
            self._signalled = False  # in this order: see `_wait`

    def _wait(self, timeout: float | None) -> bool:
        """Wait for a datagram or a control; whether there is a datagram."""
        fds = [fd for fd, _ in self._poll.poll(None if timeout is None else timeout * 1e3)]
        if self._woken.fileno() not in fds:
            return bool(fds)
        # In this order: a byte of whoever signalled in between would be read here, and their flag
        # would keep all others from signalling ever again. Who finds it still set is heard anyway.
        self._woken.recv(64)
        self._signalled = False
        return len(fds) > 1

    def _read(self, most: int) -> list[bytes]:
        datagrams: list[bytes] = []
        if self._source is None:
            return datagrams
        recv = self._source.recv
        try:
            for _ in range(most):
                datagrams.append(recv(_LONGEST))  # noqa: PERF401 - it ends by an exception
        except BlockingIOError:
            pass  # that was all
        except OSError:
            self._figures.socket_errors += 1
            time.sleep(_FAULT_REST_S)
        return datagrams

    def _count_dropped(self) -> None:
        if self._source is not None and (dropped := drops.of(self._source)) is not None:
            self._figures.kernel_dropped += (dropped - self._dropped) % drops.WRAPS
            self._dropped = dropped

    def _work(self, datagrams: list[bytes], at: float) -> None:
        figures, hear = self._figures, self._hearing.packet
        figures.packets += len(datagrams)
        for datagram in datagrams:
            try:
                if rtp.is_audio(datagram):
                    hear(datagram, at)
                else:
                    figures.foreign += 1
                    self._foreign(datagram)
            except Exception:  # noqa: BLE001 - one packet must not end the hearing of all
                self._fault(at)

    def _guarded(self, control: Callable[[], object]) -> None:
        try:
            control()
        except Exception:  # noqa: BLE001 - a fault of ours, counted and logged
            self._fault(self._clock.now())

    def _fault(self, now: float) -> None:
        self._figures.internal_errors += 1
        if now - self._logged_at >= _LOG_EVERY_S:
            self._logged_at = now
            log.exception(  # noqa: LOG004 - called while handling
                "a packet was not handled", count=self._figures.internal_errors
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

    # On the event loop

    def _deliver_all(self) -> None:
        self._delivery_due = False
        while self._events and not self._closed:
            self._deliver(*self._events.popleft())
