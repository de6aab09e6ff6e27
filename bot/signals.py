"""Signals of the operating system that ask the process to end."""

import asyncio
import signal
from collections.abc import Callable


def on_end(callback: Callable[[], None]) -> Callable[[], None]:
    """Call back on an interrupt or a request to end; returns how to stop that.

    Where the event loop has no signal handlers (Windows), nothing is called back: an interrupt
    arrives there as KeyboardInterrupt, which ends the process by itself.
    """
    loop = asyncio.get_running_loop()
    caught = []
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, callback)
        except NotImplementedError:  # asyncio's word for having none
            continue
        caught.append(number)

    def forget() -> None:
        for number in caught:
            loop.remove_signal_handler(number)

    return forget
