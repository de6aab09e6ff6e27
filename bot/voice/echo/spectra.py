"""Short spectra of speech, every 16 ms, and speech from them."""

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

WINDOW: Final = 512  # samples, 32 ms
HOP: Final = 256
BINS: Final = WINDOW // 2 + 1

Sound: TypeAlias = npt.NDArray[np.float32]
Spectra: TypeAlias = npt.NDArray[np.complex64]  # a row for each hop
Power: TypeAlias = npt.NDArray[np.float32]

# Its squares at a distance of a hop add up to one, so what is taken apart can be put together.
_SHAPE: Final = np.sin(np.pi * (np.arange(WINDOW) + 0.5) / WINDOW).astype(np.float32)


def spectra(sound: Sound) -> Spectra:
    """Of each window that is whole; of n hops of sound there are n - 1."""
    windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    return np.fft.rfft(windows * _SHAPE, axis=1).astype(np.complex64)


def windows_of(found: Spectra) -> Sound:
    """Return the windows again, to be added with an overlap of a hop."""
    windows: Sound = (np.fft.irfft(found, WINDOW, axis=1) * _SHAPE).astype(np.float32)
    return windows
