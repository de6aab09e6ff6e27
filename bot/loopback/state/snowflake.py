"""Discord's ids: milliseconds since 2015 above 22 bits of counter."""

from collections.abc import Callable
from datetime import UTC, datetime

EPOCH_MS = 1_420_070_400_000  # 2015-01-01T00:00:00Z

WallClock = Callable[[], datetime]


def wall_clock() -> datetime:
    """Return the time of day, aware, in UTC."""
    return datetime.now(UTC)


class Snowflakes:
    """Makes ids: unique, growing, and dated by the wall clock given."""

    def __init__(self, wall: WallClock) -> None:
        self._wall = wall
        self._last = 0

    def new(self) -> int:
        """Return the next id."""
        stamp = (int(self._wall().timestamp() * 1000) - EPOCH_MS) << 22
        self._last = max(self._last + 1, stamp)
        return self._last


def created_at(snowflake: int) -> datetime:
    """Return the time of day at which an id was made."""
    return datetime.fromtimestamp(((snowflake >> 22) + EPOCH_MS) / 1000, UTC)


def iso(moment: datetime) -> str:
    """Return a time as Discord writes it."""
    return moment.isoformat(timespec="microseconds")
