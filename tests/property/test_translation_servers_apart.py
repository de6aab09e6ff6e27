"""Whatever one server does, another gets its conversations within a bound and loses no word.

The bound: a connect of its quota is free within a fifth of a minute (`ConnectRate.soon_s`), as
those beyond theirs leave so many. A place is free after `GRACE_S`, which runs meanwhile, as soon as
who gives one up has ended. That is less than the 15 s of speech that are kept for who waits.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.events import ConversationState
from bot.tasks import TaskOwner
from bot.translation.quota.quota import Claim, ConnectBudget
from bot.translation.timeouts import UNSENT_S
from tests.support.clock import ManualClock
from tests.support.simulated_service import OPENS_IN_S, Listener, SimulatedService, word

GREEDY: Final = 1
MODEST: Final = 2
STEP_S: Final = 0.2
SOON_S: Final = 60 / 5
ENDING_S: Final = 0.3  # the service's, for a session that is finished
LOOKS_S: Final = 0.25 + 2 * STEP_S
BOUND_S: Final = SOON_S + LOOKS_S + ENDING_S + OPENS_IN_S
CROWD: Final = 14
WAITS: Final = {ConversationState.WAITING, ConversationState.OPENING}


class Act(Enum):
    """What the greedy server does for a while."""

    TALK = auto()  # all at once without a pause
    TURNS = auto()  # each with pauses
    LOOP = auto()  # conversations are opened ahead and closed again
    REST = auto()


@dataclass(frozen=True)
class Spell:
    act: Act
    seconds: int
    people: int


@dataclass(frozen=True)
class Limits:
    per_minute: int
    most_open: int
    tokens: int = 10**9


SPELLS = st.lists(
    st.builds(Spell, st.sampled_from(Act), st.integers(2, 40), st.integers(1, CROWD)),
    min_size=1,
    max_size=5,
)
PAUSES = st.lists(st.integers(0, 70), min_size=1, max_size=3)
LIMITS = st.sampled_from(
    [Limits(10, 8), Limits(10, 40), Limits(20, 6), Limits(10, 40, 4_000), Limits(60, 5, 6_000)]
)
FLOOD = [Spell(Act.TALK, 40, CROWD)] * 3
LOOPS = [Spell(Act.LOOP, 40, CROWD)] * 3


def test_the_bound_is_below_what_is_kept() -> None:
    assert BOUND_S < UNSENT_S


@settings(max_examples=60, deadline=None)
@given(spells=SPELLS, pauses=st.tuples(PAUSES, PAUSES), limits=LIMITS)
@example(spells=FLOOD, pauses=([20, 30], [21]), limits=Limits(20, 6))
@example(spells=FLOOD, pauses=([70], [70]), limits=Limits(10, 40, 4_000))
@example(spells=LOOPS, pauses=([4], [5]), limits=Limits(10, 40))
@example(spells=LOOPS, pauses=([50], [51]), limits=Limits(10, 40))
def test_a_server_gets_its_conversations_in_time_whatever_another_does(
    spells: list[Spell], pauses: tuple[list[int], list[int]], limits: Limits
) -> None:
    asyncio.run(Call(limits).run(spells, pauses))


class Call:
    """A greedy server beside one with two speakers."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.clock = ManualClock()
        self.service = SimulatedService(self.clock)
        self.budget = ConnectBudget(
            limits.per_minute,
            self.clock,
            most_open=limits.most_open,
            tokens_per_minute=limits.tokens,
            chance=random.Random(1),
        )
        self.said: dict[Listener, Counter[int]] = {}
        self.modest = [self._listener(MODEST, speaker) for speaker in range(2)]
        self.greedy = [self._listener(GREEDY, speaker) for speaker in range(CROWD)]
        self.looping: list[Listener] = []
        self.closing = TaskOwner("closing")
        self.waits_since: dict[Listener, float] = {}
        self.longest_wait_s = 0.0

    def _listener(self, guild: int, speaker: int) -> Listener:
        listener = Listener(self.service, self.budget, Claim(guild, speaker, lambda: "en"))
        self.said[listener] = Counter()
        return listener

    async def run(self, spells: list[Spell], pauses: tuple[list[int], list[int]]) -> None:
        calm = [_speaking(own) for own in pauses]
        for spell in spells:
            for step in range(round(spell.seconds / STEP_S)):
                self._act(spell, step)
                for listener, speaks in zip(self.modest, calm, strict=True):
                    self._speak(listener, speaks=next(speaks))
                await self._step()
        for listener in (*self.modest, *self.greedy):
            listener.talk.fell_silent()
        for _ in range(round(90 / STEP_S)):
            await self._step()
        self._check()
        for listener in (*self.modest, *self.greedy, *self.looping):
            self.closing.start(listener.talk.close(), "close")
        for _ in range(round(10 / STEP_S)):
            await self._step()
        await self.closing.drain()
        assert self.service.open == 0
        assert self.clock.pending == 0

    def _act(self, spell: Spell, step: int) -> None:
        for number, listener in enumerate(self.greedy):
            talks = spell.act is Act.TALK or (spell.act is Act.TURNS and (step + 7 * number) % 20)
            self._speak(listener, speaks=number < spell.people and bool(talks))
        if spell.act is Act.LOOP:
            for listener in self.looping:
                self.closing.start(listener.talk.close(), "close")
            self.looping.clear()
            if step % 2:
                self.looping.append(self._listener(GREEDY, CROWD))
                self.looping[0].talk.open()

    def _speak(self, listener: Listener, *, speaks: bool) -> None:
        if not speaks:
            listener.talk.fell_silent()
            return
        number = 1 + [*self.modest, *self.greedy].index(listener)
        for _ in range(round(STEP_S * 10)):
            listener.talk.feed(word(number))
            self.said[listener][number] += 1

    async def _step(self) -> None:
        self.clock.advance(STEP_S)
        for _ in range(3):  # what ends is closed, and the next begins
            await asyncio.sleep(0)
        now = self.clock.now()
        for listener in self.modest:
            if listener.talk.state in WAITS:
                since = self.waits_since.setdefault(listener, now - STEP_S)
                self.longest_wait_s = max(self.longest_wait_s, now - since)
            else:
                self.waits_since.pop(listener, None)

    def _check(self) -> None:
        assert self.longest_wait_s <= BOUND_S
        for listener in self.modest:
            assert listener.read() == self.said[listener]
        for listener in self.greedy:  # what it gave up was said and kept, as long as all is kept
            lost = sum(self.said[listener].values()) - sum(listener.read().values())
            assert lost == round(listener.talk.dropped_s * 10)
        assert self.service.busiest_minute() <= self.limits.per_minute
        assert self.service.most_open <= self.limits.most_open


def _speaking(pauses: list[int]) -> Iterator[bool]:
    """By step: three seconds of speech after each of the pauses, over and over."""
    while True:
        for pause in pauses:
            yield from [False] * round(pause / STEP_S)
            yield from [True] * round(3 / STEP_S)
