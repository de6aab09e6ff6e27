"""One speaker of a room: their conversations, one per target language, opened by their speech."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from bot.room.events import (
    ConversationEvent,
    ConversationRequest,
    ConversationState,
    Failed,
    Member,
    StateChanged,
    Usage,
)
from bot.room.ports import Conversation, Interpreter

log = logging.getLogger(__name__)

Said = Callable[["Speaker", str, ConversationEvent], None]


class Speaker:
    """Feeds one member's speech to a conversation for each language and passes on what they say.

    Args:
        stay: The number of this stay, unique in the room.
        member: Who speaks.
        requests: What to open, one for each target language.
        interpreter: The translation service.
        said: Called with this speaker, the target language and each event, until closed.
    """

    def __init__(
        self,
        stay: int,
        member: Member,
        requests: list[ConversationRequest],
        interpreter: Interpreter,
        said: Said,
    ) -> None:
        self.stay = stay
        self.member = member
        self._said: Said | None = said
        self._discarded = False
        self.states: dict[str, ConversationState] = {}
        self.began_at = 0.0  # when the current or last stretch of speech began
        self.heard_at: float | None = None
        self._speaking = False
        self._conversations: dict[str, Conversation] = {}
        for request in requests:
            language = request.target
            self.states[language] = ConversationState.IDLE
            self._conversations[language] = interpreter.converse(request, self._listener(language))

    def _listener(self, language: str) -> Callable[[ConversationEvent], None]:
        def listen(event: ConversationEvent) -> None:
            if isinstance(event, StateChanged):
                self.states[language] = event.state
            elif isinstance(event, Failed) and event.fatal:
                self.states[language] = ConversationState.CLOSED
            if self._said is not None and (not self._discarded or isinstance(event, Usage)):
                self._said(self, language, event)

        return listen

    @property
    def speaking(self) -> bool:
        """Whether speech is coming in."""
        return self._speaking

    def heard(self, pcm: bytes, began_at: float, at: float) -> None:
        """Speech of this member (PCM16, 16 kHz, mono), heard from `began_at` until `at`."""
        if not self._speaking:
            self._speaking = True
            self.began_at = began_at
        self.heard_at = at
        for conversation in self._conversations.values():
            conversation.feed(pcm)

    def fell_silent(self) -> None:
        """The member stopped speaking."""
        self._speaking = False
        for conversation in self._conversations.values():
            conversation.fell_silent()

    def use_glossary(self, language: str, phrases: Mapping[str, str]) -> None:
        """Translate these terms so, into this language, from now on."""
        if (conversation := self._conversations.get(language)) is not None:
            conversation.use_glossary(phrases)

    def discard(self) -> None:
        """Pass on nothing more of what the conversations say, but what they used: it is paid."""
        self._discarded = True

    async def close(self) -> None:
        """End the conversations; what they still say is passed on until they have ended."""
        closing = (conversation.close() for conversation in self._conversations.values())
        for result in await asyncio.gather(*closing, return_exceptions=True):
            if isinstance(result, Exception):  # the others are closed all the same
                log.error("a conversation did not close", exc_info=result)
        self._said = None
