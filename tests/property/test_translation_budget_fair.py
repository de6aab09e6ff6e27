"""Whatever the order in which conversations ask: the limits hold, and nobody is left behind."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.translation.quota.connects import ConnectRate
from bot.translation.quota.fair_queue import PROMOTED_S, FairQueue, Ticket
from bot.translation.quota.quota import Claim, ConnectBudget
from tests.support.clock import ManualClock
from tests.support.simulated_service import Listener, SimulatedService, word

GUILDS = st.integers(1, 4)


@dataclass(frozen=True, slots=True)
class Utterance:
    """Somebody speaks for so long, so long after the one before began."""

    guild: int
    speaker: int
    after_s: float
    length_s: float


UTTERANCES = st.lists(
    st.builds(
        Utterance,
        guild=st.integers(1, 2),
        speaker=st.integers(1, 4),
        after_s=st.integers(0, 80).map(lambda tenths: tenths / 10),
        length_s=st.integers(3, 40).map(lambda tenths: tenths / 10),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=60, deadline=None)
@given(
    per_minute=st.integers(1, 12),
    waits=st.lists(st.floats(0, 30), min_size=1, max_size=60),
    refused=st.sets(st.integers(0, 60)),
)
def test_no_minute_holds_more_connects_than_the_limit(
    per_minute: int, waits: list[float], refused: set[int]
) -> None:
    rate = ConnectRate(per_minute, random.Random(1))
    now = 0.0
    made: list[float] = []
    for number, wait in enumerate(waits):
        now = max(now + wait, rate.next_at(now + wait))
        assert rate.next_at(now) <= now
        assert rate.left(now) >= 1
        assert rate.possible(now, 0.0) >= 1
        rate.made(now)
        made.append(now)
        if number in refused:
            rate.refused(now, now + 0.1)
        else:
            rate.accepted(now)
    for first, beyond in zip(made, made[per_minute:], strict=False):
        assert beyond >= first + 60


@settings(max_examples=150, deadline=None)
@given(
    asked=st.lists(st.tuples(GUILDS, st.booleans(), st.integers(0, 3)), min_size=1, max_size=50),
    serves_every=st.integers(1, 5),
)
def test_no_guild_waits_longer_than_its_turn(
    asked: list[tuple[int, bool, int]], serves_every: int
) -> None:
    """At most one of each other guild is served before each of this guild's that are older."""
    queue = FairQueue()
    guilds = {guild for guild, _, _ in asked}
    allowed: dict[Ticket, int] = {}  # servings, once it counts as first
    now = 0.0

    def serve() -> None:
        order = queue.order(now)
        if not order:
            return
        queue.served(order[0])
        allowed.pop(order[0])
        for ticket in order[1:]:
            if not ticket.further or now >= ticket.since + PROMOTED_S:
                allowed[ticket] -= 1
                assert allowed[ticket] >= 0

    for number, (guild, further, wait) in enumerate(asked):
        now += wait
        older = sum(ticket.guild_id == guild for ticket in allowed)
        ticket = Ticket(guild, further, now)
        allowed[ticket] = (older + 1) * len(guilds)
        queue.add(ticket)
        if number % serves_every == 0:
            serve()
    while len(queue):
        now += 1
        serve()
    assert allowed == {}


@settings(max_examples=60, deadline=None)
@given(
    utterances=UTTERANCES,
    per_minute=st.integers(1, 6),
    most_open=st.integers(2, 8),
    straggling_s=st.sampled_from([0.0, 6.0]),
)
def test_whoever_speaks_when_each_reads_their_own_words_and_no_other_s(
    utterances: list[Utterance], per_minute: int, most_open: int, straggling_s: float
) -> None:
    asyncio.run(_call(utterances, per_minute, most_open, straggling_s))


async def _call(
    utterances: list[Utterance], per_minute: int, most_open: int, straggling_s: float
) -> None:
    clock = ManualClock()
    service = SimulatedService(clock, straggling_s=straggling_s)
    budget = ConnectBudget(per_minute, clock, most_open=most_open, chance=random.Random(1))
    listeners = {
        who: Listener(service, budget, Claim(*who, lambda: "en"))
        for who in dict.fromkeys((each.guild, each.speaker) for each in utterances)
    }
    said: dict[tuple[int, int], Counter[int]] = {who: Counter() for who in listeners}
    speech: dict[int, list[tuple[tuple[int, int], int]]] = {}  # by tenth of a second
    tenth = 0
    for number, utterance in enumerate(utterances, start=1):
        who = (utterance.guild, utterance.speaker)
        tenth += round(utterance.after_s * 10)
        for later in range(round(utterance.length_s * 10)):
            speech.setdefault(tenth + later, []).append((who, number))
            said[who][number] += 1
    await _speak(listeners, speech, clock)
    assert service.busiest_minute() <= per_minute
    assert service.most_open <= most_open
    assert budget.waiting == 0
    for who, listener in listeners.items():
        read = listener.read()
        assert set(read) <= set(said[who])
        lost = sum(said[who].values()) - sum(read.values())
        if not straggling_s:
            assert round(listener.talk.dropped_s * 10) == lost
    closing = asyncio.gather(*(listener.talk.close() for listener in listeners.values()))
    while not closing.done():
        clock.advance(0.5)
        await asyncio.sleep(0)
    assert service.open == 0
    assert clock.pending == 0


async def _speak(
    listeners: dict[tuple[int, int], Listener],
    speech: dict[int, list[tuple[tuple[int, int], int]]],
    clock: ManualClock,
) -> None:
    speaking: set[tuple[int, int]] = set()
    for tenth in range(max(speech) + 2):
        for who, number in speech.get(tenth, []):
            listeners[who].talk.feed(word(number))
        heard = {who for who, _ in speech.get(tenth, [])}
        for who in speaking - heard:
            listeners[who].talk.fell_silent()
        speaking = heard
        clock.advance(0.1)
        await asyncio.sleep(0)
    for _ in range(180):
        clock.advance(1)
        await asyncio.sleep(0)
