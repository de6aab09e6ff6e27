"""Ends the process when it does not end by itself, and says what it was waiting for.

It works on a thread of its own, as what hangs may be the event loop, a library's thread, or the
interpreter, which at its exit waits for every thread. Nothing that it waits for itself is without a
bound: the log's reader may be what hangs.
"""

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

from bot.logs import get_logger

log = get_logger(__name__)

AFTER_S: Final = 9.2  # and some for the log: Docker kills after 10
_TELL_S: Final = 0.3  # for the log
_SAME_S: Final = 0.1  # `timeout` and others send a signal to the process and to its group
_MOST: Final = 8  # of tasks or threads that are named


class LastResort:
    """Waits to be armed, then for the end of the process.

    Args:
        loop: The event loop whose tasks may hang.
        doing: What is being ended just now.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, doing: Callable[[], str]) -> None:
        self._loop = loop
        self._doing = doing
        self._armed_at: float | None = None
        self._armed = threading.Event()
        self._hurried = threading.Event()
        self._status = 1
        threading.Thread(target=self._watch, name="last resort", daemon=True).start()

    def arm(self) -> None:
        """Have the process end within `AFTER_S`."""
        if self._armed_at is None:
            self._armed_at = time.monotonic()
            self._armed.set()

    def asked(self, number: int) -> None:
        """Note a signal to end: in time, and when it is the second one at once."""
        if self._armed_at is None:
            self.arm()
        elif time.monotonic() - self._armed_at > _SAME_S:
            self._status = 128 + number
            self._hurried.set()

    def _watch(self) -> None:
        self._armed.wait()
        if self._hurried.wait(AFTER_S):
            line = "ended at once, as a second signal came"
        else:
            line = f"ended after {AFTER_S:g} s, as something hangs"
        teller = threading.Thread(target=self._tell, args=(line,), daemon=True)
        teller.start()
        teller.join(_TELL_S)
        os._exit(self._status)

    def _tell(self, line: str) -> None:
        log.error(line, ending=self._hanging())
        logging.shutdown()

    def _hanging(self) -> str:
        tasks = sorted(task.get_name() for task in asyncio.all_tasks(self._loop))
        threads = [
            f"{thread.name} in {_place(frame)}"
            for thread in threading.enumerate()
            if not thread.daemon and (frame := sys._current_frames().get(thread.ident or 0))  # noqa: SLF001 - the way to see another thread's stack
        ]
        found = (self._doing(), *tasks[:_MOST], *threads[:_MOST])
        return "; ".join(one for one in found if one)


def _place(frame: FrameType) -> str:
    """Return where a thread is: the innermost function, and the file it is in."""
    code = frame.f_code
    return f"{code.co_name} ({Path(code.co_filename).name}:{frame.f_lineno})"
