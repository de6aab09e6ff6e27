"""The room's side of a conversation in tests: what it is told, and how it speaks."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from bot.clock import Clock, LoopClock, Timer
from bot.domain.events import (
    Caption,
    ConversationEvent,
    ConversationRequest,
    ConversationState,
    Failed,
    Final,
    Member,
    StateChanged,
    TurnEnded,
)
from bot.room.captions import CaptionLine, Captions
from bot.translation.speech.conversation import LiveConversation
from tests.integration.translation.translation_service import Service, spoken
from tests.support.live_translate import live_translate

FLAT = "qwen3-livetranslate-flash-realtime"
FLAT_NEWER = "qwen3.5-livetranslate-flash-realtime"
NESTED = "qwen3.8-livetranslate-flash-realtime"
KEY = "sk-0123456789"


class QuickClock(LoopClock):
    """Ten seconds pass in one: what waits for the rules' seconds need not wait for the test's."""

    def now(self) -> float:
        return super().now() * 10

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        return super().call_at(when / 10, callback)


def open_sockets() -> int:
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own
            count += str(link.readlink()).startswith("socket:")
    return count


@contextlib.asynccontextmanager
async def nothing_left() -> AsyncIterator[None]:
    """Threads, sockets and tasks return to where they were."""
    threads = set(threading.enumerate())
    sockets = open_sockets()
    tasks = asyncio.all_tasks()
    yield
    for _ in range(100):  # the service's side, on the same loop, hears of the end a moment later
        if open_sockets() <= sockets and asyncio.all_tasks() <= tasks:
            break
        await asyncio.sleep(0.01)
    left = [thread.name for thread in threading.enumerate() if thread not in threads]
    assert open_sockets() <= sockets
    assert [name for name in left if not name.startswith("asyncio_")] == []  # the loop's own pool
    assert [task.get_name() for task in asyncio.all_tasks() if task not in tasks] == []


@dataclass
class Heard:
    """What a conversation told its room."""

    events: list[ConversationEvent] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self, event: ConversationEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, holds: Callable[["Heard"], bool]) -> None:
        async with asyncio.timeout(30):
            while not holds(self):
                self._changed.clear()
                await self._changed.wait()

    async def until_ended(self, count: int) -> None:
        """Until so many turns ended."""
        await self.until(lambda heard: len(heard.ended()) == count)

    def captions(self) -> list[str]:
        """What stands in the text channel in the end, each caption in its last state."""
        captions = Captions()
        shown: dict[int, Caption] = {}
        for event in self.events:
            caption = captions.apply(CaptionLine(1, "en"), Member(1, "Ana"), event, 0.0)
            if caption is not None:
                shown[caption.key] = caption
        return [caption.text for caption in shown.values() if caption.text]

    def notices(self) -> list[str]:
        """What the conversation has to say of itself; the room says each once."""
        return [failure.message for failure in self.failures()]

    def finals(self) -> dict[int, str]:
        return {event.turn: event.text for event in self.events if isinstance(event, Final)}

    def failures(self) -> list[Failed]:
        return [event for event in self.events if isinstance(event, Failed)]

    def ended(self) -> list[int]:
        return [event.turn for event in self.events if isinstance(event, TurnEnded)]

    def states(self) -> list[ConversationState]:
        return [event.state for event in self.events if isinstance(event, StateChanged)]


@contextlib.asynccontextmanager
async def conversation(
    service: Service,
    heard: Heard,
    model: str = FLAT,
    *,
    voice: bool = False,
    idle_s: float = 60.0,
    target: str = "en",
    clock: Clock | None = None,
) -> AsyncIterator[LiveConversation]:
    interpreter = live_translate(
        url=service.url,
        api_key=KEY,
        model=model,
        clock=clock or LoopClock(),
        idle_s=idle_s,
        connects_per_minute=100,
    )
    request = ConversationRequest(speaker_id=1, target=target, spoken=voice)
    talk = interpreter.converse(request, heard)
    try:
        yield talk
    finally:
        await talk.close()
        await interpreter.close()


async def say(talk: LiveConversation, *words: int, pace_s: float = 0.01) -> None:
    for word in words:
        talk.feed(spoken(word))
        await asyncio.sleep(pace_s)
    talk.fell_silent()
