"""The bot in a process of its own, as it is run, and what that process uses."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Use:
    """What a process has used since it began.

    Attributes:
        at: Second of the monotonic clock.
        cpu_s: Of all threads, in the kernel too.
        loop_s: Of these, the main thread's: the event loop.
        machine_s: CPU seconds of all processes of the machine.
    """

    at: float
    cpu_s: float
    loop_s: float
    machine_s: float


class BotProcess:
    """`parley run`, with settings from its environment alone.

    Args:
        env: The settings.
        folder: Where it runs, and where its log is written.
        python: The interpreter and what comes before `-m bot run`.
    """

    def __init__(
        self, env: Mapping[str, str], folder: Path, python: tuple[str, ...] = (sys.executable,)
    ) -> None:
        self._log = folder / "bot.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - what it runs is this project
                [*python, "-m", "bot", "run"],
                cwd=folder,
                env={**env, "PYTHONPATH": str(ROOT), "PATH": os.defpath, "LOG_LEVEL": "warning"},
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        """Its id."""
        return self._process.pid

    def log(self) -> str:
        """Return what it logged, warnings and worse."""
        return self._log.read_text(encoding="utf-8")

    def use(self) -> Use:
        """Return what it has used."""
        folder = Path("/proc") / str(self.pid)
        return Use(
            time.monotonic(),
            sum(map(_cpu_s, (folder / "task").iterdir())),
            _cpu_s(folder / "task" / str(self.pid)),
            _machine_s(),
        )

    def resident_mb(self) -> float:
        """Return the memory that it shares with no other process."""
        rows = (Path("/proc") / str(self.pid) / "smaps_rollup").read_text(encoding="ascii")
        return (
            sum(int(row.split()[1]) for row in rows.split("\n") if row.startswith("Private")) / 1e3
        )

    def dropped(self) -> int:
        """Return how many datagrams the kernel dropped, as its sockets were full."""
        own = set()
        for entry in (Path("/proc") / str(self.pid) / "fd").iterdir():
            try:
                target = str(entry.readlink())
            except FileNotFoundError:
                continue
            own.add(target.removeprefix("socket:[").removesuffix("]"))
        rows = Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]
        return sum(int(fields[-1]) for row in rows if (fields := row.split())[9] in own)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        for _tenth in range(200):
            if self._process.poll() is not None:
                return
            await asyncio.sleep(0.1)
        self._process.kill()
        self._process.wait()


def _cpu_s(task: Path) -> float:
    try:
        return int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    except FileNotFoundError:
        return 0.0


def _machine_s() -> float:
    row = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0]
    spent = [int(field) for field in row.split()[1:8]]
    return (sum(spent) - sum(spent[3:5])) / _TICKS  # without what it was idle or waited for
