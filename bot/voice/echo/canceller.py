"""Takes the played voice out of a member's signal, and says where speech of their own is left.

The way from the bot's voice to the member's microphone is a filter of a few taps for each
frequency. It is fitted by least squares to what came in the last seconds, where hops with speech of
the member's own count little, so it stays right while they talk. What the filter can't explain (the
loudspeaker's distortion, the tail of the room, frequencies not heard before) is expected from the
power of what was played, and taken out by its power.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.voice.echo.spectra import Power, Spectra

OWN: Final = 3.5  # see `Cleaned.own`
OWN_STILL: Final = 1.2  # where speech was just before
BEFORE: Final = 2  # hops before the likeliest delay at which the echo may begin already
TAPS: Final = 9  # hops, from there on

_LOW, _HIGH = 3, 224  # of the spectrum, 90 Hz to 7 kHz; nothing else is worth its time
_EDGES: Final = (3, 7, 11, 15, 20, 26, 33, 41, 51, 63, 77, 94, 114, 138, 176, 224)  # of bands
_SPEECH: Final = slice(1, 12)  # bands, 220 to 3560 Hz, by which speech is told
_STARTS: Final = np.array(_EDGES[:-1]) - _LOW
_WIDTHS: Final = np.diff(_EDGES)
_BANDS: Final = len(_WIDTHS)
_FORGETS: Final = np.float32(np.exp(-16 / 1500))  # each hop; time constant 1.5 s
_FADING: Final[Power] = (0.55 ** np.maximum(np.arange(TAPS) - BEFORE, 0)).astype(np.float32)
_TAIL: Final = np.float32(10 ** (-0.18))  # what is left of a room's tail a hop later
_LATE: Final = np.float32(0.5) * _TAIL ** (TAPS - BEFORE)  # of it, what comes behind the taps
_LEFT: Final = np.float32(0.1)  # of an echo's power, what is left unexplained at best
_STEADY: Final = np.float32(0.1)  # of the mean power: what is taken for noise at least in any hop
_FADES: Final = 1 - 1 / 400  # each hop, of what is known about how loud the echo is
_SOFTER: Final = 0.5  # of the played voice, how much returns softer than expected
_FAINTEST: Final = -65  # decibels, from there on it is told in whole ones how loud it is
_LOUDNESSES: Final = 80
_OVER: Final = np.float32(3.5)  # so many times as loud as expected may an echo be
_RISE: Final = np.float32(1.004)  # of the noise floor, each hop
_LINGERS: Final = 8  # hops after speech, 130 ms, from which nothing is taken by its power
_AUDIBLE: Final = 2e7  # power of speech in a window, below which nobody hears any


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Some hops, with the echo taken out.

    Attributes:
        spectra: What is left.
        own: How far what is left stands above what may be echo or noise, for each hop; above
            `OWN` it is likely speech of the member's own.
    """

    spectra: Spectra
    own: npt.NDArray[np.float32]


