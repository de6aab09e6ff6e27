"""Captions of what is spoken, in the language in which it is spoken."""

import asyncio

import pytest

from bot.domain.events import (
    ConversationState,
    Echoed,
    Failed,
    Final,
    Partial,
    Source,
    StateChanged,
    TurnEnded,
    Usage,
)
from bot.domain.plan import RoomPlan
from bot.domain.stored import MemberLanguages
from bot.room.fan_out import FanOut
from bot.words.codes import ORIGINAL
from tests.support.rooms_in_memory import ANA, BEN, House


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def lines(house: House) -> list[tuple[str, str, str | None, bool]]:
    """Language, text, language of the words and whether it is whole, as it stands."""
    return [(c.language, c.text, c.source_language, c.final) for c in house.world.board.standing()]


async def test_alone_it_has_one_conversation_whose_translation_nobody_sees() -> None:
    house = House(ANA)
    await house.start(ORIGINAL)
    house.hear(ANA)
    (talk,) = house.interpreter.conversations
    assert talk.request.source_text
    talk.say(StateChanged(ConversationState.OPEN))
    talk.say(Source(1, "Hola a", "es", final=False))
    assert lines(house) == [(ORIGINAL, "Hola a", "es", False)]
    talk.say(Partial(1, "Hello"))
    talk.say(Final(1, "Hello all."))
    talk.say(Source(1, "Hola a todos.", "es", final=True))
    talk.say(Usage(audio_in_s=2.0))
    talk.say(TurnEnded(1))
    assert lines(house) == [(ORIGINAL, "Hola a todos.", "es", True)]
    status = house.rooms.status(1)
    assert status.usage.audio_in_s == 2.0
    (speaker,) = status.speakers
    assert speaker.conversations == {ORIGINAL: ConversationState.OPEN}
    await house.rooms.close()


async def test_alone_it_says_what_could_not_be_heard() -> None:
    house = House(ANA)
    await house.start(ORIGINAL)
    house.hear(ANA)
    (talk,) = house.interpreter.conversations
    talk.say(Source(1, "Hola", "es", final=False))
    talk.say(Failed("words_lost", "Some words were lost.", fatal=False, turn=1))
    assert house.world.board.notices[-1] == "Some words were lost."
    assert lines(house) == [(ORIGINAL, "Hola", "es", True)]
    talk.say(Failed("broken", "It broke.", fatal=True))
    assert house.world.board.notices[-1] == "It broke."
    (speaker,) = house.rooms.status(1).speakers
    assert speaker.conversations == {ORIGINAL: ConversationState.CLOSED}
    await house.rooms.close()


@pytest.mark.parametrize("fan_out", [FanOut.SPEECH, FanOut.AUTO])
async def test_beside_translations_it_is_a_line_of_the_same_utterance(fan_out: FanOut) -> None:
    house = House(ANA, fan_out=fan_out)
    await house.start("en", ORIGINAL)
    house.hear(ANA)
    (talk,) = house.interpreter.conversations
    assert talk.request.target == "en"
    talk.say(Source(1, "Hola.", "es", final=True))
    talk.say(Final(1, "Hello."))
    talk.say(TurnEnded(1))
    assert lines(house) == [("en", "Hello.", "es", True), (ORIGINAL, "Hola.", "es", True)]
    assert len({caption.utterance for caption in house.world.board.standing()}) == 1
    await house.rooms.close()


async def test_a_reader_beside_it_gets_their_language_in_writing() -> None:
    house = House(ANA, BEN)
    await house.rooms.wishes.put(1, BEN.id, MemberLanguages(reads="en"))
    await house.start(ORIGINAL)
    house.hear(ANA)
    (talk,) = house.interpreter.conversations
    assert talk.request.target not in {"en", ORIGINAL}
    talk.say(Source(1, "Hola.", "es", final=True))
    talk.say(TurnEnded(1))
    house.texts.open()[0].answer("Hello.")
    assert lines(house) == [(ORIGINAL, "Hola.", "es", True), ("en", "Hello.", "es", True)]
    await house.rooms.close()


