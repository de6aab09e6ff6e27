"""Voice tracks without a sound: what was said on them, and when it is over."""

from bot.domain.events import VOICE_RATE
from tests.support.clock import ManualClock

_BYTES_PER_SECOND = VOICE_RATE * 2


class MemoryTrack:
    """The port `VoiceTrack`; everything is heard at once, or `lasts`."""

    def __init__(self, *, lasts: bool = False) -> None:
        self._lasts = lasts
        self.pcm = bytearray()
        self.ended = False
        self.dropped = False
        self.held = False
        self.gain = 1.0
        self.rate = 1.0

    @property
    def over(self) -> bool:
        return self.dropped or (self.ended and not self._lasts)

    def left_s(self) -> float:
        return float(self._lasts)

    def add(self, pcm: bytes) -> None:
        if not self.over:
            self.pcm += pcm

    def end(self) -> None:
        self.ended = True

    def drop(self) -> None:
        self.dropped = True

    def hold(self, *, on: bool) -> None:
        self.held = on

    def set_gain(self, gain: float) -> None:
        self.gain = gain

    def set_rate(self, rate: float) -> None:
        self.rate = rate


class TimedTrack(MemoryTrack):
    """One that takes its time, as a clock says; `lost` by its link, it is over, too."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self._at = self.began_at = clock.now()
        self.heard_s = 0.0
        self.lost = False

    def _pass(self) -> None:
        passed, self._at = self._clock.now() - self._at, self._clock.now()
        if not self.held and not self.dropped:
            total = len(self.pcm) / _BYTES_PER_SECOND
            self.heard_s = min(total, self.heard_s + passed * self.rate)

    @property
    def over(self) -> bool:
        return self.dropped or self.lost or (self.ended and self.left_s() < 1e-6)

    def left_s(self) -> float:
        self._pass()
        return (len(self.pcm) / _BYTES_PER_SECOND - self.heard_s) / self.rate

    def add(self, pcm: bytes) -> None:
        self._pass()
        super().add(pcm)

    def hold(self, *, on: bool) -> None:
        self._pass()
        super().hold(on=on)

    def set_rate(self, rate: float) -> None:
        self._pass()
        super().set_rate(rate)