class Canceller:
    """The echo's way to one member's microphone."""

    def __init__(self) -> None:
        bins = _HIGH - _LOW
        self._matrix = np.zeros((bins, TAPS, TAPS), np.complex64)
        self._right = np.zeros((bins, TAPS), np.complex64)
        self._filter = np.zeros((bins, TAPS), np.complex64)
        self._returned = np.zeros((_BANDS, _LOUDNESSES))  # how much of the voice, how loud
        self._loud = np.zeros(_BANDS, np.float32)
        self._misfit = np.ones(_BANDS, np.float32)  # share of an echo that the filter leaves
        self._tail = np.zeros(_BANDS, np.float32)
        self._tails = deque([self._tail] * (TAPS - BEFORE), TAPS - BEFORE)  # the latest
        self._floor = np.zeros(_BANDS, np.float32)
        self._smooth = np.zeros(_BANDS, np.float32)
        self._since = _LINGERS  # hops since the last of the member's own

    def learn(self, own: Spectra, played: Spectra) -> None:
        """Begin with hops that came before, as `clean` takes them."""
        y, x = own[:, _LOW:_HIGH], _taps(played, len(own))
        for _ in range(3):
            self._matrix[:] = 0
            self._right[:] = 0
            self._fit(y, x)
        heard = _banded(_power(y))
        self._loudness(heard, _expected(x))
        # The softest of what came is noise, or near it.
        self._smooth = self._floor = np.percentile(heard, 20, axis=0).astype(np.float32)

    def clean(self, own: Spectra, played: Spectra) -> Cleaned:
        """Take the echo out of some hops.

        Args:
            own: The member's, n of them.
            played: What was played from `TAPS` - 1 - `BEFORE` hops and the delay before the first
                of them on: n + `TAPS` - 1 of them.
        """
        y, x = own[:, _LOW:_HIGH], _taps(played, len(own))
        self._fit(y, x)
        rest = y - np.einsum("tfl,fl->tf", x, self._filter)
        # As much is gone as can be; where the filter is wrong it must not add.
        rest = np.where(np.abs(rest) > np.abs(y), y, rest)
        heard, left = _banded(_power(y)), _banded(_power(rest))
        returned = _expected(x)
        expected = returned * self._loud
        own_share = np.empty(len(y), np.float32)
        gain = np.empty_like(left)
        for hop in range(len(y)):
            own_share[hop], gain[hop] = self._judge(heard[hop], left[hop], expected[hop])
        # One hop in four of speech counts as well, or an echo that became louder stayed speech.
        counts = (own_share < OWN) | (np.arange(len(y)) % 4 == 0)
        self._loudness(heard[counts], returned[counts])
        cleaned = np.zeros_like(own)
        cleaned[:, _LOW:_HIGH] = rest * np.repeat(gain, _WIDTHS, axis=1)
        return Cleaned(cleaned, own_share)

    def _judge(self, heard: Power, left: Power, expected: Power) -> tuple[float, Power]:
        self._tail = np.maximum(self._tail * _TAIL, expected)
        # However well the filter does, it knows nothing of what comes later than its taps.
        late = _LATE * self._tails[0]
        self._tails.append(self._tail)
        echo = _OVER * np.maximum(self._tail * np.maximum(self._misfit, _LEFT), late)
        self._smooth = self._smooth + np.float32(0.3) * (left - self._smooth)
        self._floor = np.minimum(self._floor * _RISE, self._smooth + 1.0)
        kept = np.maximum(left - echo, 0.0)
        share = _sum(kept) / (_sum(2.0 * self._floor + 0.5 * echo) + _AUDIBLE)
        # How well the filter does is seen while the member is silent.
        if _sum(self._tail) > _sum(2.0 * self._floor):
            rate = np.float32(0.08 if share < 1.0 else 0.005)
            self._misfit += rate * (np.minimum(left / np.maximum(heard, 1.0), 1.0) - self._misfit)
        # Beside speech some echo does less harm than holes in the speech.
        self._since = 0 if share > OWN else self._since + 1
        least = np.float32(1.0 if self._since < _LINGERS else 1e-4)
        return share, np.sqrt(np.maximum(kept, least * left) / np.maximum(left, 1e-3))

    def _loudness(self, heard: Power, expected: Power) -> None:
        """Judge how loud the echo is by the hops in which something was played.

        Hops count by how loud they were played. Most are the fall of a sound, and in a dry room
        softer than expected: if they counted as much, the sounds would pass for the member's own.
        """
        some = expected[:, _SPEECH].sum(axis=1) > _AUDIBLE
        if not some.any():
            return
        heard, expected = heard[some] + 1.0, expected[some] + 1.0
        loudness = np.rint(10 * np.log10(heard / expected)).astype(np.intp) - _FAINTEST
        at = np.clip(loudness, 0, _LOUDNESSES - 1) + np.arange(_BANDS) * _LOUDNESSES
        counted = np.bincount(at.ravel(), np.sqrt(expected).ravel(), _BANDS * _LOUDNESSES)
        self._returned *= _FADES ** len(heard)
        self._returned += counted.reshape(_BANDS, _LOUDNESSES)
        # The member's own words make some hops louder, never softer.
        below = np.cumsum(self._returned, axis=1)
        found = (below < _SOFTER * below[:, -1:]).sum(axis=1) + _FAINTEST
        self._loud = (10 ** (found / 10)).astype(np.float32)

    def _fit(self, y: Spectra, x: npt.NDArray[np.complex64]) -> None:
        count = len(y)
        keep = _FORGETS ** np.arange(count - 1, -1, -1, dtype=np.float32)
        error = _power(y - np.einsum("tfl,fl->tf", x, self._filter))
        # Smoothed over neighbours, so that a filter that fits one hop by chance is not believed.
        error[:, 1:-1] = (error[:, :-2] + error[:, 1:-1] + error[:, 2:]) / 3
        power = _power(y)
        # Else a few soft hops, which it can fit whatever they are, would outweigh all others.
        least = np.float32(0.02) * power + _STEADY * power.mean(axis=0) + 1e3
        weight = keep[:, None] / (error + least)
        weighted = (x * weight[:, :, None]).transpose(1, 2, 0)
        faded = keep[0] * _FORGETS
        self._matrix = faded * self._matrix + weighted @ x.conj().transpose(1, 0, 2)
        self._right = faded * self._right + (weighted @ y.conj().T[:, :, None])[:, :, 0]
        size = np.einsum("fll->f", self._matrix).real / TAPS
        loaded = self._matrix + (size * 0.01 + 1e-6)[:, None, None] * np.eye(
            TAPS, dtype=np.complex64
        )
        self._filter = np.linalg.solve(loaded, self._right[:, :, None])[:, :, 0].conj()


def _power(found: Spectra) -> Power:
    return np.square(found.real) + np.square(found.imag)


def _banded(power: Power) -> Power:
    """Return the mean over each band."""
    sums: Power = np.add.reduceat(power, _STARTS, axis=-1)
    sums /= _WIDTHS.astype(np.float32)
    return sums


def _sum(banded: Power) -> float:
    """Of the bands of speech."""
    return float((banded * _WIDTHS)[_SPEECH].sum())


def _expected(x: npt.NDArray[np.complex64]) -> Power:
    """Return the power of what was played, as a room returns it."""
    power: Power = np.square(x.real) + np.square(x.imag)
    return _banded(power @ _FADING)


def _taps(played: Spectra, count: int) -> npt.NDArray[np.complex64]:
    """For each hop and frequency, what was played at each of the taps, the latest first."""
    found = played[:, _LOW:_HIGH]
    windows = np.lib.stride_tricks.sliding_window_view(found, TAPS, axis=0)[:count]
    return np.ascontiguousarray(windows[:, :, ::-1])
