"""One speaker of a room: their conversations, opened by their speech, and what is made of them."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence

from bot.domain.events import (
    ConversationEvent,
    ConversationRequest,
    ConversationState,
    Failed,
    Member,
    StateChanged,
    Usage,
    Voice,
)
from bot.domain.ports import Conversation, Interpreter, TextTranslator
from bot.logs import get_logger
from bot.room.written.original import OriginalWords
from bot.room.written.text_language import TextLanguage
from bot.words.codes import ORIGINAL

log = get_logger(__name__)

Said = Callable[["Speaker", str, ConversationEvent], None]


class Speaker:
    """Feeds one member's speech to their conversations and passes on what is said of it.

    Args:
        visit: The number of this visit, unique in the room.
        member: The member who speaks.
        requests: What to open, one for each language that has a conversation; the first leads;
            it needs its source text where others are made from it.
        interpreter: The translation service.
        said: Called with this speaker, the target language and each event, until closed.
        written: What is made from what the lead conversation hears, one for each language.
        unseen: The lead's language if it is only recognised and not shown.
        texts: Translates that.
    """

    def __init__(
        self,
        visit: int,
        member: Member,
        requests: list[ConversationRequest],
        interpreter: Interpreter,
        said: Said,
        *,
        written: Sequence[ConversationRequest] = (),
        texts: TextTranslator,
        unseen: str | None = None,
    ) -> None:
        self.visit = visit
        self.member = member
        self._said: Said | None = said
        self._discarded = False
        self._interpreter = interpreter
        self._texts = texts
        self._hidden: set[str] = set()
        self.known: set[str] = set()  # every language of this visit, ended ones too
        self.muted = False  # nothing of this visit is spoken any more
        self.stale = False  # to be replaced by a new visit as soon as nothing is being said
        self.states: dict[str, ConversationState] = {}
        self.began_at = 0.0  # when the current or last stretch of speech began
        self.heard_at: float | None = None
        self._ended_at: float | None = None  # of the stretch of speech before this one
        self._speaking = False
        self._conversations: dict[str, Conversation] = {}
        self._further: dict[str, TextLanguage] = {}
        self._original: OriginalWords | None = None
        self._made_from: dict[str, str] = {}  # ended ones too
        self._written_until: dict[str, int] = {}  # the last turn of ended ones
        self._lead_target = requests[0].target
        for request in requests:
            self.converse(request)
        for request in written:
            self.write(request)
        if unseen is not None:
            self.hide(unseen)

    def converse(self, request: ConversationRequest) -> None:
        """Translate into one more language by a conversation of its own."""
        language = request.target
        self.known.add(language)
        self.states[language] = ConversationState.IDLE
        self._conversations[language] = self._interpreter.converse(
            request, self._conversation(language)
        )

    def write(self, request: ConversationRequest) -> None:
        """Translate into one more language from what the lead conversation hears."""
        self.known.add(request.target)
        self._made_from[request.target] = self._lead_target
        self._further[request.target] = self._made(request, self._lead_target, self._texts)

    def show_original(self) -> None:
        """Show what the lead conversation hears, too."""
        self.known.add(ORIGINAL)
        self.states[ORIGINAL] = ConversationState.IDLE
        self._made_from[ORIGINAL] = self._lead_target
        after = self._written_until.get(ORIGINAL, 0)
        self._original = OriginalWords(
            self._listener(ORIGINAL), alone=self._lead_target in self._hidden, after=after
        )

    def only_hears(self, language: str) -> bool:
        """Return whether this is the language of a conversation that is not shown."""
        return language in self._conversations and language in self._hidden

    def may_write(self, language: str) -> bool:
        """Return whether it can be written in this visit: for the first time, or as before."""
        before = self._made_from.get(language)
        return language not in self.known or (
            before == self._lead_target and language not in self._conversations
        )

    def writes(self, languages: Collection[str]) -> bool:
        """Return whether one of these is made in writing."""
        return any(language in self._further for language in languages)

    @property
    def translated(self) -> bool:
        """Whether one of the conversations is open."""
        return ConversationState.OPEN in self.states.values()

    @property
    def given_up(self) -> bool:
        """Whether one of the languages has ended, though it is wanted."""
        return ConversationState.CLOSED in self.states.values()

    def hears(self, languages: Collection[str]) -> bool:
        """Return whether one of these has a conversation of its own."""
        return any(language in self._conversations for language in languages)

    def rest(self, languages: Collection[str]) -> None:
        """Begin nothing new in these of the written languages, and go on in the others."""
        for language, further in self._further.items():
            further.rest(resting=language in languages)

    def made_from(self, language: str) -> str:
        """Return the language of the conversation whose turns this one's are; mostly its own."""
        return self._made_from.get(language, language)

    def leads(self, language: str) -> bool:
        """Return whether other languages are made from this one's conversation."""
        made = bool(self._further) or self._original is not None
        return language == self._lead_target and made

    @property
    def languages(self) -> frozenset[str]:
        """What this speaker is translated into."""
        original = set() if self._original is None else {ORIGINAL}
        made = self._conversations.keys() | self._further.keys()
        return frozenset((made - self._hidden) | original)

    def hide(self, language: str) -> None:
        """Pass on nothing more of this language; what is made from it goes on."""
        self._hidden.add(language)
        self.states.pop(language, None)

    async def drop(self, language: str) -> None:
        """End this language; what its conversation still says is passed on until it has ended."""
        if language == ORIGINAL and self._original is not None:
            self._written_until[ORIGINAL] = self._original.last_turn
            self._original = None
        conversation = self._conversations.pop(language, None)
        further = self._further.pop(language, None)
        if further is not None:
            self._written_until[language] = further.last_turn
        if language == self._lead_target and self._conversations:
            self._lead_target = next(iter(self._conversations))
        for part in (conversation, further):
            if part is not None:
                await part.close()
        if language not in self.languages:
            self.states.pop(language, None)  # it was not asked for again meanwhile

    def _made(self, request: ConversationRequest, lead: str, texts: TextTranslator) -> TextLanguage:
        self.states[request.target] = ConversationState.IDLE
        return TextLanguage(
            request.target,
            lead,
            texts,
            self._listener(request.target),
            glossary=request.glossary,
            guild_id=request.guild_id,
            after=self._written_until.get(request.target, 0),
        )

    def _conversation(self, language: str) -> Callable[[ConversationEvent], None]:
        own = self._listener(language)

        def listen(event: ConversationEvent) -> None:
            own(event)
            if language == self._lead_target:
                for further in tuple(self._further.values()):
                    further.take(event)
                if self._original is not None:
                    self._original.take(event)

        return listen

    def _listener(self, language: str) -> Callable[[ConversationEvent], None]:
        def listen(event: ConversationEvent) -> None:
            if language in self._hidden:
                kept = isinstance(event, Usage)
            else:
                self._follow(language, event)
                kept = not self._discarded or isinstance(event, Usage)
                kept = kept and not (self.muted and isinstance(event, Voice))
            if self._said is not None and kept:
                self._said(self, language, event)

        return listen

    def _follow(self, language: str, event: ConversationEvent) -> None:
        if language not in self.states:
            return
        if isinstance(event, StateChanged):
            self.states[language] = event.state
        elif isinstance(event, Failed) and event.fatal:
            self.states[language] = ConversationState.CLOSED

    @property
    def speaking(self) -> bool:
        """Whether speech is coming in."""
        return self._speaking

    @property
    def ended_at(self) -> float | None:
        """Clock seconds of the end of the last stretch of speech that is over."""
        return self._ended_at if self._speaking else self.heard_at

    @property
    def conversations(self) -> int:
        """How many the member has, open or not."""
        return len(self._conversations)

    def heard(self, pcm: bytes, began_at: float, at: float) -> None:
        """Take speech of this member (PCM16, 16 kHz, mono), heard from `began_at` until `at`."""
        if not self._speaking:
            self._speaking = True
            self.began_at = began_at
            self._ended_at = self.heard_at
        self.heard_at = at
        for conversation in self._conversations.values():
            conversation.feed(pcm)

    def fell_silent(self) -> None:
        """Let the turns end, as the member stopped speaking."""
        self._speaking = False
        for conversation in self._conversations.values():
            conversation.fell_silent()

    def use_glossary(self, language: str, phrases: Mapping[str, str]) -> None:
        """Translate these terms so, into this language, from now on."""
        if (conversation := self._conversations.get(language)) is not None:
            conversation.use_glossary(phrases)
        if (further := self._further.get(language)) is not None:
            further.use_glossary(phrases)

    def discard(self) -> None:
        """Send and pass on nothing more, but what the conversations used: it is paid."""
        self._discarded = True
        for conversation in self._conversations.values():
            conversation.discard()
        for further in self._further.values():
            further.discard()

    async def close(self) -> None:
        """End the conversations; what they still say is passed on until they have ended."""
        try:
            for parts in (tuple(self._conversations.values()), tuple(self._further.values())):
                closing = (part.close() for part in parts)
                for result in await asyncio.gather(*closing, return_exceptions=True):
                    if isinstance(result, Exception):  # the others are closed all the same
                        log.error("a conversation did not close", exc_info=result)
        finally:  # cut short, what is being translated is given up
            self._said = None
            for further in self._further.values():
                further.discard()
