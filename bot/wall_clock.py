"""The date: this machine's clock, held against Discord's and against the time that passes.

A machine's clock may be wrong when it starts, and it is set, forwards or back, while the bot runs.
What is written down would then be dated wrongly, and what is removed for its age can't be had back.
Discord dates each of its answers, and the first come with the login, so that a wrong clock is known
as such before anything is dated or removed by it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from bot.clock import Clock
from bot.logs import get_logger

log = get_logger(__name__)

WITHIN_S: Final = 60.0  # an answer may be slow, and a clock as wrong as that harms nobody
STAYS_S: Final = 60.0
_LATE_S: Final = 5.0  # Discord's dates are of whole seconds, and on their way for a while
STEADY_S: Final = 24 * 3600.0
_DRIFT: Final = 1e-3  # twice what a clock gains or loses while it is corrected slowly


class Wall(Protocol):
    """The date and time, in UTC."""

    def now(self) -> datetime:
        """Return the date, as well as it is known. It may be set meanwhile, forwards and back."""

    def reached(self) -> datetime | None:
        """Return a time surely reached, for what can't be undone; None: none is known yet."""


@dataclass(frozen=True, slots=True)
class _SeenDate:
    """A date as it was read.

    Attributes:
        offset: What to add to clock seconds for seconds since 1970.
        at: The clock second.
    """

    offset: float
    at: float

    def agrees(self, later: "_SeenDate", within_s: float = WITHIN_S) -> bool:
        """Return whether a later one fits the time that has passed."""
        return abs(later.offset - self.offset) <= within_s + _DRIFT * (later.at - self.at)

    def date(self, at: float) -> datetime:
        """Return the date at another clock second."""
        return datetime.fromtimestamp(self.offset + at, UTC)


def machine() -> datetime:
    """Return the date by this machine's clock."""
    return datetime.now(UTC)


class WallClock:
    """Implements Wall.

    As long as this machine's clock agrees with Discord's it is the date; else Discord's is. Surely
    reached is what both have reached. Where Discord's answers are not dated, a proxy having taken
    it away, this machine's clock is held against its own earlier readings: a step counts when it
    has lasted for a minute, and what it reads is sure when it has made none for a day.

    Args:
        clock: The time that passes.
        machine: This machine's clock, in UTC.
    """

    def __init__(self, clock: Clock, machine: Callable[[], datetime] = machine) -> None:
        self._clock = clock
        self._machine = machine
        self._discord: _SeenDate | None = None
        self._heard: _SeenDate | None = None  # the last, whether it counted or not
        self._steady = self._seen(machine())  # before this machine's clock made a step
        self._step: _SeenDate | None = None
        self._wrong = False  # so it was said
        self._unsure = False  # likewise

    def heard(self, date: datetime) -> None:
        """Take the date of an answer that Discord sent just now.

        It counts where this machine's clock or the answer before agrees: the wrong clock of one
        server is not worth more than both.
        """
        (read, ours), seen, before = self._read(), self._seen(date), self._heard
        self._heard = seen
        wrong = not ours.agrees(seen, WITHIN_S / 2 if self._wrong else WITHIN_S)
        if wrong and (before is None or not before.agrees(seen)):
            return
        if self._discord is not None and self._discord.agrees(seen, _LATE_S):
            # Not to waver with each answer.
            self._discord = _SeenDate(self._discord.offset, seen.at)
        else:
            self._discord = seen
        if wrong is not self._wrong:
            self._wrong = wrong
            if wrong:
                log.warning(
                    "this machine's clock disagrees with Discord's, which is used until they agree",
                    reads=read.isoformat(timespec="seconds"),
                    discord_reads=date.isoformat(timespec="seconds"),
                )
            else:
                log.info("this machine's clock agrees with Discord's again")

    def now(self) -> datetime:
        """Return the date, as well as it is known."""
        read, ours = self._read()
        other = self._discord or self._steady
        return read if other.agrees(ours) else other.date(ours.at)

    def seconds(self) -> float:
        """Return the date, in seconds since 1970."""
        return self.now().timestamp()

    def reached(self) -> datetime | None:
        """Return a time that is surely reached; None: none is known yet."""
        read, ours = self._read()
        if self._discord is not None:
            return min(read, self._discord.date(ours.at))
        if ours.at - self._steady.at >= STEADY_S:
            return min(read, self._steady.date(ours.at))
        if not self._unsure:
            self._unsure = True
            log.warning(
                "Discord's time is not known yet: nothing is removed for its age until it is, or "
                "until this machine's clock has been steady for a day"
            )
        return None

    def _seen(self, date: datetime) -> _SeenDate:
        now = self._clock.now()
        return _SeenDate(date.timestamp() - now, now)

    def _read(self) -> tuple[datetime, _SeenDate]:
        read = self._machine()
        ours = self._seen(read)
        if self._steady.agrees(ours):
            self._step = None
        elif self._step is None or not self._step.agrees(ours):
            self._step = ours
        elif ours.at - self._step.at >= STAYS_S:
            self._steady, self._step = self._step, None
        return read, ours
