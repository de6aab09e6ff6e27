"""Sentences that can be told apart wherever they are heard: real speech with two quiet tones.

The tones lie above the speech and say, in every 100 ms, which sentence it is. So a caption can be
held against what was said, however often a conversation broke in between.
"""

import random
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bot import speech
from bot.audio import files

RATE: Final = 16_000
CHUNK: Final = RATE // 10 * 2  # bytes of 100 ms
_TONES: Final = tuple(range(4_000, 7_300, 100))  # hertz; 100 ms tell 10 Hz apart
_SPEECH_BELOW: Final = 3_700  # hertz
_LOUD: Final = 700.0  # each tone's amplitude
_HEARD: Final = 30_000.0  # of a tone's line in the spectrum
_APART: Final = 2.5  # times as loud as the next that is no neighbour
_HEARD_WITHIN_S: Final = 60.0
_SHORTEST_S, _LONGEST_S = 1.5, 4.0

Sound = NDArray[np.float64]

PAIRS: Final = tuple((a, b) for a in range(len(_TONES)) for b in range(a + 3, len(_TONES)))


@dataclass(slots=True)
class Sentence:
    """What somebody said.

    Attributes:
        number: Counts all sentences.
        guild: Number of the server.
        speaker: The person's name.
        chunks: Its length in 100 ms.
        began_at: Loop second of its first packet; 0 before it.
        ended_at: Likewise of its end.
        owed: Somebody promised to translate it: a room that heard its speaker.
        excused: Why not all of it is owed any more, as happened while it was said.
    """

    number: int
    guild: int
    speaker: str
    chunks: int
    began_at: float = 0.0
    ended_at: float = 0.0
    owed: bool = False
    excused: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Sentences:
    """All that was said, by its number."""

    said: list[Sentence] = field(default_factory=list)

    def new(self, guild: int, speaker: str, chunks: int) -> Sentence:
        """Return one more."""
        self.said.append(Sentence(len(self.said), guild, speaker, chunks))
        return self.said[-1]

    def with_tag(self, tag: int, now: float) -> int | None:
        """Return the newest sentence that has a tag, unless it was said too long ago.

        Nothing is kept so long: the tones are then those of something else, as libopus makes up
        for lost packets by what came before them, in another pitch.
        """
        last = len(self.said) - 1
        number = last - (last - tag) % len(PAIRS)
        if number < 0 or now - self.said[number].began_at > _HEARD_WITHIN_S:
            return None
        return number


@cache
def _talks() -> tuple[Sound, ...]:
    """The clips without what is too quiet, as a pause would end an utterance."""
    found = []
    for clip in speech.clips():
        wave = np.frombuffer(files.read(clip.path, RATE), "<i2").astype(float)
        blocks = wave[: len(wave) // 320 * 320].reshape(-1, 320)
        loud = blocks[np.abs(blocks).max(axis=1) > 400]
        spectrum = np.fft.rfft(loud.ravel())
        spectrum[np.fft.rfftfreq(loud.size, 1 / RATE) > _SPEECH_BELOW] = 0
        found.append(np.fft.irfft(spectrum, loud.size) * 0.7)
    return tuple(found)


def tagged(number: int, chance: random.Random) -> bytes:
    """Return some speech, as PCM16 at 16 kHz, that says which sentence it is."""
    talk = chance.choice(_talks())
    size = round(min(chance.uniform(_SHORTEST_S, _LONGEST_S) * 10, len(talk) // 1600)) * 1600
    at = np.arange(size) / RATE
    a, b = PAIRS[number % len(PAIRS)]
    tones = sum(np.sin(2 * np.pi * _TONES[each] * at) for each in (a, b))
    return np.clip(talk[:size] + _LOUD * tones, -32_768, 32_767).astype("<i2").tobytes()


def tag(chunk: bytes) -> int | None:
    """Return which of the PAIRS is in 100 ms of sound; None: no one for sure."""
    wave: Sound = np.frombuffer(chunk, "<i2").astype(float)
    spectrum: Any = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    lines = np.array([spectrum[hertz // 10] for hertz in _TONES])
    first, second, *rest = (int(each) for each in np.argsort(lines)[::-1])
    if lines[second] < _HEARD:
        return None
    others = [each for each in rest if min(abs(each - first), abs(each - second)) > 1]
    if lines[second] < _APART * lines[others[0]]:
        return None
    pair = (min(first, second), max(first, second))
    return _NUMBERS.get(pair)


def silent(chunk: bytes) -> bool:
    """Return whether nobody speaks in a piece of sound."""
    return int(np.abs(np.frombuffer(chunk, "<i2")).max(initial=0)) < 150


_NUMBERS: Final = {pair: number for number, pair in enumerate(PAIRS)}
