"""What a request to end does while nothing has begun that would have to be ended."""

import os
import signal
from types import FrameType

STOPPED = "parley: stopped."


def end_at_once() -> None:
    """End the process on an interrupt or a request to end, whatever is being imported just then.

    The system does that by itself, but not for the first process of a container, and Python answers
    an interrupt by a traceback.
    """
    signal.signal(signal.SIGINT, _end)
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    if number == signal.SIGINT:  # somebody at a terminal
        os.write(2, f"{STOPPED}\n".encode())
    os._exit(128 + number)


def ignore() -> None:
    """Let further interrupts pass: the process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
