"""A conversation on the bench: its link is recorded, its time is held by the test."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from bot.domain.events import (
    ConversationEvent,
    ConversationState,
    Failed,
    Final,
    Partial,
    StateChanged,
)
from bot.translation.ports import Reach
from bot.translation.protocol import server_events
from bot.translation.protocol.faults import Fault
from bot.translation.protocol.server_events import ServerEvent
from bot.translation.quota.quota import Claim, ConnectBudget
from bot.translation.speech.backlog import CHUNK
from bot.translation.speech.conversation import LiveConversation, Shared
from bot.translation.speech.meter import Meter
from bot.translation.speech.turns import Turns
from tests.support.clock import ManualClock
from tests.support.live_translate import into_english

A, B, C = (letter * CHUNK for letter in (b"a", b"b", b"c"))


class RecordedLink:
    """A link that keeps what it is given."""

    def __init__(
        self, on_event: Callable[[ServerEvent], None], on_lost: Callable[[Fault], None]
    ) -> None:
        self.says = on_event
        self.breaks = on_lost
        self.audio = b""
        self.updates: list[Mapping[str, Any]] = []
        self.finishing = False
        self.closed = False

    def send(self, pcm: bytes) -> int:
        self.audio += pcm
        return 0

    def update(self, session: Mapping[str, Any]) -> None:
        self.updates.append(session)

    def finish(self) -> None:
        self.finishing = True

    async def close(self) -> None:
        self.closed = True

    def open(self) -> None:
        self.says(server_events.SessionCreated("sess"))
        self.says(server_events.SessionUpdated())

    def translate(self, text: str, stop_ms: int) -> None:
        """One whole turn."""
        self.says(server_events.SpeechStarted(0, None))
        self.says(server_events.TranslationDone(f"r{stop_ms}", "i", text))
        self.says(server_events.ResponseDone(f"r{stop_ms}", "", None))
        self.says(server_events.SpeechStopped(stop_ms, None))


class Bench:
    """A conversation with everything around it recorded."""

    def __init__(
        self,
        notice: Failed | None = None,
        per_minute: int = 10,
        *,
        clock: ManualClock | None = None,
        budget: ConnectBudget | None = None,
        claim: Claim | None = None,
        reach: Reach | None = None,
    ) -> None:
        self.clock = clock or ManualClock()
        self.links: list[RecordedLink] = []
        self.events: list[ConversationEvent] = []
        budget = budget or ConnectBudget(per_minute, self.clock)
        self.talk = LiveConversation(
            Shared(budget, self.clock, 60.0, random.Random(1), reach),
            claim or Claim(),
            open_link=self._open,
            session=into_english(),
            turns=Turns("en", source_expected=False),
            meter=Meter(cumulative=False),
            listener=self.events.append,
            notice=notice,
        )

    def _open(
        self, on_event: Callable[[ServerEvent], None], on_lost: Callable[[Fault], None]
    ) -> RecordedLink:
        self.links.append(RecordedLink(on_event, on_lost))
        return self.links[-1]

    @property
    def link(self) -> RecordedLink:
        return self.links[-1]

    def codes(self) -> list[str]:
        return [event.code for event in self.events if isinstance(event, Failed)]

    def states(self) -> list[ConversationState]:
        return [event.state for event in self.events if isinstance(event, StateChanged)]

    def shown(self) -> str:
        """The text said last, interim or final."""
        return [event.text for event in self.events if isinstance(event, Partial | Final)][-1]

    def finals(self) -> list[tuple[int, str]]:
        return [(event.turn, event.text) for event in self.events if isinstance(event, Final)]
