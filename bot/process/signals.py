"""Signals of the operating system that ask the process to end."""

import asyncio
import signal
import sys
from collections.abc import Callable
from types import FrameType

Asked = Callable[[signal.Signals], None]

_ENDING = (signal.SIGINT, signal.SIGTERM)


def on_end(asked: Asked, *, at_once: Asked | None = None) -> Callable[[], None]:
    """Call back on an interrupt or a request to end; returns how to stop that.

    Args:
        asked: Called on the event loop, each time.
        at_once: Called before, whatever the main thread is doing just then, on that thread: it may
            not block, nor touch what others are in the middle of changing.
    """
    loop = asyncio.get_running_loop()

    def handle(number: int, _frame: FrameType | None) -> None:
        if at_once is not None:
            at_once(signal.Signals(number))
        loop.call_soon_threadsafe(asked, signal.Signals(number))

    before = {number: signal.getsignal(number) for number in _ENDING}
    for number in _ENDING:
        if sys.platform != "win32":  # there the loop wakes by itself, and knows no handlers
            loop.add_signal_handler(number, _wake)
        signal.signal(number, handle)

    def forget() -> None:
        for number, earlier in before.items():
            if sys.platform != "win32":
                loop.remove_signal_handler(number)
            signal.signal(number, earlier)

    return forget


def _wake() -> None:
    """Do nothing: that there is a handler makes the event loop look up."""
