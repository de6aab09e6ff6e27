"""The bot of a soak, in a process of its own that says what it holds open.

Runs with the settings of its environment. Answers each line of its input with a line of JSON;
ends as the input does.
"""

import asyncio
import ctypes
import gc
import json
import os
import re
import socket
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from bot import logs, settings
from bot.app import App, running
from bot.process import memory

_LIBC = ctypes.CDLL("libc.so.6")


class _Allocated(ctypes.Structure):
    """glibc's mallinfo2."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


_LIBC.mallinfo2.restype = _Allocated


def held(app: App) -> dict[str, Any]:
    """Return what this process holds open now."""
    gc.collect()
    _LIBC.malloc_trim(0)  # what is free is not held
    allocated = _LIBC.mallinfo2()
    tasks = Counter(_name(task) for task in asyncio.all_tasks() if not task.done())
    threads = Counter(
        re.sub(r"Thread-\d+ ", "", thread.name)
        for thread in threading.enumerate()
        if "asyncio_" not in thread.name
    )
    rows = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").split("\n")
    private = sum(int(row.split()[1]) for row in rows if row.startswith("Private"))
    return {
        "tasks": tasks,
        "threads": threads,
        "files": Counter(_kind(each) for each in Path("/proc/self/fd").iterdir()),
        "rooms": len(app.rooms),
        "objects": Counter(type(each).__qualname__ for each in gc.get_objects()),
        "blocks": sys.getallocatedblocks(),
        "kb": private,
        "in_use_kb": (allocated.uordblks + allocated.hblkhd) // 1024,
    }


def _kind(file: Path) -> str:
    """Return what a file descriptor is of: a file's name, "pipe", the port that a socket is to."""
    try:
        name = file.readlink().name.split(":")[0]
        if name != "socket":
            return name
        with socket.socket(fileno=os.dup(int(file.name))) as held:
            peer = held.getpeername()
            return f"socket to {peer[1]}" if isinstance(peer, tuple) else "socket of a pair"
    except OSError:  # that of the listing itself, and what was closed meanwhile
        return "closed"


def _name(task: asyncio.Task[Any]) -> str:
    """Return what the task is: its name without what is counted, or else its function's."""
    name = task.get_name()
    if not name.startswith("Task-"):
        return name.split(" ")[0]
    return getattr(task.get_coro(), "__qualname__", name)


async def main() -> None:
    """Run it."""
    memory.keep_in_one_arena()
    config = settings.load(None)
    secret = config.discord.token.get_secret_value()
    logs.configure("info", "text", secrets=(secret,))
    loop = asyncio.get_running_loop()
    async with running(config) as app:
        gc.collect()
        gc.freeze()
        asked = asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(asked), sys.stdin)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while await asked.readline():
            sys.stdout.write(json.dumps(held(app)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
