"""Several bot processes, forked from one that has imported the bot, so that each starts at once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]

_PARENT = """
import asyncio, json, os, signal, sys
from bot.process.run import run

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
for line in sys.stdin:
    order = json.loads(line)
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["env"])
        log = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 2)
        os._exit(asyncio.run(run()))
    print(pid, flush=True)
"""


class BotProcesses:
    """Starts and kills processes.

    Args:
        orders: The parent's input: a line for each process.
        words: What it prints: their numbers.
    """

    def __init__(self, orders: IO[str], words: IO[str]) -> None:
        self._orders = orders
        self._words = words
        self.running: list[int] = []

    def start(self, folder: Path, env: dict[str, str]) -> int:
        """Start a bot in a folder; return the number of its process."""
        folder.mkdir(exist_ok=True)
        self._orders.write(json.dumps({"folder": str(folder), "env": env}) + "\n")
        self._orders.flush()
        pid = int(self._words.readline())
        self.running.append(pid)
        return pid

    def kill(self, *pids: int) -> None:
        """Kill these at once."""
        for pid in pids:
            self.running.remove(pid)
            os.kill(pid, signal.SIGKILL)


@contextmanager
def bot_processes() -> Iterator[BotProcesses]:
    """Run a parent that forks bots; whatever runs at the end is killed."""
    with subprocess.Popen(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", _PARENT],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdin is not None
        assert parent.stdout is not None
        bots = BotProcesses(parent.stdin, parent.stdout)
        try:
            yield bots
        finally:
            for pid in bots.running:
                with suppress(ProcessLookupError):  # it ended by itself, which its log explains
                    os.kill(pid, signal.SIGKILL)
            parent.stdin.close()
