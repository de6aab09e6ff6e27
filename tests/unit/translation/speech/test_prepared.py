"""Conversations opened before their first word."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.events import (
    ConversationEvent,
    ConversationRequest,
    ConversationState,
    Failed,
    StateChanged,
)
from bot.errors import ConversationError
from bot.translation.protocol import faults, server_events
from bot.translation.protocol.faults import Fault
from bot.translation.protocol.models import model_named
from bot.translation.protocol.server_events import ServerEvent
from bot.translation.protocol.session_body import SessionOptions
from bot.translation.quota.quota import Claim, ConnectBudget
from bot.translation.speech import prepared
from bot.translation.speech.conversation import LiveConversation, Shared
from bot.translation.speech.meter import Meter
from bot.translation.speech.prepared import PreparedConversations
from bot.translation.speech.session_settings import Imitation, SessionSettings
from bot.translation.speech.turns import Turns
from tests.support.clock import ManualClock

REQUEST = ConversationRequest(1, "en", guild_id=7)
MODEL = model_named("qwen3-livetranslate-flash-realtime")


class Answering:
    """A link that opens, or fails, as soon as it is made."""

    def __init__(
        self,
        on_event: Callable[[ServerEvent], None],
        on_lost: Callable[[Fault], None],
        fault: Fault | None,
    ) -> None:
        self.audio = b""
        self.updates: list[Mapping[str, Any]] = []
        self.closed = False
        self.open = lambda: (
            on_event(server_events.SessionUpdated()) if fault is None else on_lost(fault)
        )

    def send(self, pcm: bytes) -> int:
        self.audio += pcm
        return 0

    def update(self, session: Mapping[str, Any]) -> None:
        self.updates.append(session)

    def finish(self) -> None:
        pass

    async def close(self) -> None:
        self.closed = True


class Bench:
    def __init__(self, fault: Fault | None = None, per_minute: int = 10) -> None:
        self.clock = ManualClock()
        self.budget = ConnectBudget(per_minute, self.clock)
        self.links: list[Answering] = []
        self.ahead = PreparedConversations(self._begin)
        self._fault = fault

    def _begin(
        self, request: ConversationRequest, listener: Callable[[ConversationEvent], None]
    ) -> LiveConversation:
        def open_link(
            on_event: Callable[[ServerEvent], None], on_lost: Callable[[Fault], None]
        ) -> Answering:
            self.links.append(Answering(on_event, on_lost, self._fault))
            self.clock.call_at(self.clock.now(), self.links[-1].open)
            return self.links[-1]

        options = SessionOptions(
            target=request.target,
            source=None,
            voice=None,
            source_text=True,
            silence_ms=800,
            phrases=request.glossary,
        )
        return LiveConversation(
            Shared(self.budget, self.clock, 60.0, random.Random(1)),
            Claim(request.guild_id, request.speaker_id),
            open_link=open_link,
            session=SessionSettings(MODEL, options, Imitation(possible=False)),
            turns=Turns("en", source_expected=False),
            meter=Meter(cumulative=False),
            listener=listener,
        )

    async def open(self) -> None:
        async def answer() -> None:
            self.clock.advance(0.1)

        # The first begins the connect, the second lets the link answer.
        await asyncio.gather(self.ahead.open(REQUEST), answer())


async def test_who_asks_for_it_gets_the_open_conversation_with_what_it_said() -> None:
    bench = Bench()
    await bench.open()
    heard: list[ConversationEvent] = []
    talk = bench.ahead.take(REQUEST, heard.append)
    assert talk is not None
    assert heard == [
        StateChanged(ConversationState.OPENING),
        StateChanged(ConversationState.OPEN),
    ]
    talk.feed(bytes(3200))
    assert bench.links[0].audio == bytes(3200)
    assert bench.ahead.take(REQUEST, heard.append) is None
    await talk.close()


async def test_nothing_is_fed_and_nothing_stays_open_while_nobody_speaks() -> None:
    bench = Bench()
    await bench.open()
    bench.clock.advance(100)
    assert bench.links[0].audio == b""
    assert len(bench.links) == 1
    assert bench.clock.pending == 0


async def test_other_terms_are_told_to_the_open_session() -> None:
    bench = Bench()
    await bench.open()
    request = ConversationRequest(1, "en", guild_id=7, glossary={"canal": "channel"})
    talk = bench.ahead.take(request, lambda _: None)
    assert talk is not None
    (update,) = bench.links[0].updates
    assert update["translation"]["corpus"] == {"phrases": {"canal": "channel"}}
    await talk.close()


@pytest.mark.parametrize(
    "other",
    [
        ConversationRequest(2, "en", guild_id=7),
        ConversationRequest(1, "es", guild_id=7),
        ConversationRequest(1, "en", guild_id=8),
        ConversationRequest(1, "en", guild_id=7, spoken=True),
    ],
)
async def test_nobody_else_gets_it(other: ConversationRequest) -> None:
    bench = Bench()
    await bench.open()
    assert bench.ahead.take(other, lambda _: None) is None
    await bench.ahead.discard(8)
    assert not bench.links[0].closed
    await bench.ahead.discard(7)
    assert bench.links[0].closed


async def test_a_refusal_is_raised_and_leaves_nothing() -> None:
    bench = Bench(faults.BAD_KEY)
    with pytest.raises(ConversationError, match="DASHSCOPE_API_KEY"):
        await bench.open()
    assert len(bench.links) == 1
    assert bench.ahead.take(REQUEST, lambda _: None) is None


async def test_a_failure_that_may_pass_is_told_to_who_asks_later_and_not_tried_again() -> None:
    bench = Bench(faults.OVERLOADED)
    await bench.open()
    bench.clock.advance(100)
    assert len(bench.links) == 1
    heard: list[ConversationEvent] = []
    talk = bench.ahead.take(REQUEST, heard.append)
    assert talk is not None
    assert [event.code for event in heard if isinstance(event, Failed)] == ["overloaded"]
    await talk.close()


async def test_a_check_takes_no_place_from_who_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no connect is free in time, the place is given up until the first word."""
    monkeypatch.setattr(prepared, "WITHIN_S", 0.01)
    bench = Bench(per_minute=1)
    await bench.open()
    other = replace(REQUEST, guild_id=8)
    await bench.ahead.open(other)
    assert bench.budget.waiting == 0
    bench.clock.advance(100)
    assert len(bench.links) == 1  # a minute was over, and nobody had spoken
    talk = bench.ahead.take(other, lambda _: None)
    assert talk is not None
    talk.feed(bytes(3200))
    bench.clock.advance(0.1)
    assert bench.links[1].audio == bytes(3200)
    await talk.close()
    await bench.ahead.discard(REQUEST.guild_id)
    assert bench.clock.pending == 0


async def test_a_check_goes_behind_who_has_spoken() -> None:
    bench = Bench(per_minute=1)
    await bench.open()
    bench.clock.advance(57)
    check, speaker = (
        bench._begin(replace(REQUEST, guild_id=guild), lambda _: None) for guild in (8, 9)
    )
    check.open()
    speaker.feed(bytes(3200))
    bench.clock.advance(3)
    assert (check.state, speaker.state) == (ConversationState.WAITING, ConversationState.OPEN)
    for talk in (check, speaker):
        await talk.close()
    await bench.ahead.discard(REQUEST.guild_id)
