"""Tasks with an owner and a name, ended together."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bot import logs

log = logs.get_logger(__name__)

T = TypeVar("T")


class TaskOwner:
    """Owns named tasks: none is lost, none outlives `close`, a failure is logged once.

    What they log has their owner's fields and their own, and none that are bound where they are
    started: whoever starts a task of a part that all rooms share does so for one of them.

    Args:
        name: Stands before each task's own name.
        fields: Stand in what all of them log.
    """

    def __init__(self, name: str, **fields: object) -> None:
        self._name = name
        self._fields = fields
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._tasks)

    def start(
        self, coroutine: Coroutine[Any, Any, T], name: str, **fields: object
    ) -> asyncio.Task[T]:
        """Run a coroutine as an owned task on the running loop.

        Args:
            coroutine: To be run.
            name: Stands behind the owner's.
            fields: Stand in what it logs, beside the owner's.

        Raises:
            RuntimeError: The owner was closed; the coroutine is closed unawaited.
        """
        if self._closed:
            coroutine.close()
            raise RuntimeError(f"{self._name} is closed; {name} was not started")
        loop = asyncio.get_running_loop()
        context = logs.context(**(self._fields | fields))
        task = loop.create_task(coroutine, name=f"{self._name}:{name}", context=context)
        self._tasks.add(task)
        task.add_done_callback(self._done, context=context)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        if (error := task.exception()) is not None:
            log.error("task failed", task=task.get_name(), exc_info=error)

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
