"""How loud people speak, and the gain with which the bot's voice matches them."""

import math
from collections import deque

import numpy as np

from bot.voice.playback.stretch import Samples

_QUIETEST_DB = -50.0  # anything below is a pause
_PAUSE_DB = 20.0  # anything so far below the usual level is a pause, too
_MEMORY_S = 8.0  # of active speech, over which the level is averaged
_SOFTEST_DB, _LOUDEST_DB = -38.0, -14.0  # the bot follows people only within these levels
_MOST_DB = 12.0  # most change of a voice's level
_SLEW_DB_S = 3.0  # fastest change of the gain
_KNOWN_S = 0.4  # of active speech, before which a level is not used

_ONSET_S = 0.25  # of speech before somebody counts as speaking, so that a cough or "mhm" does not
_LASTS_S = 0.6  # after speech, during which somebody still counts as speaking


def samples_of(pcm: bytes) -> Samples:
    """Convert PCM16 to samples from -1 to 1."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)


def decibels(sound: Samples) -> float:
    """Return the RMS level in dB below full scale, at least -100."""
    if not len(sound):
        return -100.0
    return 10 * math.log10(max(float(np.dot(sound, sound)) / len(sound), 1e-10))


class SpeechLevel:
    """The usual level of speech, pauses left out, by RMS in dB below full scale."""

    def __init__(self) -> None:
        self._db = 0.0
        self._heard_s = 0.0

    @property
    def db(self) -> float | None:
        """The level; None until enough was heard."""
        return self._db if self._heard_s >= _KNOWN_S else None

    def hear(self, sound: Samples, seconds: float) -> bool:
        """Take a piece of up to a few hundred ms; return whether it is speech and no pause."""
        db = decibels(sound)
        if db < _QUIETEST_DB:
            return False
        if self._heard_s and db < self._db - _PAUSE_DB:
            # A louder one may have been the exception, so even this brings the level down, slowly.
            self._db -= seconds / _MEMORY_S
            return False
        self._heard_s = min(_MEMORY_S, self._heard_s + seconds)
        self._db += (db - self._db) * min(1.0, seconds / self._heard_s)
        return True


class Leveller:
    """The gain that brings the bot's voice to the people's level: slowly, and within 12 dB."""

    def __init__(self) -> None:
        self._db = 0.0
        self.people = SpeechLevel()
        self.voice = SpeechLevel()

    def begin(self) -> None:
        """Jump to the wanted gain, as a voice begins after silence."""
        self._db = self._wanted()

    def gain(self, seconds: float) -> float:
        """Return the gain, a factor, at the end of a frame of this length."""
        most = _SLEW_DB_S * seconds
        self._db += max(-most, min(most, self._wanted() - self._db))
        return float(10 ** (self._db / 20))

    def _wanted(self) -> float:
        people, voice = self.people.db, self.voice.db
        if people is None or voice is None:
            return self._db
        target = max(_SOFTEST_DB, min(_LOUDEST_DB, people))
        return max(-_MOST_DB, min(_MOST_DB, target - voice))


class Talkers:
    """Knows who speaks at the moment, from the pieces of speech that arrive from each."""

    def __init__(self) -> None:
        self._recent: dict[int, deque[tuple[float, float]]] = {}  # when, and seconds

    def spoke(self, user_id: int, at: float, seconds: float) -> None:
        """Count a piece of somebody's speech."""
        self._recent.setdefault(user_id, deque(maxlen=16)).append((at, seconds))

    def left(self, user_id: int) -> None:
        """Forget somebody who left or is no longer heard."""
        self._recent.pop(user_id, None)

    def speaking(self, now: float) -> bool:
        """Return whether anybody speaks."""
        for user_id, pieces in tuple(self._recent.items()):
            while pieces and now - pieces[0][0] > _LASTS_S:
                pieces.popleft()
            if not pieces:
                del self._recent[user_id]
            elif sum(seconds for _, seconds in pieces) >= _ONSET_S:
                return True
        return False
