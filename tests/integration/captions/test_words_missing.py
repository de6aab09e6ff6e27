"""A connection that breaks in a sentence: what its captions say until the words are there."""

import random
from dataclasses import replace

import pytest

from bot.domain.events import (
    GAP,
    Caption,
    ConversationEvent,
    Echoed,
    Member,
    Partial,
    Source,
    TurnEnded,
)
from bot.domain.ports import Look
from bot.domain.stored import Layout
from bot.room.captions import CaptionLine, Captions
from bot.room.written.text_language import TextLanguage
from bot.translation.protocol import faults
from bot.translation.protocol import server_events as protocol
from tests.support.crowd import Hall, Talk
from tests.support.texts import MemoryTexts
from tests.unit.translation.speech.conversation_bench import A, Bench

ANA = Member(100, "speaker99")
BROKE_AT = 60.0
MARK = "\u2026\\]"  # escaped, as Discord wants it


class Talker:
    """Somebody in the middle of a sentence."""

    def __init__(self) -> None:
        self.captions = Captions()
        self.bench = Bench()
        self.shown: list[Caption] = []
        self._told = 0

    def take(self, *extra: ConversationEvent) -> None:
        """Bring what the conversation said to its caption."""
        for event in [*self.bench.events[self._told :], *extra]:
            line = CaptionLine(1, "en")
            shown = self.captions.apply(line, ANA, event, BROKE_AT - 9.0)
            if shown is not None:
                self.shown.append(replace(shown, key=90_000))
        self._told = len(self.bench.events)

    def begin(self) -> None:
        self.bench.talk.feed(A)
        self.bench.link.open()
        self.bench.link.says(protocol.SpeechStarted(0, None))

    def translate(self) -> None:
        self.bench.link.says(protocol.TranslationText("r1", "i", "en99n0 en99n0", append=False))
        self.take()

    def hear(self, text: str, language: str) -> None:
        self.bench.link.says(protocol.SourceText("i", text, append=False, language=language))
        self.take()


async def test_what_was_said_in_the_rooms_own_language_is_marked_too() -> None:
    talker = Talker()
    talker.begin()
    talker.hear("Hello every", "en")
    assert talker.shown[-1].text == "Hello every"
    talker.bench.link.breaks(faults.LOST)
    talker.take()
    assert (talker.shown[-1].text, talker.shown[-1].broken) == ("Hello every […]", True)
    await talker.bench.talk.close()


async def test_the_mark_goes_with_the_words() -> None:
    talker = Talker()
    talker.begin()
    talker.translate()
    talker.bench.link.breaks(faults.LOST)
    talker.take()
    assert talker.shown[-1].broken
    talker.bench.clock.advance(1.0)
    talker.bench.link.open()
    talker.bench.link.translate("en99n0 en99n0 en99n0.", 100)
    talker.take()
    assert (talker.shown[-1].broken, talker.shown[-1].text) == (False, "en99n0 en99n0 en99n0.")
    await talker.bench.talk.close()


def test_a_language_made_in_writing_is_marked_with_the_one_it_is_made_from() -> None:
    texts = MemoryTexts("fr")
    said: list[ConversationEvent] = []
    line = TextLanguage("fr", "en", texts, said.append, glossary={}, guild_id=1)
    line.take(Partial(1, "Hello"))
    line.take(Source(1, "Hola", "es", final=False))
    texts.tickets[0].answer("Bonjour")
    line.take(Partial(1, f"Hello{GAP}", broken=True))
    assert said[-1] == Partial(1, f"Bonjour{GAP}", broken=True)
    line.take(Source(1, f"Hola{GAP}", "es", final=False, broken=True))
    assert len(texts.tickets) == 1, "nothing new was said"


def test_one_made_in_writing_that_is_the_spoken_one_is_marked() -> None:
    said: list[ConversationEvent] = []
    line = TextLanguage("fr", "en", MemoryTexts("fr"), said.append, glossary={}, guild_id=1)
    broken = Source(1, f"Bon{GAP}", "fr", final=False, broken=True)
    line.take(Source(1, "Bon", "fr", final=False))
    line.take(broken)
    assert [event for event in said if not isinstance(event, Echoed)][-1] == broken


async def test_words_that_never_came_stay_marked() -> None:
    talker = Talker()
    talker.begin()
    talker.translate()
    talker.bench.link.breaks(faults.LOST)
    talker.take(TurnEnded(1))
    last = talker.shown[-1]
    assert (last.text, last.final, last.broken) == ("en99n0 en99n0 […]", True, False)
    await talker.bench.talk.close()


class Noting(Hall):
    """A hall that notes when a mark could first be read."""

    marked_at = float("inf")

    def seen(self, content: str) -> None:
        """Readers have this before them."""
        super().seen(content)
        if MARK in content:
            self.marked_at = min(self.marked_at, self.clock.now())


async def marked_after(layout: Layout, others: int, *, at_once: bool, seed: int) -> float:
    """Seconds from the break to its mark, while others talk."""
    talker = Talker()
    talker.begin()
    talker.translate()
    talker.bench.link.breaks(faults.LOST)
    talker.take()
    await talker.bench.talk.close()
    running, stopped = talker.shown[0], talker.shown[-1]
    chance = random.Random(seed)
    talk = Talk(others, ("en",), at_once=at_once, seconds=BROKE_AT + 20.0)
    hall = Noting(Look(("en",), layout=layout), chance)
    events = [
        *talk.events(chance),
        (BROKE_AT - 8.0, running),
        (BROKE_AT, stopped),
        (BROKE_AT + 15.0, replace(running, text="en99n0 en99n0.", final=True)),
    ]
    await hall.hear(sorted(events, key=lambda pair: pair[0]))
    assert not any(MARK in one.content for one in hall.messages.values()), "it goes"
    return hall.marked_at - BROKE_AT


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
@pytest.mark.parametrize("others", [1, 2])
async def test_the_mark_stands_within_three_seconds_whoever_else_talks(
    others: int, seed: int, layout: Layout
) -> None:
    assert await marked_after(layout, others, at_once=False, seed=seed) <= 3.0
