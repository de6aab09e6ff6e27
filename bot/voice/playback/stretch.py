"""Speech made faster or slower at its own pitch, by libsonic."""

import libsonic
import numpy as np
import numpy.typing as npt

from bot.domain.events import VOICE_RATE

Samples = npt.NDArray[np.float32]


class Stretcher:
    """Changes the speed of one stream of speech, 24 kHz, mono, samples from -1 to 1.

    Begins with the first sample as it is, so that it can take over in the middle of an utterance.
    About 2 ms of CPU for a second of speech.
    """

    def __init__(self) -> None:
        self._stream = libsonic.SonicStream(VOICE_RATE, 1)
        self._rate = 1.0
        self._out: Samples = np.empty(0, np.float32)

    def __len__(self) -> int:
        """Samples that can be taken."""
        return len(self._out)

    def set_rate(self, rate: float) -> None:
        """Speak so many times as fast from now on."""
        if rate != self._rate:
            self._rate = rate
            self._stream.set_speed(rate)

    def add(self, samples: Samples) -> None:
        """Take more speech; up to 40 ms of it are kept until more comes."""
        self._stream.write(samples)
        self._collect()

    def flush(self) -> None:
        """Make what was kept ready, as nothing follows it for now."""
        self._stream.flush()
        self._collect()

    def take(self, most: int) -> Samples:
        """Up to so many samples."""
        taken, self._out = self._out[:most], self._out[most:]
        return taken

    def _collect(self) -> None:
        if ready := self._stream.available_frames():
            fresh = np.asarray(self._stream.read(ready), np.float32)
            self._out = np.concatenate((self._out, fresh))
