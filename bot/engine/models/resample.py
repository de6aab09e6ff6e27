"""Changing the rate of PCM16: a polyphase filter that carries its state along a stream."""

from math import gcd

import numpy as np
import numpy.typing as npt

_ZEROS = 16  # crossings of the sinc on each side
_BETA = 9.0  # of the Kaiser window
_ROLL_OFF = 0.94  # of the smaller Nyquist frequency


class Resampler:
    """PCM16 mono from one rate to another; the same in one piece as in many.

    Args:
        source: Hertz of what comes in.
        target: Hertz of what goes out.
    """

    def __init__(self, source: int, target: int) -> None:
        common = gcd(source, target)
        self._up, self._down = target // common, source // common
        self._half = int(np.ceil(_ZEROS * max(1.0, source / target)))
        self._taps = self._filters(source, target)
        self._buffer = np.zeros(self._half, np.float64)
        self._next = 0  # position of the next sample out, in 1/up of the buffer's samples
        self._owed = 0.0  # samples out that are due for what came in

    def _filters(self, source: int, target: int) -> npt.NDArray[np.float64]:
        """Return one row of taps for each phase."""
        cut = _ROLL_OFF * min(1.0, target / source)
        phase = np.arange(self._up)[:, None] / self._up
        at = np.arange(-self._half, self._half + 1)[None, :] - phase
        window = np.kaiser(2 * 4096 + 1, _BETA)
        place = np.clip(np.abs(at) / (self._half + 1), 0, 1)
        shape = np.interp(place, np.linspace(0, 1, 4097), window[4096:])
        taps = np.sinc(at * cut) * shape
        return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float64)

    def feed(self, pcm: bytes) -> bytes:
        """Return the samples at the new rate that can be computed by now."""
        fresh = np.frombuffer(pcm, "<i2").astype(np.float64)
        self._owed += len(fresh) * self._up / self._down
        self._buffer = np.concatenate((self._buffer, fresh))
        return self._take(len(self._buffer) - 2 * self._half)

    def flush(self) -> bytes:
        """Return the remaining samples, as the stream is over."""
        self._buffer = np.concatenate((self._buffer, np.zeros(2 * self._half + 1)))
        return self._take(len(self._buffer) - 2 * self._half)

    def _take(self, centres: int) -> bytes:
        count = max(0, -(-(centres * self._up - self._next) // self._down))
        count = min(count, round(self._owed))
        if count <= 0:
            return b""
        self._owed -= count
        places = self._next + self._down * np.arange(count)
        begins, phases = places // self._up, places % self._up
        windows = np.lib.stride_tricks.sliding_window_view(self._buffer, 2 * self._half + 1)
        out = np.einsum("ij,ij->i", windows[begins], self._taps[phases])
        after = self._next + self._down * count
        self._buffer = self._buffer[after // self._up :]
        self._next = after % self._up
        return bytes(np.clip(np.rint(out), -32768, 32767).astype("<i2").tobytes())


def resample(pcm: bytes, source: int, target: int) -> bytes:
    """Return a whole sound at another rate."""
    resampler = Resampler(source, target)
    return resampler.feed(pcm) + resampler.flush()
