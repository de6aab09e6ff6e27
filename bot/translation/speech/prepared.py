"""Conversations opened before their first word, so that a refusal is known when a room starts."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from bot.domain.events import (
    ConversationEvent,
    ConversationRequest,
    ConversationState,
    Failed,
    StateChanged,
    Usage,
)
from bot.errors import ConversationError
from bot.logs import get_logger
from bot.translation import timeouts
from bot.translation.speech.conversation import LiveConversation
from bot.translation.speech.report import Listener

log = get_logger(__name__)

WITHIN_S: Final = 1.5  # a refusal is known by then; who starts a room waits no longer

Begin = Callable[[ConversationRequest, Listener], LiveConversation]


class PreparedConversations:
    """Opens conversations ahead, and keeps them until the room asks for them.

    Args:
        begin: Makes a conversation, not yet open.
        slow: Called when the service has not answered within `WITHIN_S`.
    """

    def __init__(self, begin: Begin, slow: Callable[[], None] = lambda: None) -> None:
        self._begin = begin
        self._slow = slow
        self._kept: list[tuple[ConversationRequest, LiveConversation, _Relay]] = []

    async def open(self, request: ConversationRequest) -> None:
        """Open one; returns when it is open, when that failed for now, or after `WITHIN_S`.

        Whoever has spoken goes first. Where nothing is free within this time, the conversation
        opens with its first word, as any other: a check is worth nobody's place.

        Raises:
            ConversationError: The service refused for good; the message says why.
        """
        relay = _Relay()
        conversation = self._begin(request, relay)
        self._kept.append((request, conversation, relay))
        conversation.open()
        try:
            async with asyncio.timeout(WITHIN_S):
                await relay.outcome.wait()
        except TimeoutError:
            conversation.withdraw()
            if conversation.state is ConversationState.OPENING:
                self._slow()
            return
        except BaseException:
            await self.discard(request.guild_id)
            raise
        if relay.refusal is not None:
            await self.discard(request.guild_id)
            raise ConversationError(relay.refusal)

    async def attempt(self, request: ConversationRequest) -> None:
        """Open one and close it, to see whether that can be done."""
        relay = _Relay()
        conversation = self._begin(request, relay)
        conversation.open()
        try:
            async with asyncio.timeout(timeouts.OPENING_S + WITHIN_S):
                await relay.outcome.wait()
        except TimeoutError:
            log.debug("nothing was found out: no connect was free")
        finally:
            await conversation.close()

    def take(self, request: ConversationRequest, listener: Listener) -> LiveConversation | None:
        """Return the conversation that was opened for a request, if any, with its glossary."""
        for index, (kept, conversation, relay) in enumerate(self._kept):
            if replace(kept, glossary=request.glossary) == request:
                del self._kept[index]
                relay.pass_on(listener)
                conversation.use_glossary(request.glossary)
                return conversation
        return None

    async def discard(self, guild_id: int) -> None:
        """Close what a guild did not ask for."""
        dropped = [talk for request, talk, _ in self._kept if request.guild_id == guild_id]
        self._kept = [kept for kept in self._kept if kept[0].guild_id != guild_id]
        await asyncio.gather(*(conversation.close() for conversation in dropped))


class _Relay:
    """Keeps what a conversation says until somebody listens."""

    def __init__(self) -> None:
        self.outcome = asyncio.Event()
        self.refusal: str | None = None
        self._kept: list[ConversationEvent] = []  # of itself: as nothing was said to it, no texts
        self._used = Usage()
        self._listener: Listener | None = None

    def __call__(self, event: ConversationEvent) -> None:
        if self._listener is not None:
            self._listener(event)
            return
        if isinstance(event, Usage):
            self._used += event
        elif isinstance(event, StateChanged | Failed):
            self._kept.append(event)
        if isinstance(event, Failed) and event.fatal:
            self.refusal = event.message
            self.outcome.set()
        elif isinstance(event, StateChanged) and event.state in {
            ConversationState.OPEN,
            ConversationState.IDLE,  # it could not be opened, and is not tried again
        }:
            self.outcome.set()

    def pass_on(self, listener: Listener) -> None:
        self._listener = listener
        for event in self._kept:
            listener(event)
        self._kept.clear()
        if self._used != Usage():
            listener(self._used)
