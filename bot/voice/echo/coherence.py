"""Finds the played voice in what a member sends.

For each delay there is a coherence: how far, frequency by frequency, one signal is the other
through a fixed filter. Rooms, loudspeakers and codecs change the filter, but there is one; between
the speech of two people there is none, however alike it sounds. Its mean over frequencies is near
nought for speech of one's own and near one for an echo alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.voice.echo.spectra import Power, Spectra

_BANDS: Final = slice(5, 112)  # 150 to 3500 Hz, where speech is
_FORGETS: Final = np.float32(np.exp(-16 / 700))  # each hop; time constant 700 ms


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much of a signal is the other, at the likeliest delay.

    Attributes:
        share: Rough share of the signal's power, 0 to 1.
        delay: In hops.
        weight: How many hops it was measured over.
        excess: How far the share stands out from those at other delays.
    """

    share: float
    delay: int
    weight: float
    excess: float


class Coherence:
    """Compares one member's signal with what was played, at every delay.

    Args:
        delays: From 0, in hops.
    """

    def __init__(self, delays: int) -> None:
        self.delays = delays
        width = _BANDS.stop - _BANDS.start
        self._cross = np.zeros((delays, width), np.complex64)
        self._own = np.zeros((delays, width), np.float32)
        self._played = np.zeros((delays, width), np.float32)
        self._weight = np.zeros(delays, np.float32)

    def clear(self) -> None:
        """Forget what was compared."""
        for sums in (self._cross, self._own, self._played, self._weight):
            sums[:] = 0

    def add(self, own: Spectra, played: Spectra, audible: npt.NDArray[np.bool_]) -> None:
        """Compare some more hops.

        Args:
            own: What the member sent, n hops.
            played: What was played, from `delays` - 1 hops before the member's first on.
            audible: Which of these hops are not silent.
        """
        count = len(own)
        y, x = _compressed(own[:, _BANDS]), _compressed(played[:, _BANDS])
        power = np.square(x.real) + np.square(x.imag)
        mine = np.square(y.real) + np.square(y.imag)
        keep = _FORGETS ** np.arange(count - 1, -1, -1, dtype=np.float32)
        heard = audible.astype(np.float32)
        faded = _FORGETS**count
        y, mine = y * keep[:, None], mine * keep[:, None]
        # Row d of each is at the delay `delays` - 1 - d.
        xs = np.lib.stride_tricks.sliding_window_view(np.conj(x) * heard[:, None], count, axis=0)
        ps = np.lib.stride_tricks.sliding_window_view(power * heard[:, None], count, axis=0)
        hs = np.lib.stride_tricks.sliding_window_view(heard, count)
        self._cross = faded * self._cross + np.einsum("dft,tf->df", xs, y)
        self._played = faded * self._played + ps @ keep
        self._own = faded * self._own + hs @ mine
        self._weight = faded * self._weight + hs @ keep

    def weight(self, delay: int) -> float:
        """Over how many hops, as far as they are remembered, something was compared."""
        return float(self._weight[self.delays - 1 - delay])

    def likeness(self) -> Likeness:
        """Return the likeness as of now."""
        over = self._own * self._played
        parts = np.square(np.abs(self._cross)) / np.maximum(over, 1e-9)
        # Of few hops everything is like everything: that much is taken off.
        bias = 1.9 / np.maximum(self._weight, 2.0)
        shares = (parts.mean(axis=1) - bias) / (1 - np.minimum(bias, 0.95))
        shares[self._weight < 6] = 0.0
        best = int(np.argmax(shares))
        others = np.sort(shares[self._weight >= 6])
        usual = float(others[len(others) // 2]) if len(others) else 0.0
        return Likeness(
            float(shares[best]),
            self.delays - 1 - best,
            float(self._weight[best]),
            float(shares[best]) - usual,
        )


def _compressed(found: Spectra) -> Spectra:
    """With its loud parts less ahead of the soft ones, so that one vowel does not decide."""
    size: Power = np.abs(found)
    # Below a level that nobody hears it is not lifted.
    compressed: Spectra = found / np.sqrt(size + np.float32(100.0))
    return compressed
