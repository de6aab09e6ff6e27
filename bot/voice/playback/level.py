"""How loud people speak, and how much louder or softer the bot has to be to match them."""

import math
from collections import deque

import numpy as np

from bot.voice.playback.stretch import Samples

_QUIETEST_DB = -50.0  # anything below is a pause
_PAUSE_DB = 20.0  # so far below the usual level it is a pause, too
_MEMORY_S = 8.0  # of active speech that the level is an average over
_SOFTEST_DB, _LOUDEST_DB = -38.0, -14.0  # that the bot follows people to
_MOST_DB = 12.0  # that a voice is changed by
_SLEW_DB_S = 3.0  # how fast
_KNOWN_S = 0.4  # of active speech from which on a level is believed

_ONSET_S = 0.25  # of speech, from which on somebody counts as speaking: no cough, no "mhm"
_LASTS_S = 0.6  # behind speech, in which somebody still does


def samples_of(pcm: bytes) -> Samples:
    """PCM16 as samples from -1 to 1."""
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)


def decibels(sound: Samples) -> float:
    """The RMS level below full scale, at least -100."""
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
        """None until enough was heard."""
        return self._db if self._heard_s >= _KNOWN_S else None

    def hear(self, sound: Samples, seconds: float) -> bool:
        """Take a piece of up to some hundred ms; whether it is speech rather than a pause."""
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
        """A voice begins after silence: what is known counts at once."""
        self._db = self._wanted()

    def gain(self, seconds: float) -> float:
        """The factor at the end of a frame so long."""
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
    """Who speaks at the moment, by the pieces of speech that come of each."""

    def __init__(self) -> None:
        self._recent: dict[int, deque[tuple[float, float]]] = {}  # when, and seconds

    def spoke(self, user_id: int, at: float, seconds: float) -> None:
        """A piece of somebody's speech came, no pause."""
        self._recent.setdefault(user_id, deque(maxlen=16)).append((at, seconds))

    def left(self, user_id: int) -> None:
        """Somebody left, or is not heard any more."""
        self._recent.pop(user_id, None)

    def speaking(self, now: float) -> bool:
        """Whether anybody does."""
        for user_id, pieces in tuple(self._recent.items()):
            while pieces and now - pieces[0][0] > _LASTS_S:
                pieces.popleft()
            if not pieces:
                del self._recent[user_id]
            elif sum(seconds for _, seconds in pieces) >= _ONSET_S:
                return True
        return False
