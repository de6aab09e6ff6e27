"""Silero's speech detector (MIT) in the copy that faster-whisper ships, run along a stream.

The network sees 32 ms windows with the 4 ms before them, and carries an LSTM's state from window
to window. About 0.2 ms of CPU for each window.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.errors import ModelError

WINDOW = 512
_CONTEXT = 64
_STATE = (1, 1, 128)
_FILE = "silero_vad_v6.onnx"


class StreamingSileroDetector:
    """One network shared by all streams; onnxruntime runs it from any thread.

    Raises:
        ModelError: faster-whisper or onnxruntime is missing, or the file in it.
    """

    def __init__(self) -> None:
        try:
            import onnxruntime  # noqa: PLC0415 - an extra, and slow to import
            from faster_whisper.utils import get_assets_path  # noqa: PLC0415
        except ImportError as error:
            raise ModelError("The local engine needs the extra 'local'.") from error
        path = Path(get_assets_path()) / _FILE
        if not path.is_file():
            raise ModelError(f"faster-whisper came without {_FILE}.")
        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = 1
        self._network = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    @property
    def window(self) -> int:
        """Samples in one window."""
        return WINDOW

    def open(self) -> "SileroStream":
        """Open a stream with fresh state."""
        return SileroStream(self._network)


class SileroStream:
    """The state along one stream. Not safe for two threads at once."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._context: npt.NDArray[np.float32] = np.zeros(_CONTEXT, np.float32)
        self._rest: npt.NDArray[np.float32] = np.zeros(0, np.float32)

    def feed(self, pcm: bytes) -> Sequence[float]:
        """Return the probability of speech for each 32 ms window that `pcm` completes."""
        fresh = np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)
        samples = np.concatenate((self._rest, fresh))
        whole = len(samples) // WINDOW * WINDOW
        self._rest = samples[whole:]
        if not whole:
            return ()
        windows = samples[:whole].reshape(-1, WINDOW)
        before = np.vstack((self._context, windows[:-1, -_CONTEXT:]))
        self._context = windows[-1, -_CONTEXT:].copy()
        found, self._h, self._c = self._network.run(
            None, {"input": np.hstack((before, windows)), "h": self._h, "c": self._c}
        )
        return [float(value) for value in np.ravel(found)]