async def test_it_is_added_and_removed_while_somebody_speaks() -> None:
    house = House(ANA)
    await house.start("en")
    house.hear(ANA)
    (talk,) = house.interpreter.conversations
    talk.say(Source(1, "Uno.", "es", final=True))
    await house.rooms.choose(1, ("en", ORIGINAL), None)
    talk.say(Source(2, "Dos.", "es", final=True))
    assert (ORIGINAL, "Dos.", "es", True) in lines(house)
    await house.rooms.choose(1, ("en",), None)
    await settled()
    talk.say(Source(3, "Tres.", "es", final=True))
    await house.rooms.choose(1, ("en", ORIGINAL), None)
    talk.say(Source(2, "Dos, tarde.", "es", final=True))
    talk.say(Source(4, "Cuatro.", "es", final=True))
    said = [text for language, text, _, _ in lines(house) if language == ORIGINAL]
    assert said == ["Dos.", "Cuatro."]
    assert len(house.interpreter.conversations) == 1
    await house.rooms.close()


async def test_a_translation_that_is_added_to_it_begins_with_the_next_words() -> None:
    house = House(ANA)
    await house.start(ORIGINAL)
    house.hear(ANA)
    before = house.interpreter.conversations[0]
    await house.rooms.choose(1, (ORIGINAL, "en"), None)
    house.hush(ANA)
    house.hear(ANA)
    talk = house.interpreter.of(ANA.id, "en")
    assert talk is not before
    talk.say(Source(1, "Hola.", "es", final=True))
    talk.say(Final(1, "Hello."))
    assert {line[:2] for line in lines(house)} == {(ORIGINAL, "Hola."), ("en", "Hello.")}
    await house.rooms.choose(1, (ORIGINAL,), None)
    await settled()
    talk.say(Source(2, "Adiós.", "es", final=True))
    talk.say(Final(2, "Bye."))
    assert {text for _, text, _, _ in lines(house)} == {"Hola.", "Hello.", "Adiós."}
    house.hush(ANA)
    house.hear(ANA)
    assert house.rooms.status(1).speakers[0].conversations.keys() == {ORIGINAL}
    await house.rooms.close()


async def test_what_is_typed_stands_as_it_was_typed() -> None:
    house = House(ANA)
    await house.start(ORIGINAL)
    room = house.rooms.find(1)
    assert room is not None
    room.type(ANA.id, "Hola.")
    await settled()
    assert [line[:2] for line in lines(house)] == [(ORIGINAL, "Hola.")]
    assert house.texts.tickets == []
    await house.rooms.close()


def test_what_a_room_opens_for_its_languages() -> None:
    def opened(*targets: str, read: tuple[str, ...] = ()) -> tuple[str, ...]:
        plan = RoomPlan(1, 2, 3, targets, read=read)
        assert plan.lead == plan.heard[0]
        return tuple(request.target for request in plan.requests(7, {}))

    assert opened("en", "es") == ("en", "es")
    assert opened(ORIGINAL, "es") == ("es",)
    assert opened(ORIGINAL) == ("en",)
    assert opened(ORIGINAL, "en", read=("en",)) == ("zh", "en")


async def test_what_was_heard_wrongly_is_right_from_the_next_words_on() -> None:
    house = House(ANA, fan_out=FanOut.TEXT)
    await house.start(ORIGINAL, "en", "fr")
    house.hear(ANA)
    talk = house.interpreter.of(ANA.id, "en")
    house.rooms.use_glossary(1, {"en": {"parlay": "Parley"}, "fr": {"parlay": "Parlé"}})
    talk.say(Echoed(1))
    talk.say(Source(1, "This is parlay.", "en", final=True))
    talk.say(TurnEnded(1))
    (asked,) = house.texts.open()
    assert asked.request.text == "This is parlay."  # what the terms are looked up by
    assert asked.request.terms == {"parlay": "Parlé"}
    asked.answer("Voilà Parlé.")
    assert {line[:2] for line in lines(house)} == {
        (ORIGINAL, "This is Parley."),
        ("en", "This is Parley."),
        ("fr", "Voilà Parlé."),
    }
    assert {c.source_text for c in house.world.board.standing()} == {"This is Parley."}
    await house.rooms.close()
