"""Where speech begins and ends, from the probability of speech in each window.

Speech begins with the first of three windows in a row above the threshold, and ends with the
first of the silent windows once they have lasted for the turn's silence. A window is silent
below the threshold less a margin, so that a fading syllable does not flutter. A shorter silence
is a pause: likely the end, which lets the engine begin its work early.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.engine.ports import SPEECH_RATE

_ONSET_WINDOWS = 3
_MARGIN = 0.15
_PAUSE_MS = 200


@dataclass(frozen=True, slots=True)
class Started:
    """Speech began at this sample."""

    sample: int


@dataclass(frozen=True, slots=True)
class Paused:
    """Speech may have ended at this sample."""

    sample: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The speech had not stopped after all: it goes on."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Speech ended at this sample."""

    sample: int


Boundary = Started | Paused | Resumed | Stopped


class Endpointer:
    """Boundaries of speech along one stream, counted in samples since its begin.

    Args:
        window: Samples in one window.
        threshold: Probability from which a window is speech, 0 to 1.
        silence_ms: Silence that ends speech.
        max_ms: Speech that goes on for longer is ended, and begins anew with the next window.
        position: Samples of the stream that passed before.
    """

    def __init__(
        self, window: int, threshold: float, silence_ms: int, max_ms: int, position: int = 0
    ) -> None:
        self._window = window
        self._speech_from = threshold
        self._silent_below = max(threshold - _MARGIN, 0.01)
        self._silence = silence_ms * SPEECH_RATE // 1000
        self._pause = min(self._silence, _PAUSE_MS * SPEECH_RATE // 1000)
        self._max = max_ms * SPEECH_RATE // 1000
        self.position = position
        self._onset = 0
        self._begin: int | None = None
        self._silent_from: int | None = None
        self._paused = False

    @property
    def speaking(self) -> bool:
        """Whether somebody speaks: between Started and Stopped."""
        return self._begin is not None

    def feed(self, probabilities: Sequence[float]) -> list[Boundary]:
        """Return the boundaries that these windows bring, in order."""
        return [boundary for each in probabilities for boundary in self._step(each)]

    def stop(self) -> list[Boundary]:
        """End the speech that goes on, if any, without waiting for silence."""
        if self._begin is None:
            return []
        end = self.position if self._silent_from is None else self._silent_from
        self._reset()
        return [Stopped(end)]

    def _reset(self) -> None:
        self._begin = self._silent_from = None
        self._paused = False
        self._onset = 0

    def _step(self, probability: float) -> Iterator[Boundary]:
        here = self.position
        self.position += self._window
        if self._begin is None:
            self._onset = self._onset + 1 if probability >= self._speech_from else 0
            if self._onset == _ONSET_WINDOWS:
                self._begin = self.position - _ONSET_WINDOWS * self._window
                yield Started(self._begin)
            return
        if probability >= self._speech_from:
            self._silent_from = None
            if self._paused:
                self._paused = False
                yield Resumed()
        elif probability < self._silent_below and self._silent_from is None:
            self._silent_from = here
        if self._silent_from is not None:
            quiet = self.position - self._silent_from
            if not self._paused and quiet >= self._pause:
                self._paused = True
                yield Paused(self._silent_from)
            if quiet >= self._silence:
                yield Stopped(self._silent_from)
                self._reset()
                return
        if self.position - self._begin >= self._max:
            yield Stopped(self.position)
            self._reset()
