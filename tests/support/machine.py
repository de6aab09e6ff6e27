"""How busy this machine is with something else: what a test may not blame the bot for."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TASKS = Path("/proc/self/task")


@dataclass(frozen=True, slots=True)
class Share:
    """What this process's threads got of the processors so far, in seconds.

    Attributes:
        ran_s: They ran.
        waited_s: They could have run, and others did. Zero where the system does not tell.
    """

    ran_s: float
    waited_s: float

    def since(self, before: "Share") -> "Share":
        """What they got between the two."""
        return Share(max(0.0, self.ran_s - before.ran_s), max(0.0, self.waited_s - before.waited_s))

    @property
    def slower(self) -> float:
        """How many times as long everything took as on a machine of its own."""
        return 1.0 + self.waited_s / self.ran_s if self.ran_s else 1.0


def share() -> Share:
    """What this process got of the machine until now."""
    ran = waited = 0
    if _TASKS.exists():
        for task in _TASKS.iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):  # it ended
                figures = (task / "schedstat").read_text("ascii").split()
                ran += int(figures[0])
                waited += int(figures[1])
    return Share(ran / 1e9, waited / 1e9)
