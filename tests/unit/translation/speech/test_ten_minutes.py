"""Ten minutes of a busy call on an account of ten connects a minute; time held by the test."""

import asyncio
import random
from collections import Counter
from functools import partial

from bot.translation.quota.quota import Claim, ConnectBudget
from tests.support.clock import ManualClock
from tests.support.simulated_service import Listener, SimulatedService, word

SPEAKERS = range(10)
LANGUAGES = ("en", "de")
STEP_S = 0.1


class Table:
    """Ten people who talk in turns, each in their own words."""

    def __init__(self, per_minute: int = 10, *, straggling_s: float = 0.0) -> None:
        self.clock = ManualClock()
        self.service = SimulatedService(self.clock, straggling_s=straggling_s)
        self.budget = ConnectBudget(per_minute, self.clock, chance=random.Random(1))
        self.listeners = {
            (speaker, language): Listener(
                self.service, self.budget, Claim(1, speaker, partial(str, language)), seed=speaker
            )
            for speaker in SPEAKERS
            for language in LANGUAGES
        }
        self.said: dict[int, Counter[int]] = {speaker: Counter() for speaker in SPEAKERS}
        self.dice = random.Random(5)
        self.words = 0

    @property
    def spoken_s(self) -> float:
        return sum(sum(words.values()) for words in self.said.values()) * STEP_S

    @property
    def dropped_s(self) -> float:
        return sum(listener.talk.dropped_s for listener in self.listeners.values())

    async def step(self) -> None:
        self.clock.advance(STEP_S)
        await asyncio.sleep(0)

    async def utter(self, speaker: int, seconds: float) -> None:
        self.words += 1
        for _ in range(round(seconds / STEP_S)):
            for language in LANGUAGES:
                self.listeners[speaker, language].talk.feed(word(self.words))
            self.said[speaker][self.words] += 1
            await self.step()

    async def wait(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            await self.step()

    async def talk_until(self, when: float) -> None:
        speaker = 0
        while self.clock.now() < when:
            speaker = (speaker + self.dice.randrange(1, len(SPEAKERS))) % len(SPEAKERS)
            await self.utter(speaker, self.dice.uniform(3, 12))
            await self.wait(0.2)
            for language in LANGUAGES:
                self.listeners[speaker, language].talk.fell_silent()
            await self.wait(self.dice.uniform(0.1, 1.5))

    async def close(self) -> None:
        closing = asyncio.gather(*(listener.talk.close() for listener in self.listeners.values()))
        while not closing.done():
            await self.step()


async def test_ten_speakers_in_two_languages_stay_within_ten_connects_and_lose_nothing() -> None:
    table = Table()
    began_at = table.clock.now()
    await table.talk_until(began_at + 60)
    dropped_s = table.dropped_s
    await table.talk_until(began_at + 600)
    await table.wait(20)
    assert table.service.busiest_minute() <= 10
    assert table.dropped_s == dropped_s
    assert table.service.heard_s <= 1.25 * table.spoken_s * len(LANGUAGES)
    for (speaker, _), listener in table.listeners.items():
        assert listener.read() == table.said[speaker]
    assert table.budget.figures().lent > 0
    await table.close()
    assert table.service.open == 0
    assert table.clock.pending == 0


async def test_what_a_lent_link_still_says_of_its_first_speaker_is_never_shown_as_another_s() -> (
    None
):
    table = Table(4, straggling_s=8.0)
    await table.talk_until(table.clock.now() + 240)
    await table.wait(20)
    assert table.budget.figures().lent > 0
    for (speaker, _), listener in table.listeners.items():
        assert set(listener.read()) <= set(table.said[speaker])
    await table.close()
