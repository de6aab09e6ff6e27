"""Whether a voice link still works, and what is wrong when it does not. Pure; given the time."""

from dataclasses import dataclass

DEAF_AFTER_S = 3.0  # packets that do not open, while none does
KEYLESS_AFTER_S = 8.0  # others are in the call, and their group does not take the bot in
APART_AFTER_S = 10.0  # without a connection, while discord.py tries to find a new one
STRANDED_AFTER_S = 1.0  # likewise, when it does not
DISMISSED_AFTER_S = 1.0  # after close code 4014, when discord.py would have followed a move

UNHEARD = "unheard"
REASONS = ("poller ended", "absent", "gateway down", "apart", "keyless", "deaf", UNHEARD)
TELL_AFTER_S = 3.0  # of trouble, from when on people are told

_DISMISSED = 4014
_RATE_LIMITED = 4021
_RATE_LIMITED_REST_S = 30.0  # Discord asks not to come back at once
_REST_S = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)  # before each rejoin in a row
_WELL_AFTER_S = 60.0  # after a rejoin, from when on the next counts as the first again


@dataclass(frozen=True, slots=True)
class Vitals:
    """What is known of a link at one moment.

    Attributes:
        poller_ended: discord.py reads the voice gateway no more.
        down_since: Clock seconds since when the voice gateway is gone; None while it is there.
        close_code: Why the voice gateway closed.
        absent: Discord says that it is in no voice channel.
        apart_since: Clock seconds since when there is no connection; None while there is.
        trying: discord.py tries to find a new one.
        keyless_since: Clock seconds since when it is among others without their keys.
        failing_since: Clock seconds since when packets came and none opened; None while some do.
        failing_until: Clock seconds of the last that did not.
        unheard: Discord says that a member speaks, and nothing of theirs comes.
    """

    poller_ended: bool = False
    down_since: float | None = None
    close_code: int = 0
    absent: bool = False
    apart_since: float | None = None
    trying: bool = False
    keyless_since: float | None = None
    failing_since: float | None = None
    failing_until: float = 0.0
    unheard: bool = False


def ailment(vitals: Vitals, now: float) -> str | None:
    """Return what is wrong in a word, when only joining afresh helps; None if nothing is."""

    def lasts(since: float | None, seconds: float) -> bool:
        return since is not None and now - since >= seconds

    # discord.py would come back as well, after a rest that grows with each time to 2 minutes.
    patience = DISMISSED_AFTER_S if vitals.close_code == _DISMISSED else 0.0
    # It must fail now and have failed for long: one bad packet an hour ago is no reason.
    failing = vitals.failing_since is not None and now - vitals.failing_until < 1.0
    ailments = {
        "poller ended": vitals.poller_ended,
        "absent": vitals.absent,
        "gateway down": lasts(vitals.down_since, patience),
        "apart": lasts(vitals.apart_since, APART_AFTER_S if vitals.trying else STRANDED_AFTER_S),
        "keyless": lasts(vitals.keyless_since, KEYLESS_AFTER_S),
        "deaf": failing and vitals.failing_until - (vitals.failing_since or 0.0) >= DEAF_AFTER_S,
        UNHEARD: vitals.unheard,
    }
    return next((name for name, ails in ailments.items() if ails), None)


class Patience:
    """When to join afresh, and when to give up: at once, then after longer and longer rests."""

    def __init__(self) -> None:
        self._attempts = 0
        self._last_at = 0.0

    @property
    def exhausted(self) -> bool:
        """Whether it was tried often enough."""
        return self._attempts >= len(_REST_S)

    def fresh(self, now: float) -> bool:
        """Return whether the next attempt is the first, or counts as the first again."""
        return not self._attempts or now - self._last_at > _WELL_AFTER_S

    def rest_s(self, now: float, close_code: int = 0) -> float:
        """Return the seconds to wait before the next attempt, which this counts.

        Args:
            now: Clock seconds.
            close_code: Why the voice gateway went, if it did.
        """
        if self.fresh(now):
            self._attempts = 0
        rest = _REST_S[min(self._attempts, len(_REST_S) - 1)]
        if close_code == _RATE_LIMITED:
            rest = max(rest, _RATE_LIMITED_REST_S)
        self._attempts += 1
        self._last_at = now + rest
        return rest


class Trouble:
    """When people should be told that nobody is heard: once it lasts, and once it is over."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._told = False

    def step(self, now: float, *, ailing: bool) -> bool | None:
        """Return True to say that nobody is heard, False that it is over, else None."""
        if not ailing:
            told, self._told, self._since = self._told, False, None
            return False if told else None
        if self._since is None:
            self._since = now
        if self._told or now - self._since < TELL_AFTER_S:
            return None
        self._told = True
        return True
