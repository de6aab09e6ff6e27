"""Whatever texts one server asks for, another's finals are translated within a bound.

The bound: requests go out evenly, so many a second, and next is the server that was served longest
ago. So the first final of the other waits for one slot, and each further one for two, the greedy
server's and its own; a slot comes with each second, or less often below 60 a minute. It asks for no
more than its half.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from itertools import count
from typing import Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.events import Failed, TextAnswer, TextRequest, Usage
from bot.translation.text.batching import MOST_SENTENCES
from bot.translation.text.queue import LATE_S
from bot.translation.text.request_budget import MARGIN
from tests.support.texts import SimulatedService, line_by_line, text

GREEDY: Final = 1
MODEST: Final = 2
LANGUAGES: Final = ("en", "fr")
TAKES_S: Final = 0.3
LINE_S: Final = 0.05  # a greedy request of 16 lines is slow


class Act(Enum):
    """What the greedy server asks for, each tenth of a second of a while."""

    FINALS = auto()  # of one language, which share requests
    LANGUAGES = auto()  # finals that can share none
    INTERIMS = auto()
    BROKEN = auto()  # of the other's languages, whose lines come back as one
    REST = auto()


@dataclass(frozen=True)
class Spell:
    act: Act
    seconds: int
    texts: int


SPELLS = st.lists(
    st.builds(Spell, st.sampled_from(Act), st.integers(2, 40), st.integers(1, 6)),
    min_size=1,
    max_size=4,
)
PAUSES = st.lists(st.integers(0, 6), min_size=1, max_size=4)


@settings(max_examples=12, deadline=None)
@given(spells=SPELLS, pauses=PAUSES, per_minute=st.sampled_from([30, 60, 90, 240]))
@example(spells=[Spell(Act.LANGUAGES, 40, 6)], pauses=[4], per_minute=60)
@example(spells=[Spell(Act.BROKEN, 40, 6)], pauses=[4], per_minute=240)
def test_a_server_s_finals_are_translated_in_time_whatever_another_asks_for(
    spells: list[Spell], pauses: list[int], per_minute: int
) -> None:
    asyncio.run(Call(per_minute).run(spells, pauses))


class Call:
    """A greedy server beside one where somebody speaks at times, into two languages."""

    def __init__(self, per_minute: int) -> None:
        self.service = SimulatedService(
            per_minute=per_minute, takes_s=TAKES_S, line_s=LINE_S, translates=self._translated
        )
        slot_s = MARGIN * max(1.0, 60 / per_minute)
        in_slot = max(1, per_minute // 60)
        slots = -(-(2 * len(LANGUAGES) - 1) // in_slot)
        self.bound_s = slots * slot_s + TAKES_S + LINE_S + 0.1
        self.apart_s = 2 * len(LANGUAGES) / in_slot * slot_s + 0.1
        self.numbers = count()
        self.longest_s = 0.0
        self.unanswered = 0

    def _translated(self, request: TextRequest) -> str:
        lines = line_by_line(request)
        return lines.replace("\n", " ") if "broken" in request.text else lines

    async def run(self, spells: list[Spell], pauses: list[int]) -> None:
        speaks = _times([self.apart_s + pause for pause in pauses])
        for spell in spells:
            for _ in range(spell.seconds * 10):
                self._flood(spell)
                if next(speaks):
                    self._say()
                await self.service.run(0.1)
        await self.service.run(LATE_S)
        assert self.unanswered == 0
        assert self.longest_s <= self.bound_s
        assert all(
            len(texts) <= len(LANGUAGES) or "calm" not in texts[0] for texts in self.service.texts
        )
        assert max(map(len, self.service.texts), default=0) <= MOST_SENTENCES
        await self.service.queue.close()

    def _flood(self, spell: Spell) -> None:
        for _ in range(spell.texts if spell.act is not Act.REST else 0):
            number = next(self.numbers)
            words = f"{'broken' if spell.act is Act.BROKEN else 'greedy'} {number}"
            target = f"x{number}" if spell.act is Act.LANGUAGES else "en"
            final = spell.act is not Act.INTERIMS
            request = text(words, final=final, guild=GREEDY, target=target)
            self.service.queue.ask(request, lambda _: None)

    def _say(self) -> None:
        for target in LANGUAGES:
            words = f"calm {next(self.numbers)}"
            self.unanswered += 1
            self.service.queue.ask(
                text(words, guild=MODEST, target=target),
                partial(self._answered, self.service.clock.now(), f"{target}: {words}"),
            )

    def _answered(
        self, asked_at: float, expected: str, answer: TextAnswer | Failed | Usage
    ) -> None:
        assert isinstance(answer, TextAnswer)
        assert answer.text == expected
        self.unanswered -= 1
        self.longest_s = max(self.longest_s, self.service.clock.now() - asked_at)


def _times(pauses: list[float]) -> Iterator[bool]:
    """By tenth of a second: whether somebody has said something, each some seconds."""
    while True:
        for pause in pauses:
            yield from [False] * round(10 * pause)
            yield True
