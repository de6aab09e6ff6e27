"""The lines of a transcript put together: one utterance, all its languages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.stored import TranscriptLine
from bot.words.codes import same_language
from bot.words.same_words import share_nothing


@dataclass(frozen=True, slots=True)
class Utterance:
    """What somebody said, in every language that there is of it.

    Attributes:
        at: When it began, in seconds since 1970.
        until: When it ended; later than `at`.
        user_id: The member who said it.
        name: The speaker's name at that time.
        source_language: The language spoken, where known.
        source_text: The original; empty when unknown.
        texts: The translations, by language.
    """

    at: float
    until: float
    user_id: int
    name: str
    source_language: str | None
    source_text: str
    texts: Mapping[str, str]

    def in_language(self, language: str) -> str:
        """Return the text in this language; the original where it was not translated."""
        return self.texts.get(language) or self.source_text

    def language_of(self, language: str) -> str | None:
        """Return the language of what `in_language` returns, where known."""
        return language if self.texts.get(language) else self.source_language

    def everything(self) -> list[tuple[str | None, str]]:
        """Return the original, then each translation: language, if known, and text; none twice."""
        said: list[tuple[str | None, str]] = []
        if self.source_text:
            said.append((self.source_language, self.source_text))
        for language, text in self.texts.items():
            if not (self.source_text and same_language(self.source_language, language)):
                said.append((language, text))
        return said


def utterances(lines: Iterable[TranscriptLine]) -> list[Utterance]:
    """Return the utterances of a session, in order of speech; lines without words are left out."""
    together: dict[int, list[TranscriptLine]] = {}
    for line in lines:
        if line.text or line.source_text:
            together.setdefault(line.utterance, []).append(line)
    said = [(number, _utterance(same)) for number, same in together.items()]
    return [one for _, one in sorted(said, key=lambda pair: (pair[1].at, pair[0]))]


def _utterance(lines: Sequence[TranscriptLine]) -> Utterance:
    first = lines[0]
    source_text, source_language = _original(lines)
    at = min(line.at for line in lines)
    return Utterance(
        at=at,
        until=max(at, *(line.until for line in lines)),
        user_id=first.user_id,
        name=first.name,
        source_language=source_language,
        source_text=source_text,
        texts={
            line.language: line.text
            for line in sorted(lines, key=lambda line: line.language)
            if line.text
        },
    )


def _original(lines: Sequence[TranscriptLine]) -> tuple[str, str | None]:
    """Return what was said, and in which language where that is known.

    Each conversation hears for itself. What stands as its own language's line counts. Where that
    language has a translation instead, which shares nothing with it, it was named wrongly.
    """
    for line in lines:
        own = same_language(line.source_language, line.language) and line.text == line.source_text
        if own and line.text:
            return line.source_text, line.source_language
    # The source text may have reached one language's line and not another's.
    source = max(lines, key=lambda line: len(line.source_text))
    known = (line.source_language for line in (source, *lines) if line.source_language)
    language = next(known, None)
    named = (line for line in lines if line.text and same_language(language, line.language))
    if any(share_nothing(source.source_text, line.text) for line in named):
        language = None
    return source.source_text, language


def languages(said: Iterable[Utterance]) -> list[str]:
    """Return the languages that something was translated into, sorted."""
    return sorted({language for one in said for language in one.texts})
