"""How the process asks for memory: for a process that runs for months, with many threads."""

import ctypes
import os
from contextlib import suppress

_M_ARENA_MAX = -8  # of glibc's malloc.h


def keep_in_one_arena() -> None:
    """Have all threads share glibc's one heap, where there is a glibc; call it before any starts.

    By default each thread takes memory from an arena of its own, up to eight for each core, and
    what is freed in one serves no other: a process in which rooms come and go grew by some MB an
    hour, with nothing kept. What would be won by many is little, as Python's own objects are in
    none of them. `MALLOC_ARENA_MAX` in the environment goes before.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:  # noqa: TID251 - the C library's, not ours
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
