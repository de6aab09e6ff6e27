import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SEVERAL_THREADS = """
import ctypes, sys, threading
from bot.process import memory

if sys.argv[1] == "one":
    memory.keep_in_one_arena()
together = threading.Barrier(4)

def work():
    kept = [ctypes.create_string_buffer(4_000) for _ in range(500)]
    together.wait()

threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
out = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, out)
libc.fflush(out)
"""


def heaps(how: str, env: dict[str, str] | None = None) -> int:
    """How many heaps there are after four threads took memory."""
    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", SEVERAL_THREADS, how],
        cwd=ROOT,
        env=env or {},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout.count("<heap ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc's allocator")
def test_threads_share_one_heap_unless_the_host_says_otherwise() -> None:
    assert heaps("as it is") > 1
    assert heaps("one") == 1
    assert heaps("one", {"MALLOC_ARENA_MAX": "3"}) == 3
