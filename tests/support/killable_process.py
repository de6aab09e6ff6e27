"""A process that can be killed and started again within milliseconds, as it is forked."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]

_PARENT = """
import importlib, os, sys

module, _, name = sys.argv[1].partition(":")
run = getattr(importlib.import_module(module), name)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        run(*sys.argv[2:], line.strip())
        os._exit(0)
    print("started", pid, flush=True)
    os.waitpid(pid, 0)
    print("ended", flush=True)
"""


class KillableProcess:
    """Runs one process after the other.

    Args:
        orders: The parent's input: a line for each process.
        words: What the parent and the processes print.
    """

    def __init__(self, orders: IO[str], words: IO[str]) -> None:
        self._orders = orders
        self._words = words
        self._pid = 0

    def start(self, order: str) -> None:
        """Start a process."""
        self._orders.write(f"{order}\n")
        self._orders.flush()
        self._pid = int(self._heard("started").split()[1])

    def kill(self) -> list[str]:
        """Kill it at once; return what it printed that was not read."""
        os.kill(self._pid, signal.SIGKILL)
        self._pid = 0
        said = []
        while (line := self._words.readline().strip()) != "ended":
            said.append(line)
        return said

    def end(self) -> None:
        """Kill it if it runs."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
        self._orders.close()

    def line(self) -> str:
        """Return the next line that it prints."""
        return self._words.readline().strip()

    def _heard(self, word: str) -> str:
        line = self.line()
        assert line.startswith(word), line
        return line


@contextmanager
def killable(function: str, *arguments: str) -> Iterator[KillableProcess]:
    """Run a parent that forks processes.

    Args:
        function: "module:function" that is called in each, with the arguments and its order.
        arguments: The arguments of every process.
    """
    with subprocess.Popen(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", _PARENT, function, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        running = KillableProcess(process.stdin, process.stdout)
        try:
            yield running
        finally:
            running.end()
