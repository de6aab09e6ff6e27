"""What a session hears: its sound, kept as long as needed, and the boundaries in it."""

from collections.abc import Sequence

from bot.engine.models.resample import Resampler
from bot.engine.ports import SPEECH_RATE, SpeechDetector
from bot.engine.session.endpoint import Boundary, Endpointer, Started, Stopped
from bot.engine.session.settings import RequestedSettings, TurnDetection

_TAIL_MS = 200  # of sound after the speech that goes to the recogniser with it
_MAX_TURN_MS = 25_000  # the recogniser's window is 30 s, padding included
_MAX_PREFIX_MS = 2000


class Ears:
    """Turns a session's sound into boundaries of speech, and cuts the speech out.

    Positions are samples at 16 kHz since the session's begin. `feed` runs on a worker thread,
    one call at a time; the rest belongs to the event loop between two calls.

    Args:
        detector: Tells speech from other sound.
        settings: How turns end, and the rate of the sound.
    """

    def __init__(self, detector: SpeechDetector, settings: RequestedSettings) -> None:
        self._window = detector.window
        self._detector = detector
        self._resampler: Resampler | None = None
        self._sound = bytearray()
        self._begin = 0  # position of the first sample kept
        self._endpointer: Endpointer | None = None
        self._detection: TurnDetection | None = None
        self._rate = SPEECH_RATE
        self._attend()
        self.configure(settings)

    @property
    def position(self) -> int:
        """Samples heard so far."""
        return self._begin + len(self._sound) // 2

    @property
    def kept(self) -> int:
        """Samples kept."""
        return len(self._sound) // 2

    def configure(self, settings: RequestedSettings) -> list[Boundary]:
        """Take new settings; speech that goes on under changed turn detection is ended."""
        if settings.sample_rate != self._rate:
            self._rate = settings.sample_rate
            plain = self._rate == SPEECH_RATE
            self._resampler = None if plain else Resampler(self._rate, SPEECH_RATE)
        if settings.detection == self._detection:
            return []
        ended = self.stop()
        self._detection = settings.detection
        self._attend()
        return ended

    def _attend(self) -> None:
        """Begin to look for speech here; the detector's windows are counted from here too."""
        self._stream = self._detector.open()
        self._endpointer = None
        if self._detection is not None:
            self._endpointer = Endpointer(
                self._window,
                self._detection.probability,
                self._detection.silence_ms,
                _MAX_TURN_MS,
                self.position,
            )

    def feed(self, pcm: bytes) -> Sequence[Boundary]:
        """Return the boundaries that this sound brings."""
        if self._resampler is not None:
            pcm = self._resampler.feed(pcm)
        self._sound += pcm
        if self._endpointer is None:
            return ()
        return self._endpointer.feed(self._stream.feed(pcm))

    def stop(self) -> list[Boundary]:
        """End the speech that goes on."""
        return [] if self._endpointer is None else self._endpointer.stop()

    def begin_of(self, started: Started) -> int:
        """Return where the sound of a turn begins: a little before the speech."""
        prefix = 0 if self._detection is None else self._detection.prefix_ms
        return max(self._begin, started.sample - prefix * SPEECH_RATE // 1000)

    def end_of(self, stopped: Stopped | int) -> int:
        """Return where the sound of a turn ends: a little after the speech."""
        sample = stopped if isinstance(stopped, int) else stopped.sample
        return min(self.position, sample + _TAIL_MS * SPEECH_RATE // 1000)

    def cut(self, begin: int, end: int | None = None) -> bytes:
        """Return the sound between two positions, or from one to its end."""
        last = self.position if end is None else end
        return bytes(self._sound[(begin - self._begin) * 2 : (last - self._begin) * 2])

    def forget(self, before: int | None = None) -> None:
        """Let go of the sound before a position, or all but what may precede the next speech."""
        spare = _MAX_PREFIX_MS * SPEECH_RATE // 1000
        upto = self.position - spare if before is None else before
        count = min(max(0, upto - self._begin), self.kept)
        del self._sound[: count * 2]
        self._begin += count

    def clear(self) -> None:
        """Let go of all sound."""
        self.forget(self.position)

    def restart(self) -> None:
        """Let go of all sound, and of the speech that goes on in it."""
        self.clear()
        self._attend()
