"""Which job a worker thread does next: the final of a turn before any interim."""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Any, TypeVar

from bot.errors import EngineError
from bot.logs import get_logger

log = get_logger(__name__)

T = TypeVar("T")

MAX_WAITING = 256


class Priority(IntEnum):
    """How urgent a job is; the smaller number goes first."""

    FINAL = 0  # someone waits for it
    EARLY = 1  # a final begun in the hope that the speech has ended
    INTERIM = 2


class OverloadedError(EngineError):
    """More waits than can be done in time."""

    code = "overloaded"
    retryable = True


@dataclass(order=True, slots=True)
class _Job:
    order: tuple[int, int]
    key: str = field(compare=False)
    call: Callable[[], Any] = field(compare=False)
    future: asyncio.Future[Any] = field(compare=False)


class Scheduler:
    """Runs jobs on worker threads, by priority and then by age.

    Bounds: of a key's interims only the newest waits, none begins while a final waits, and
    interims leave one worker free (where there are two or more) for the final that comes next;
    beyond `MAX_WAITING` jobs a new one is refused.

    Args:
        workers: Jobs that run at once.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._guessers = max(1, workers - 1)  # one worker is kept free for the next final
        self._guessing = 0
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="engine")
        self._waiting: list[_Job] = []
        self._running: set[asyncio.Future[Any]] = set()
        self._numbers = itertools.count()
        self.dropped = 0

    def submit(self, call: Callable[[], T], priority: Priority, key: str) -> "asyncio.Future[T]":
        """Queue a call; return a future of its result. Cancelling that takes a waiting job out.

        An interim's future is cancelled when a newer one of the same key arrives before it began.

        Raises:
            OverloadedError: Too much waits.
        """
        if priority is Priority.INTERIM:
            self._drop_interim(key)
        self._waiting = [job for job in self._waiting if not job.future.done()]
        heapq.heapify(self._waiting)
        if len(self._waiting) >= MAX_WAITING:
            raise OverloadedError("thread pool exhausted max_workers " + str(self._workers))
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        order = (int(priority), next(self._numbers))
        heapq.heappush(self._waiting, _Job(order, key, call, future))
        self._dispatch()
        return future

    def raise_priority(self, future: "asyncio.Future[Any]", priority: Priority) -> None:
        """Let a waiting job go as one of that priority; without effect on one that runs."""
        for job in self._waiting:
            if job.future is future:
                job.order = (int(priority), job.order[1])
        heapq.heapify(self._waiting)

    def _drop_interim(self, key: str) -> None:
        for job in self._waiting:
            if job.key == key and job.order[0] == Priority.INTERIM and job.future.cancel():
                self.dropped += 1

    def _dispatch(self) -> None:
        while self._waiting and len(self._running) < self._workers:
            if self._waiting[0].order[0] == Priority.INTERIM and self._guessing >= self._guessers:
                return  # the rest are interims too
            job = heapq.heappop(self._waiting)
            if job.future.done():
                continue
            guess = job.order[0] == Priority.INTERIM
            self._guessing += guess
            running = asyncio.get_running_loop().run_in_executor(self._threads, job.call)
            self._running.add(running)
            running.add_done_callback(partial(self._finish, future=job.future, guess=guess))

    def _finish(
        self, running: "asyncio.Future[Any]", future: "asyncio.Future[Any]", *, guess: bool
    ) -> None:
        self._running.discard(running)
        self._guessing -= guess
        if running.cancelled():
            future.cancel()
        elif (error := running.exception()) is not None:
            if future.done():
                log.warning("a job that nobody waits for failed", error=type(error).__name__)
            else:
                future.set_exception(error)
        elif not future.done():
            future.set_result(running.result())
        self._dispatch()

    async def close(self) -> None:
        """Take out what waits, and wait for what runs."""
        for job in self._waiting:
            job.future.cancel()
        self._waiting.clear()
        if self._running:
            await asyncio.wait(self._running)
        self._threads.shutdown()
