"""Speech that is in the target language already: its translation would only echo it.

The source's language often becomes known after the translation, so what was shown is taken back
(`Echoed`), and what was not yet is not said. Nothing waits for the language, with one exception:
after an echo the next turn of the same speaker is held until its language is known, because people
rarely change their language from one sentence to the next. So nobody who is translated waits, and
somebody who goes on in the target language is neither seen nor heard twice.

The service names a language after a word or two, and wrongly at times: "Sí." named English. So what
it names is compared with the texts as soon as both are whole: where their words share nothing, the
translation said something else than its source, and is no echo.
"""

from dataclasses import dataclass
from typing import Final

from bot.domain.events import VOICE_RATE, ConversationEvent, Echoed, Voice
from bot.domain.events import Final as FinalText
from bot.domain.events import Partial as PartialText
from bot.translation.protocol import bounds
from bot.words.codes import same_language
from bot.words.same_words import same_words, share_nothing

Events = list[ConversationEvent]
_TEXT: Final = (PartialText, FinalText)
MOST_HELD: Final = 20 * VOICE_RATE * 2  # bytes of voice; what is older is left out


@dataclass(frozen=True, slots=True)
class EchoRule:
    """How to tell an echo.

    Attributes:
        target: Language of the translation.
        declared: The speaker's language as they said it, where the service was told to go by it:
            it then names that language whatever it hears.
        assumed: The language the service names without having detected it, or None.
    """

    target: str
    declared: str | None = None
    assumed: str | None = None

    @property
    def at_once(self) -> bool | None:
        """The verdict before anything was heard; None when it has to be heard."""
        return None if self.declared is None else same_language(self.declared, self.target)

    def known(self, language: str | None) -> str | None:
        """Return the source's language; None where what the service names says nothing."""
        if self.declared is not None:
            return self.declared
        if not language or (self.assumed is not None and same_language(language, self.assumed)):
            return None
        return language

    def of_language(self, language: str | None) -> bool | None:
        """Return the verdict on a language the service names; None when that says nothing."""
        if self.declared is not None:
            return self.at_once
        known = self.known(language)
        return None if known is None else same_language(known, self.target)

    @staticmethod
    def of_texts(source: str, translation: str) -> bool:
        """Return whether a translation has the very words of its source, and so is an echo."""
        return same_words(source, translation)

    def contradicted(self, source: str, translation: str) -> bool:
        """Return whether whole texts show that the service named a wrong language."""
        return self.declared is None and share_nothing(source, translation)


class EchoGate:
    """What a turn says of its translation, until it proves to be an echo.

    Args:
        number: The turn's number.
        rule: The conversation's rule.
        expected: The turn before was an echo: wait for the verdict.
    """

    def __init__(self, number: int, rule: EchoRule, *, expected: bool) -> None:
        self._number = number
        self._rule = rule
        self._holding = expected
        self._held: Events = []
        self._held_voice = 0  # bytes
        self._shown: Events = []  # the latest text said
        self._told = False  # that it is an echo
        self.echo = rule.at_once

    def reset(self) -> None:
        """Drop what is held, as the turn begins anew."""
        self._held.clear()
        self._held_voice = 0

    def say(self, events: Events) -> Events:
        """Return what may be said now of the translation, with these events."""
        if self.echo is False or (self.echo is None and not self._holding):
            for event in events:
                if isinstance(event, _TEXT):
                    self._shown = [event]
            return events
        for event in events:
            self._hold(event)
        return self._tell()

    def hear(self, language: str | None, texts: tuple[str, str] | None = None) -> Events:
        """Judge by the source's language and return what may be said now.

        Args:
            language: The language's code.
            texts: The source and its translation, where both are whole.
        """
        verdict = self._rule.of_language(language)
        if verdict and texts is not None and self._rule.contradicted(*texts):
            verdict = False
        return self._tell() if verdict is None else self._judge(echo=verdict)

    def compare(self, source: str, translation: str) -> Events:
        """Judge by both whole texts and return what may be said now."""
        if self.echo is None:
            return self._judge(echo=self._rule.of_texts(source, translation))
        if self.echo and self._rule.contradicted(source, translation):
            return self._judge(echo=False)
        return []

    def end(self) -> Events:
        """Return what is still held, as nothing more will be known."""
        return self._judge(echo=False) if self.echo is None else []

    def _judge(self, *, echo: bool) -> Events:
        if echo == self.echo:
            return self._tell()
        self.echo = echo
        if echo:
            self._held = [*self._shown, *self._held]
            return self._tell()
        self._told = False
        held = self._held[:]
        self.reset()
        return self.say(held)

    def _tell(self) -> Events:
        if not self.echo or self._told:
            return []
        self._told = True
        return [Echoed(self._number)]

    def _hold(self, event: ConversationEvent) -> None:
        if isinstance(event, _TEXT):
            self._held = [e for e in self._held if not isinstance(e, _TEXT)]
        elif isinstance(event, Voice):
            self._held_voice += len(event.pcm)
        self._held.append(event)
        while self._held_voice > MOST_HELD or len(self._held) > bounds.HELD:
            oldest = next(n for n, e in enumerate(self._held) if not isinstance(e, _TEXT))
            dropped = self._held.pop(oldest)
            self._held_voice -= len(dropped.pcm) if isinstance(dropped, Voice) else 0
