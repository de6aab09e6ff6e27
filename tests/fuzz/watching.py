"""What must stay small while much is thrown: memory and the log."""

import gc
import logging
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STATM = Path("/proc/self/statm")


def resident_mb() -> float:
    """Memory of this process, in MB; 0 where the system does not tell."""
    gc.collect()
    if not _STATM.exists():
        return 0.0
    return int(_STATM.read_text().split()[1]) * resource.getpagesize() / 1e6


class Lines(logging.Handler):
    """Counts what is logged from INFO on."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.count = 0
        self.by_kind: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        self.count += 1
        self.by_kind[f"{record.name}: {record.msg}"] += 1


@contextmanager
def log_lines() -> Iterator[Lines]:
    """Counts the lines of all loggers."""
    lines, root = Lines(), logging.getLogger()
    level = root.level
    root.addHandler(lines)
    root.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.removeHandler(lines)
        root.setLevel(level)
