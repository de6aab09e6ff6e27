"""How a process with many threads, which runs for months, asks for memory."""

import ctypes
import os
from contextlib import suppress

_M_ARENA_MAX = -8  # of glibc's malloc.h


def keep_in_one_arena() -> None:
    """Make all threads share one heap, where the C library is glibc; call it before any starts.

    By default each thread takes memory from an arena of its own, up to eight for each core, and
    what is freed in one serves no other, so the process grows as rooms come and go. Several arenas
    would save little time, as Python's small objects are in none of them. `MALLOC_ARENA_MAX` in the
    environment takes precedence.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:  # noqa: TID251 - the C library's, not ours
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
