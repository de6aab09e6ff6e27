"""Keeps the sum of voices below full scale, without a click."""

from itertools import pairwise

import numpy as np

from bot.voice.playback.stretch import Samples

CEILING = 0.89  # of full scale, -1 dB, as the codec overshoots
_BLOCK = 60  # samples, 2.5 ms at 24 kHz
_RELEASE = 1.012  # growth of the gain per block: from half to full in 145 ms


class Limiter:
    """Lowers the volume before a peak arrives; this delays the sound by 2.5 ms.

    Between the edges of blocks the gain is linear. At an edge it is never above what the blocks on
    either side need.
    """

    def __init__(self) -> None:
        self._kept: Samples = np.zeros(_BLOCK, np.float32)
        self._need = 1.0  # of the block that is kept
        self._edge = 1.0  # the gain at its beginning

    @property
    def empty(self) -> bool:
        """Whether only silence is kept."""
        return not self._kept.any()

    def process(self, frame: Samples) -> Samples:
        """Take a frame of whole blocks; return the limited sound, one block later."""
        sound = np.concatenate((self._kept, frame))
        peaks = np.abs(frame.reshape(-1, _BLOCK)).max(axis=1)
        self._kept = frame[-_BLOCK:].copy()
        out = sound[: len(frame)]
        if self._edge == 1.0 and self._need == 1.0 and peaks.max() <= CEILING:
            return out
        needs = [self._need, *(min(1.0, CEILING / peak) if peak else 1.0 for peak in peaks)]
        edges = [self._edge]
        for before, behind in pairwise(needs):
            edges.append(min(before, behind, edges[-1] * _RELEASE, 1.0))
        self._need, self._edge = needs[-1], edges[-1]
        at = np.arange(len(out)) / _BLOCK
        return (out * np.interp(at, range(len(edges)), edges)).astype(np.float32)
