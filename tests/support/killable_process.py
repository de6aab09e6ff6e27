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

_NURSERY = """
import importlib, os, sys

module, _, name = sys.argv[1].partition(":")
life = getattr(importlib.import_module(module), name)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        life(*sys.argv[2:], line.strip())
        os._exit(0)
    print("born", pid, flush=True)
    os.waitpid(pid, 0)
    print("dead", flush=True)
"""


class Mortal:
    """Lives one life after the other.

    Args:
        orders: The parent's input: a line for each life.
        words: What the parent and the living say.
    """

    def __init__(self, orders: IO[str], words: IO[str]) -> None:
        self._orders = orders
        self._words = words
        self._pid = 0

    def live(self, order: str) -> None:
        """Begin a life."""
        self._orders.write(f"{order}\n")
        self._orders.flush()
        self._pid = int(self._heard("born").split()[1])

    def die(self) -> list[str]:
        """Kill it where it stands; what it had said that no line was read of."""
        os.kill(self._pid, signal.SIGKILL)
        self._pid = 0
        said = []
        while (line := self._words.readline().strip()) != "dead":
            said.append(line)
        return said

    def end(self) -> None:
        """Kill it if it lives."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
        self._orders.close()

    def line(self) -> str:
        """What it says next."""
        return self._words.readline().strip()

    def _heard(self, word: str) -> str:
        line = self.line()
        assert line.startswith(word), line
        return line


@contextmanager
def mortal(life: str, *arguments: str) -> Iterator[Mortal]:
    """A parent of lives.

    Args:
        life: "module:function" that is called in each, with the arguments and its order.
        arguments: Of every life.
    """
    with subprocess.Popen(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", _NURSERY, life, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        living = Mortal(process.stdin, process.stdout)
        try:
            yield living
        finally:
            living.end()
