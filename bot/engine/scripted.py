"""Parts that follow a script instead of models, for tests of whatever talks to the engine.

A person who speaks is a tone: its pitch says which line of the script is spoken, its length how
much of it has been heard. Same in, same out, in no time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bot.engine.parts import Parts
from bot.engine.ports import SPEECH_RATE, VOICE_RATE, HeardSpeech, Recognition
from bot.errors import EngineError

_WINDOW = 512
_LOUD = 500  # mean amplitude, of 32768
_WORDS_A_SECOND = 4
_WORD_S = 0.1  # of voice


@dataclass(frozen=True, slots=True)
class ScriptedLine:
    """Something that can be said.

    Attributes:
        pitch: Hertz of the tone that says it.
        text: What is recognised; all of it at last, as many words as there was time for before.
        language: The language of the text.
        english: What the recogniser makes of it in English; None where it can't.
        fault: Message of an EngineError raised instead, at last.
    """

    pitch: int
    text: str
    language: str = "es"
    english: str | None = None
    fault: str | None = None


def tone(pitch: int, seconds: float, rate: int = SPEECH_RATE) -> bytes:
    """Return PCM16 of a tone, which stands for a line being said."""
    at = np.arange(round(seconds * rate)) / rate
    return bytes((np.sin(2 * np.pi * pitch * at) * 8000).astype("<i2").tobytes())


class LoudnessStream:
    """A detector's stream that takes loud sound for speech."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, pcm: bytes) -> Sequence[float]:
        """Return 1 for a loud window, 0 for a faint one."""
        sound = self._rest + pcm
        whole = len(sound) // (_WINDOW * 2) * _WINDOW * 2
        self._rest = sound[whole:]
        windows = np.frombuffer(sound[:whole], "<i2").reshape(-1, _WINDOW)
        return [float(np.abs(each.astype(np.float64)).mean() > _LOUD) for each in windows]


class LoudnessDetector:
    """Makes loudness streams."""

    window = _WINDOW

    def open(self) -> LoudnessStream:
        """Open a fresh stream."""
        return LoudnessStream()


class ScriptedRecogniser:
    """Finds the line by its pitch.

    Args:
        script: All that can be said.
    """

    targets = frozenset({"en"})

    def __init__(self, script: Sequence[ScriptedLine]) -> None:
        self._script = script
        self.languages = frozenset(line.language for line in script) | {"en"}

    def recognise(self, hearing: HeardSpeech) -> Recognition:
        """Return the nearest line, or as much of it as was heard."""
        samples = np.frombuffer(hearing.pcm, "<i2").astype(np.float64)
        if not len(samples) or np.abs(samples).mean() < 1:
            return Recognition("", None)
        pitch = np.argmax(np.abs(np.fft.rfft(samples))) * SPEECH_RATE / len(samples)
        line = min(self._script, key=lambda each: abs(each.pitch - pitch))
        if line.fault is not None and hearing.thorough:
            raise EngineError(line.fault)
        heard = round(np.count_nonzero(np.abs(samples) > _LOUD) / SPEECH_RATE * _WORDS_A_SECOND)
        count = None if hearing.thorough else heard
        wanted = hearing.target == "en" and line.language != "en" and line.english is not None
        return Recognition(
            _words(line.text, count),
            line.language if line.text else None,
            _words(line.english or "", count) if wanted else None,
        )


def _words(text: str, count: int | None) -> str:
    return " ".join(text.split()[:count])


@dataclass(frozen=True, slots=True)
class ScriptedTranslator:
    """Knows whole texts.

    Attributes:
        known: Translations by (text, source, target).
    """

    known: Mapping[tuple[str, str, str], str] = field(default_factory=dict)

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Those of the texts known."""
        return frozenset((source, target) for _, source, target in self.known)

    def translate(self, text: str, source: str, target: str) -> str:
        """Return the known translation; of an unknown text, the text in brackets."""
        return self.known.get((text, source, target), f"[{text}]")


class ToneSynthesiser:
    """Says 100 ms of a tone for each word.

    Args:
        languages: That it has a voice for.
    """

    def __init__(self, languages: frozenset[str] = frozenset({"en", "es", "fr"})) -> None:
        self.languages = languages

    def speak(self, text: str, language: str, voice: str) -> bytes:
        """Return a tone, of the same pitch for the same voice.

        Raises:
            EngineError: No such language.
        """
        if language not in self.languages:
            raise EngineError(f"There is no voice for '{language}'.")
        pitch = 300 + sum(voice.encode()) % 300
        return tone(pitch, len(text.split()) * _WORD_S, VOICE_RATE)


def scripted(script: Sequence[ScriptedLine], translator: ScriptedTranslator | None = None) -> Parts:
    """Return everything an engine needs, from a script."""
    return Parts(
        LoudnessDetector(),
        ScriptedRecogniser(script),
        (translator or ScriptedTranslator(),),
        ToneSynthesiser(),
    )
