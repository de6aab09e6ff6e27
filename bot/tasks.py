"""Tasks with an owner and a name, ended together."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class TaskOwner:
    """Owns named tasks: none is lost, none outlives `close`, a failure is logged once.

    Args:
        name: Stands before each task's own name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, coroutine: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run a coroutine as an owned task on the running loop.

        Raises:
            RuntimeError: The owner was closed; the coroutine is closed unawaited.
        """
        if self._closed:
            coroutine.close()
            raise RuntimeError(f"{self._name} is closed; {name} was not started")
        loop = asyncio.get_running_loop()
        task = loop.create_task(coroutine, name=f"{self._name}:{name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.error("task failed: %s", task.get_name(), exc_info=error)

    async def drain(self) -> None:
        """Wait until every task that runs now or is started meanwhile has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Cancel what still runs and wait for its end. Idempotent."""
        self._closed = True
        current = asyncio.current_task()
        tasks = [task for task in self._tasks if task is not current]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
