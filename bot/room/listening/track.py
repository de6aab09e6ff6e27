"""An utterance's voice on its way to the page, as `VoiceQueue` minds it.

Browsers play by themselves: what is known here is how long that takes.
"""

from bot.clock import Clock
from bot.domain.audience import Broadcast
from bot.domain.events import VOICE_RATE

_BYTES_PER_S = VOICE_RATE * 2


class PageTrack:
    """Implements VoiceTrack for the listeners of one language.

    Args:
        broadcast: The page.
        language: Whose listeners hear it.
        clock: Tells the time.
    """

    def __init__(self, broadcast: Broadcast, language: str, clock: Clock) -> None:
        self._broadcast = broadcast
        self._language = language
        self._clock = clock
        self._until = clock.now()  # when it is played out
        self._ended = False
        self._dropped = False

    @property
    def over(self) -> bool:
        """Whether nothing more is heard of it."""
        return self._dropped or (self._ended and self.left_s() <= 0)

    def left_s(self) -> float:
        """Return the seconds that are still to be heard."""
        return 0.0 if self._dropped else max(0.0, self._until - self._clock.now())

    def add(self, pcm: bytes) -> None:
        """Have more of it heard."""
        if not (self._ended or self._dropped):
            now = self._clock.now()
            self._until = max(now, self._until) + len(pcm) / _BYTES_PER_S
            self._broadcast.voice(self._language, pcm)

    def end(self) -> None:
        """Record that no more comes."""
        if not (self._ended or self._dropped):
            self._ended = True
            self._broadcast.voice_ended(self._language)

    def drop(self) -> None:
        """Have nothing more of it heard."""
        if not self.over:
            self._dropped = True
            self._broadcast.voice_cut(self._language)

    def hold(self, *, on: bool) -> None:
        """Do nothing: who reads along by ear is not in the call's way."""

    def set_gain(self, gain: float) -> None:
        """Do nothing: each browser has a volume of its own."""

    def set_rate(self, rate: float) -> None:
        """Do nothing: a backlog is skipped, not hurried through."""
