"""Tracks mixed to frames of 20 ms: pure, without a clock, a socket or a thread."""

from collections.abc import Iterable

import numpy as np

from bot.domain.events import VOICE_RATE
from bot.voice.playback.level import Leveller
from bot.voice.playback.limiter import Limiter
from bot.voice.playback.stretch import Samples
from bot.voice.playback.track import FRAME, Track

MAX_TRACKS = 8
FRAME_S = FRAME / VOICE_RATE


class Mixer:
    """Mixes the started tracks at the people's level, never above full scale."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.level = Leveller()
        self.mixed = 0  # frames so far
        self.underruns = 0
        self._limiter = Limiter()
        self._gain = 1.0
        self._sounding = False

    def add(self, track: Track) -> None:
        """Add a track; if there are too many, the oldest is dropped."""
        self._forget_finished()
        if len(self.tracks) >= MAX_TRACKS:
            self.tracks[0].drop()
        self.tracks.append(track)

    def next(self, *, due: bool) -> bytes | None:
        """Return the next frame, PCM16.

        Return None when there is only silence, and while a track has less than a frame, unless the
        frame is `due`: then that track is faded out.
        """
        if not due and any(track.short() for track in self.tracks):
            return None
        mix: Samples = np.zeros(FRAME, np.float32)
        sounds = False
        if not self._sounding:
            self.level.begin()
            self._gain = self.level.gain(0)
        for track in self.tracks:
            if not track.started or track.over:
                continue
            before = track.underruns
            if (sound := track.pull()) is not None and len(sound):
                if track.begun_at is None:
                    track.begun_at = self.mixed
                mix[: len(sound)] += sound
                sounds = True
            self.underruns += track.underruns - before
        self._sounding = sounds
        if not sounds and self._limiter.empty:
            self._forget_finished()
            return None
        before_gain, self._gain = self._gain, self.level.gain(FRAME_S)
        if before_gain != 1.0 or self._gain != 1.0:
            mix *= np.linspace(before_gain, self._gain, FRAME, endpoint=False, dtype=np.float32)
        self.mixed += 1
        self._forget_finished()
        out = self._limiter.process(mix)
        return np.rint(out * 32_767).astype("<i2").tobytes()

    def interrupt(self, tracks: Iterable[Track]) -> None:
        """End these tracks at once, without a fade."""
        for track in tracks:
            track.over = True
        self._forget_finished()
        self._limiter = Limiter()

    def _forget_finished(self) -> None:
        """Remove the tracks that are over."""
        for track in self.tracks:
            track.ended_at = self.mixed
        self.tracks = [track for track in self.tracks if not track.over]
