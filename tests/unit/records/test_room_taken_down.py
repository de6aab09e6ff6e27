"""A room with several languages, taken down: what stands beside what."""

from collections.abc import AsyncIterator

import pytest

from bot.domain.events import Echoed, Final, Member, Partial, Source, Speech, TurnEnded
from bot.domain.plan import RoomPlan
from bot.records.transcripts import Transcripts
from bot.records.utterances import Utterance
from bot.room.fan_out import Fanning, FanOut
from tests.support.clock import ManualClock
from tests.support.records import MemorySettings, MemoryTranscripts
from tests.support.room import MemoryConsent, MemoryInterpreter, World
from tests.support.rooms import RoomParts, Roomy
from tests.support.texts import MemoryTexts
from tests.support.usage_in_memory import Calendar

ANA, BEN = Member(1, "Ana"), Member(2, "Ben")


class House:
    """One room, two languages, and its transcript."""

    def __init__(self, fan_out: FanOut) -> None:
        self.clock = ManualClock()
        self.world = World(ANA, BEN)
        self.interpreter = MemoryInterpreter()
        self.texts = MemoryTexts("en", "es", "ca")
        self.transcripts = Transcripts(
            MemoryTranscripts(),
            MemorySettings(days=1),
            clock=self.clock,
            wall=Calendar(self.clock),
        )
        self.rooms = RoomParts(
            interpreter=self.interpreter,
            answers=MemoryConsent(1, 2),
            join_voice=self.world.join_voice,
            open_board=self.world.open_board,
            clock=self.clock,
            fanning=Fanning(fan_out, self.texts, Roomy()),
            record=self.transcripts.record,
        ).rooms()

    def hear(self, member: Member) -> None:
        assert self.world.listener is not None
        self.world.listener.heard(Speech(member.id, bytes(640), self.clock.now()))

    def silence(self, member: Member) -> None:
        assert self.world.listener is not None
        self.world.listener.fell_silent(member.id, self.clock.now())

    async def kept(self) -> list[Utterance]:
        (session,) = await self.transcripts.sessions(1)
        return await self.transcripts.utterances(1, session)


@pytest.fixture
async def spoken() -> AsyncIterator[House]:
    house = House(FanOut.SPEECH)
    await house.rooms.start(RoomPlan(1, 10, 20, ("en", "ca")), ANA.id)
    yield house
    await house.rooms.close()
    await house.transcripts.close()


@pytest.fixture
async def written() -> AsyncIterator[House]:
    house = House(FanOut.TEXT)
    await house.rooms.start(RoomPlan(1, 10, 20, ("en", "ca")), ANA.id)
    yield house
    await house.rooms.close()
    await house.transcripts.close()


async def test_two_conversations_that_count_apart_give_one_utterance(spoken: House) -> None:
    for turn, (english, catalan) in enumerate([("Hi.", "Hola."), ("Bye.", "Adéu.")], start=1):
        spoken.hear(ANA)
        for language, number, text in (("en", turn, english), ("ca", turn + 5, catalan)):
            say = spoken.interpreter.of(ANA.id, language).say
            spoken.clock.advance(0.3)
            say(Partial(number, text[:2]))
            say(Final(number, text))
            say(TurnEnded(number))
        spoken.silence(ANA)
        spoken.clock.advance(3)
    said = await spoken.kept()
    assert [one.texts for one in said] == [
        {"en": "Hi.", "ca": "Hola."},
        {"en": "Bye.", "ca": "Adéu."},
    ]


async def test_what_was_said_in_a_target_language_stands_as_it_was_said(spoken: House) -> None:
    spoken.hear(BEN)
    own, other = (spoken.interpreter.of(BEN.id, language) for language in ("en", "ca"))
    own.say(Partial(1, "Hel"))
    own.say(Echoed(1))
    own.say(TurnEnded(1))
    other.say(Source(1, "Hello.", "en", final=True))
    other.say(Final(1, "Hola."))
    (one,) = await spoken.kept()
    assert (one.texts, one.source_text, one.name) == ({"ca": "Hola."}, "Hello.", "Ben")
    assert one.in_language("en") == "Hello."


async def test_a_written_language_that_comes_during_the_next_sentence_stands_with_its_own(
    written: House,
) -> None:
    for turn, text in ((1, "Hola."), (2, "Bon dia.")):
        written.hear(ANA)
        lead = written.interpreter.of(ANA.id, "en")
        if turn == 2:
            written.texts.open()[-1].answer("catalan 1")  # while the second is being said
        lead.say(Source(turn, text, "es", final=True))
        lead.say(Final(turn, f"english {turn}"))
        lead.say(TurnEnded(turn))
        written.silence(ANA)
        written.clock.advance(2)
    written.texts.open()[-1].answer("catalan 2")
    assert [one.texts for one in await written.kept()] == [
        {"en": "english 1", "ca": "catalan 1"},
        {"en": "english 2", "ca": "catalan 2"},
    ]


async def test_a_written_language_that_begins_during_the_next_sentence_stands_with_its_own(
    written: House,
) -> None:
    written.hear(ANA)
    lead = written.interpreter.of(ANA.id, "en")
    lead.say(Source(1, "Ho", "es", final=False))
    (guess,) = written.texts.open()
    written.silence(ANA)
    written.clock.advance(1)
    written.hear(ANA)
    lead.say(Partial(2, "eng"))
    guess.answer("cat")
    for turn, text in ((1, "Hola."), (2, "Bon dia.")):
        lead.say(Source(turn, text, "es", final=True))
        lead.say(Final(turn, f"english {turn}"))
        lead.say(TurnEnded(turn))
        written.texts.open()[-1].answer(f"catalan {turn}")
    assert [one.texts for one in await written.kept()] == [
        {"en": "english 1", "ca": "catalan 1"},
        {"en": "english 2", "ca": "catalan 2"},
    ]
