"""How soon two people's first words stand, in time that jumps, under the loopback's limits."""

import random
from dataclasses import dataclass, field, replace
from statistics import median

import pytest

from bot.domain.events import Caption, Member
from bot.domain.ports import Look
from bot.domain.stored import Layout
from tests.support.crowd import Hall, Talk, words_of

THREE_MINUTES = 180.0


@dataclass
class Watched(Hall):
    """A hall that notes when each utterance could first be read."""

    read_at: dict[str, float] = field(default_factory=dict)

    def seen(self, content: str) -> None:
        """Readers have this before them."""
        super().seen(content)
        for word in words_of(content):
            self.read_at.setdefault(self.utterance(word), self.clock.now())

    def utterance(self, word: str) -> str:
        """Of a thread each language counts, else what is read first in any."""
        return word if self.look.layout is Layout.THREADS else word[2:]

    def waits(self, events: list[tuple[float, Caption]]) -> list[float]:
        """Seconds from when an utterance was shown to the board to when it could be read."""
        first: dict[str, float] = {}
        for at, caption in events:
            first.setdefault(self.utterance(caption.text.split()[0]), at)
        return [self.read_at[name] - at for name, at in first.items()]


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("layout", "languages", "most_s"),
    [
        (Layout.TOGETHER, ("en",), 0.8),
        (Layout.TOGETHER, ("en", "es"), 0.8),
        (Layout.THREADS, ("en",), 0.8),
        (Layout.THREADS, ("en", "es"), 1.3),  # what all threads share is spent twice as fast
    ],
)
async def test_the_next_speakers_first_words_stand_at_once(
    layout: Layout, languages: tuple[str, ...], most_s: float, seed: int
) -> None:
    chance = random.Random(seed)
    hall = Watched(Look(languages, layout=layout), chance)
    talk = Talk(2, languages, at_once=False, seconds=THREE_MINUTES)
    events = talk.events(chance)
    await hall.hear(events)
    assert median(hall.waits(events)) <= most_s
    assert hall.refused == []


def said(key: int, word: str, began: float, final_at: float) -> list[tuple[float, Caption]]:
    """A sentence whose original does not come, interims first."""
    speaker = Member(key, f"speaker{key - 1}")
    final = Caption(key, speaker, "en", f"{word} " * 4, "", None, final=True, began_at=began)
    interim = replace(final, text=word, final=False)
    return [(began + 1.0, interim), (final_at, final)]


@pytest.mark.parametrize("layout", list(Layout))
async def test_a_final_that_waits_for_its_original_holds_nobodys_first_words_up(
    layout: Layout,
) -> None:
    hall = Watched(Look(("en",), layout=layout), random.Random(4))
    events = said(1, "en0n0", 0.0, 4.0) + said(2, "en1n0", 3.1, 7.0)
    await hall.hear(sorted(events, key=lambda pair: pair[0]))
    assert max(hall.waits(events)) <= 0.6
