"""A noise gate: lets speech through, with a little of what was before it, and nothing else.

A detector judges windows of 32 ms. The gate opens with the first window of speech, and then what
came in the 300 ms before goes out first, so that no soft beginning is cut; it closes after 400 ms
without speech. No sample goes out twice, or out of order.
"""

from typing import Protocol

RATE = 16_000
WINDOW = 512  # samples a detector judges at once
PRE_ROLL = 4800  # samples, 300 ms
HANGOVER = 6400  # samples, 400 ms

_OPEN_AT = 0.5
_CLOSE_BELOW = 0.35  # lower, so that a wavering voice does not flutter the gate
_WINDOW_BYTES = WINDOW * 2
_PRE_ROLL_BYTES = PRE_ROLL * 2


class Detector(Protocol):
    """Judges one stream, window after window."""

    def probability(self, window: bytes) -> float:
        """Return the probability of speech, 0 to 1, in 512 samples of PCM16, 16 kHz, mono."""

    def restart(self) -> None:
        """Forget what was heard: what comes next does not follow on it."""


class NoiseGate:
    """The gate of one speaker's stream.

    Args:
        detector: Judges this stream and no other.
        is_open: It takes a stream over that went through ungated so far.
    """

    def __init__(self, detector: Detector, *, is_open: bool = False) -> None:
        self._detector = detector
        self._rest = bytearray()  # less than a window, not judged yet
        self._held = bytearray()  # judged to be no speech, and not let through
        self._quiet = 0  # samples without speech since the last with it
        self._open = is_open

    def feed(self, pcm: bytes) -> list[bytes | None]:
        """Take speech or noise (PCM16, 16 kHz, mono, any length).

        Returns:
            What goes through, in order, joined as far as it can be; None where speech ended.
        """
        passed: list[bytes | None] = []
        run = bytearray()
        self._rest += pcm
        while len(self._rest) >= _WINDOW_BYTES:
            window = bytes(self._rest[:_WINDOW_BYTES])
            del self._rest[:_WINDOW_BYTES]
            run += self._judged(window)
            if self._open and self._quiet >= HANGOVER:
                self._open = False
                passed += [bytes(run), None]
                run.clear()
        if run:
            passed.append(bytes(run))
        return passed

    def _judged(self, window: bytes) -> bytes:
        """Return what goes through because of this window."""
        probability = self._detector.probability(window)
        if self._open:
            self._quiet = 0 if probability >= _CLOSE_BELOW else self._quiet + WINDOW
            return window
        if probability < _OPEN_AT:
            self._held += window
            del self._held[:-_PRE_ROLL_BYTES]
            return b""
        self._open, self._quiet = True, 0
        before = bytes(self._held)
        self._held.clear()
        return before + window

    def finish(self) -> list[bytes | None]:
        """Return what is open and forget what was held, as the stream pauses or ends."""
        passed: list[bytes | None] = []
        if self._open:
            if self._rest:
                passed.append(bytes(self._rest))
            passed.append(None)
        self._open, self._quiet = False, 0
        self._rest.clear()
        self._held.clear()
        self._detector.restart()
        return passed
