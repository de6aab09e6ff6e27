"""A link of the bot to a server whose bytes a test chooses, and what it tells its owner."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from bot.translation.connection.link import Link
from bot.translation.ports import Endpoint
from bot.translation.protocol import server_events
from bot.translation.protocol.bounds import Excess
from bot.translation.protocol.faults import Fault
from bot.translation.protocol.server_events import ServerEvent
from bot.translation.sockets import Sockets
from tests.integration.translation.raw_service import RawService, Wire, event

CHUNK = bytes(range(200)) * 16
SESSION = {"output_modalities": ["text"], "translation": {"language": "en"}}


@dataclass
class Told:
    """What a link told its owner."""

    events: list[ServerEvent] = field(default_factory=list)
    lost: list[Fault] = field(default_factory=list)
    excess: Excess = field(default_factory=Excess)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def on_event(self, event: ServerEvent) -> None:
        self.events.append(event)
        self._changed.set()

    def on_lost(self, fault: Fault) -> None:
        self.lost.append(fault)
        self._changed.set()

    async def until(self, holds: Callable[["Told"], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds(self):
                self._changed.clear()
                await self._changed.wait()


@contextlib.asynccontextmanager
async def linked(service: RawService, told: Told) -> AsyncIterator[Link]:
    endpoint = Endpoint(service.url, "sk-1", "model")
    sockets = Sockets()
    link = Link(sockets, endpoint, SESSION, told.on_event, told.on_lost, told.excess)
    try:
        yield link
    finally:
        await link.close()
        await sockets.close()


async def ignore(wire: Wire) -> None:
    while True:
        await wire.receive()


def interim(text: str) -> bytes:
    return event("response.text.text", response_id="r", item_id="i", text=text)


def texts(told: Told) -> list[str]:
    return [e.text for e in told.events if isinstance(e, server_events.TranslationText)]
