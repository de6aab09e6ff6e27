"""The pause after speech: since when, and for how long silence is fed into it.

The service ends a turn only when it hears silence, and Discord sends none.
"""

from bot.translation import timeouts


class Pause:
    """Between a speaker's last word and the next. A conversation begins in one."""

    def __init__(self) -> None:
        self.since: float | None = 0.0  # clock seconds; None while there is speech
        self.tick_at = 0.0  # of the next chunk of silence
        self._fed_until: float | None = None
        self._ended_before = 0  # turns, when it began

    @property
    def fed(self) -> bool:
        """Whether silence is being fed."""
        return self._fed_until is not None

    @property
    def over(self) -> bool:
        """Whether there is a pause and silence is no longer fed."""
        return self.since is not None and not self.fed

    def begin(self, now: float, ended: int) -> None:
        """Begin a pause: the speaker stopped, and so many turns had ended by then."""
        self.since = now
        self._ended_before = ended

    def break_off(self) -> None:
        """End the pause: the speaker goes on."""
        self.since = None
        self._fed_until = None

    def feed(self, now: float) -> None:
        """Record that silence is fed from now on."""
        self.tick_at = now
        self._fed_until = now + timeouts.SILENCE_S

    def tick(self, now: float, *, answered: bool) -> bool:
        """Move on to the next tick; says whether a chunk of silence is due at this one."""
        # Ticks are at fixed times, so that a late one does not lengthen the silence.
        self.tick_at += timeouts.TICK_S
        if self.tick_at < now - timeouts.MOST_LATE_S:
            self.tick_at = now + timeouts.TICK_S
        if self._fed_until is not None and (answered or now >= self._fed_until):
            self._fed_until = None
        return self.fed

    def answered(self, ended: int) -> bool:
        """Return whether a turn ended since the pause began; `ended` is how many have."""
        return ended > self._ended_before
