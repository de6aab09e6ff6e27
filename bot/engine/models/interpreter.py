"""From a piece of speech to its translation, through whichever engines serve the pair."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.engine.ports import HeardSpeech, Recogniser, Synthesiser, Translator
from bot.errors import EngineError
from bot.logs import get_logger

log = get_logger(__name__)

_PIVOT = "en"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no translation, or no voice; for an error event."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Interpretation:
    """All that became of a piece of speech.

    Attributes:
        source: What was said; empty where nothing was.
        language: The language of `source`.
        translation: Empty where nothing was said, or where nobody could translate it.
        voice: PCM16, 24 kHz, mono; empty where none was asked for.
        problem: What went wrong, where something did.
    """

    source: str
    language: str | None
    translation: str
    voice: bytes = b""
    problem: Problem | None = None


class SpeechInterpreter:
    """Joins a recogniser, translators and a synthesiser. Runs on worker threads.

    The translation comes from the first that serves: nobody where the languages are the same,
    the recogniser itself, the translators in their order, and where `pivot` is set, two of these
    by way of English. Otherwise there is none: it is never invented.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        translators: Sequence[Translator],
        synthesiser: Synthesiser | None,
        *,
        pivot: bool,
    ) -> None:
        self._recogniser = recogniser
        self._translators = tuple(translators)
        self._synthesiser = synthesiser
        self._pivot = pivot

    @property
    def speakable(self) -> frozenset[str]:
        """Languages there is a voice for."""
        return frozenset() if self._synthesiser is None else self._synthesiser.languages

    def describe(self) -> str:
        """Return one line on what can be done."""
        pairs = sorted({pair for each in self._translators for pair in each.pairs})
        return (
            f"{len(self._recogniser.languages)} languages understood, all of them into "
            f"{', '.join(sorted(self._recogniser.targets)) or 'none'}; further pairs: "
            f"{', '.join(f'{source}>{target}' for source, target in pairs) or 'none'}; "
            f"{len(self.speakable)} languages spoken"
        )

    def interpret(self, hearing: HeardSpeech, voice: str | None) -> Interpretation:
        """Write the speech down, translate it, and speak it where a voice is named."""
        if hearing.language is not None and hearing.language not in self._recogniser.languages:
            problem = Problem(
                "unsupported_language", f"This engine does not understand '{hearing.language}'."
            )
            return Interpretation("", None, "", problem=problem)
        asked = hearing
        if self._pivot and not self._direct_possible(hearing):
            asked = HeardSpeech(
                hearing.pcm, hearing.language, hearing.expected, _PIVOT, hearing.thorough
            )
        found = self._recogniser.recognise(asked)
        if not found.text or found.language is None:
            return Interpretation("", found.language, "")
        try:
            text = self._translate(found.text, found.language, hearing, asked, found.translation)
        except EngineError as error:
            problem = Problem("translation_error", error.message)
            return Interpretation(found.text, found.language, "", problem=problem)
        if text is None:
            return Interpretation(
                found.text,
                found.language,
                "",
                problem=_unserved(found.language, hearing.target),
            )
        return self._spoken(found.text, found.language, text, hearing.target, voice)

    def translate(self, text: str, source: str, target: str) -> str | None:
        """Return the translation of a text; None where nobody serves the pair.

        Raises:
            EngineError: A translator failed.
        """
        if source == target:
            return text
        direct = self._by_text(text, source, target)
        if direct is not None or not self._pivot or _PIVOT in {source, target}:
            return direct
        english = self._by_text(text, source, _PIVOT)
        return None if english is None else self._by_text(english, _PIVOT, target)

    def speak(self, text: str, language: str, voice: str) -> bytes:
        """Return the voice of a text: PCM16, 24 kHz, mono.

        Raises:
            EngineError: There is no voice for the language, or it failed.
        """
        if self._synthesiser is None:
            raise EngineError("This engine has no voice.")
        return self._synthesiser.speak(text, language, voice)

    def _direct_possible(self, hearing: HeardSpeech) -> bool:
        target = hearing.target
        if target in self._recogniser.targets:
            return True
        sources = {
            pair[0] for each in self._translators for pair in each.pairs if pair[1] == target
        }
        known = hearing.language or hearing.expected
        return known in sources if known is not None else not sources

    def _translate(
        self, text: str, source: str, hearing: HeardSpeech, asked: HeardSpeech, done: str | None
    ) -> str | None:
        target = hearing.target
        if source == target:
            return text
        if target in self._recogniser.targets:
            return done
        direct = self._by_text(text, source, target)
        if direct is not None or not self._pivot:
            return direct
        english = done if asked.target == _PIVOT and source != _PIVOT else None
        if english is None and source != _PIVOT:
            english = self._by_text(text, source, _PIVOT)
        return None if english is None else self._by_text(english, _PIVOT, target)

    def _by_text(self, text: str, source: str, target: str) -> str | None:
        for translator in self._translators:
            if (source, target) in translator.pairs:
                return translator.translate(text, source, target)
        return None

    def _spoken(
        self, source: str, language: str, text: str, target: str, voice: str | None
    ) -> Interpretation:
        if voice is None or self._synthesiser is None:
            return Interpretation(source, language, text)
        try:
            pcm = self._synthesiser.speak(text, target, voice)
        except EngineError as error:
            problem = Problem("synthesis_error", error.message)
            return Interpretation(source, language, text, problem=problem)
        return Interpretation(source, language, text, pcm)


def _unserved(source: str, target: str) -> Problem:
    if target == _PIVOT:
        return Problem(
            "translation_error", f"The speech ({source}) could not be translated with certainty."
        )
    return Problem(
        "unsupported_language_pair",
        f"Nothing installed translates {source} to {target}: install Apertium or Argos Translate "
        f"with that pair, or use the cloud",
    )
