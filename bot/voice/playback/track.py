"""The voice of one utterance on its way to the mixer: jitter buffer, speed, gain and fades."""

import numpy as np

from bot.domain.events import VOICE_RATE
from bot.voice.playback.level import samples_of
from bot.voice.playback.stretch import Samples, Stretcher

FRAME = VOICE_RATE // 50  # samples in 20 ms

MAX_QUEUED_S = 60.0
PLENTY_S = 0.36  # of queued voice, enough to start at once: it outlasts a stall of 300 ms
AGAIN_S = 0.06  # of queued voice, enough to continue after it ran dry
_SCANT_S = 0.24  # of queued voice; with less at its start it is spoken slower for now
_SLOWER = 0.85

_EDGE = 120  # samples of a fade where a voice begins, ends or runs dry, 5 ms
_GLIDE = 0.05  # most change of the gain per frame: to half takes 200 ms
_SLICE = 480  # samples stretched at a time, so that a new rate is heard soon
_FADE_IN = np.linspace(0, 1, _EDGE, endpoint=False, dtype=np.float32)
_FADE_OUT = _FADE_IN[::-1].copy()
_SILENCE: Samples = np.zeros(0, np.float32)


class Track:
    """The voice of one utterance, PCM16 at 24 kHz mono, in pieces of any length.

    The last 5 ms are kept back, to be faded out if nothing follows. Must be used on the event loop.
    """

    def __init__(self, *, gain: float = 1.0) -> None:
        self._pcm: list[Samples] = []
        self._queued = 0  # samples in `_pcm`
        self._odd = b""  # half a sample
        self._fading_in = 0  # samples of the fade-in that are done
        self._stretcher: Stretcher | None = None
        self._rate = 1.0
        self._slow = False
        self._gain = self._wanted = gain
        self._held = False
        self._dropped = False
        self._dry = False
        self._ended = False
        self._flushed = False
        self.refused_s = 0.0  # voice that came while a minute was queued
        self.awaited = False  # a timer will start it, with whatever is queued by then
        self.started = False
        self.underruns = 0
        self.begun_at: int | None = None  # number of its first frame
        self.ended_at = 0  # number of the frame after its last
        self.over = False

    # What the utterance's owner says

    def add(self, pcm: bytes) -> Samples:
        """Queue a piece; return it as samples, none if it was refused."""
        if self._ended or self.over:
            return _SILENCE
        if self.left_s() > MAX_QUEUED_S:
            self.refused_s += len(pcm) / 2 / VOICE_RATE
            return _SILENCE
        pcm = self._odd + pcm
        whole = len(pcm) // 2 * 2
        self._odd = pcm[whole:]
        samples = samples_of(pcm[:whole])
        if self._fading_in < _EDGE:
            fade = _FADE_IN[self._fading_in : self._fading_in + len(samples)]
            samples[: len(fade)] *= fade
            self._fading_in += len(fade)
        if len(samples):
            self._pcm.append(samples)
            self._queued += len(samples)
        return samples

    def end(self) -> None:
        """Record that no more voice follows."""
        if not self._ended:
            self._ended = True
            self._seal()

    def drop(self) -> None:
        """Fade out within a frame, and end."""
        self._dropped = True
        self._ended = True
        self.over = self.over or self.begun_at is None or self._gain == 0

    def hold(self, *, on: bool) -> None:
        """Fade out and keep the rest, or continue with it."""
        self._held = on
        if on and self.begun_at is None:
            self._gain = 0.0

    def set_gain(self, gain: float) -> None:
        """Change the gain, a factor, gradually."""
        self._wanted = gain

    def set_rate(self, rate: float) -> None:
        """Speak this many times as fast from now on."""
        self._rate = rate

    def left_s(self) -> float:
        """Return the seconds still to be mixed, at the present rate."""
        if self.over or self._dropped:
            return 0.0
        return (self._queued / self._rate + self._stretched()) / VOICE_RATE

    # What the mixer does

    def start(self) -> None:
        """Let it be mixed from now on, with what is queued."""
        if not self.started:
            self.started = True
            self._slow = not self._ended and self.left_s() < _SCANT_S

    @property
    def plenty(self) -> bool:
        """Whether enough is queued to start at once."""
        return self._ended or self.left_s() >= PLENTY_S

    def short(self) -> bool:
        """Return whether less than a frame is ready, while more may come in time."""
        if self._ended or self._dry or self._quiet or not self.started:
            return False
        self._prepare(FRAME)
        return self._ready() < FRAME

    def pull(self) -> Samples | None:
        """Return the next frame, shorter where voice ends or runs out; None for silence."""
        if self._quiet and self._gain == 0:
            self.over = self.over or self._dropped
            return None
        if self._dry and not self._ended and not self._stretched():
            if self._queued - _EDGE < AGAIN_S * VOICE_RATE:
                return None
            self._dry = False
            self._slow = True
        if not self._dry or self._ended:
            self._prepare(FRAME)
            if self._ready() < FRAME and not self._ended and not self._quiet:
                self._run_dry()
        sound = self._take(FRAME)
        if self._ended and not self._queued and not self._stretched():
            self.over = True
        if len(sound):
            return self._levelled(sound)
        if self._quiet:  # there was nothing left to fade out
            self._gain = 0.0
            self.over = self.over or self._dropped
        return None

    # Inside

    @property
    def _quiet(self) -> bool:
        return self._held or self._dropped

    def _levelled(self, sound: Samples) -> Samples:
        before = self._gain
        if self._quiet:
            self._gain = 0.0
        elif before == 0.0:
            self._gain = self._wanted
        else:
            self._gain += max(-_GLIDE, min(_GLIDE, self._wanted - before))
        if self._dropped:
            self.over = True
        if before == self._gain:
            return sound if before == 1.0 else sound * np.float32(before)
        return sound * np.linspace(before, self._gain, len(sound), endpoint=False, dtype=np.float32)

    def _run_dry(self) -> None:
        self._dry = True
        self.underruns += 1
        self._seal()
        self._fading_in = 0
        self._prepare(FRAME, everything=True)

    def _seal(self) -> None:
        """Fade out the end of what is queued, as nothing follows it for now."""
        missing = min(_EDGE, self._queued)
        fade = _FADE_OUT[_EDGE - missing :] if missing else _SILENCE
        for piece in reversed(self._pcm):
            if not len(fade):
                break
            size = min(len(fade), len(piece))
            piece[-size:] *= fade[-size:]
            fade = fade[:-size]

    def _stretched(self) -> int:
        return 0 if self._stretcher is None else len(self._stretcher)

    def _usable(self) -> int:
        return self._queued if self._ended or self._dry else max(0, self._queued - _EDGE)

    def _ready(self) -> int:
        return self._usable() if self._stretcher is None else len(self._stretcher)

    def _prepare(self, samples: int, *, everything: bool = False) -> None:
        """Stretch as much as is needed, once a rate was asked for."""
        rate = self._rate
        if self._slow:
            self._slow = not self._ended and self.left_s() < PLENTY_S
            rate = min(rate, _SLOWER) if self._slow else rate
        if self._stretcher is None:
            if rate == 1.0:
                return
            self._stretcher = Stretcher()
        self._stretcher.set_rate(rate)
        while len(self._stretcher) < samples and (usable := self._usable()):
            self._stretcher.add(self._cut(min(_SLICE, usable)))
        if everything or (self._ended and not self._queued and not self._flushed):
            self._flushed = self._ended
            self._stretcher.flush()

    def _take(self, samples: int) -> Samples:
        if self._stretcher is not None:
            return self._stretcher.take(samples)
        return self._cut(min(samples, self._usable()))

    def _cut(self, samples: int) -> Samples:
        """Take this many samples off the queue, which has them."""
        parts = []
        missing = samples
        while missing:
            piece = self._pcm[0]
            if len(piece) <= missing:
                parts.append(self._pcm.pop(0))
            else:
                parts.append(piece[:missing])
                self._pcm[0] = piece[missing:]
            missing -= len(parts[-1])
        self._queued -= samples
        return np.concatenate(parts) if parts else _SILENCE
