"""What an interrupt does while nothing has begun that would have to be ended."""

import os
import signal
from types import FrameType

STOPPED = "parley: stopped."


def end_at_once() -> None:
    """End the process on an interrupt with one line, whatever is being imported just then."""
    signal.signal(signal.SIGINT, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    os.write(2, f"{STOPPED}\n".encode())
    os._exit(128 + number)


def ignore() -> None:
    """Let further interrupts pass: the process ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
