"""What the engine needs of its parts. All of them are called on worker threads, and may block.

A better part is plugged in by a setting (`bot.engine.parts`), without a change here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

SPEECH_RATE = 16_000  # hertz of what is heard
VOICE_RATE = 24_000  # hertz of what is spoken


@dataclass(frozen=True, slots=True)
class HeardSpeech:
    """A piece of speech to be understood.

    Attributes:
        pcm: PCM16, 16 kHz, mono, with some sound before and after the speech.
        language: Language of the speech, where known; None has it detected.
        expected: The language spoken last in this session; leads where the sound is unclear.
        target: Language wanted; a recogniser that can translate into it does so on the way.
        thorough: Take the time for the best text; otherwise an early guess is wanted.
    """

    pcm: bytes
    language: str | None
    expected: str | None
    target: str
    thorough: bool


@dataclass(frozen=True, slots=True)
class Recognition:
    """What was said.

    Attributes:
        text: Empty where there was no speech.
        language: Language of the text; None if there is none.
        translation: Into the hearing's target, where the recogniser does that by itself.
    """

    text: str
    language: str | None
    translation: str | None = None


class SpeechStream(Protocol):
    """Tells speech from other sound along one session's audio."""

    def feed(self, pcm: bytes) -> Sequence[float]:
        """Return the probability of speech for each window that `pcm` completes; keeps the rest."""


class SpeechDetector(Protocol):
    """Makes speech streams."""

    @property
    def window(self) -> int:
        """Samples in one window, at 16 kHz."""

    def open(self) -> SpeechStream:
        """Open a stream of its own for a new session."""


class Recogniser(Protocol):
    """Speech to text."""

    @property
    def languages(self) -> frozenset[str]:
        """The languages that it understands."""

    @property
    def targets(self) -> frozenset[str]:
        """What it translates into by itself, from any of its languages."""

    def recognise(self, hearing: HeardSpeech) -> Recognition:
        """Return the text of a piece of speech. Called by several threads at once."""


class Translator(Protocol):
    """Text to text."""

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """(source, target) of what it can do."""

    def translate(self, text: str, source: str, target: str) -> str:
        """Return the translation for one of its pairs. Called by several threads at once.

        Raises:
            EngineError: It could not.
        """


class Synthesiser(Protocol):
    """Text to voice."""

    @property
    def languages(self) -> frozenset[str]:
        """The languages that it speaks."""

    def speak(self, text: str, language: str, voice: str) -> bytes:
        """Return PCM16, 24 kHz, mono. Called by several threads at once.

        Args:
            text: A sentence or a few.
            language: One of its languages.
            voice: A name of the service's; every name is taken, a like voice is chosen.

        Raises:
            EngineError: It could not.
        """
