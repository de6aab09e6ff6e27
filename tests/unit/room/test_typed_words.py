"""What a member types in a room stands as their caption, in every language of the room."""

import asyncio

import pytest

from bot.domain.events import Caption, Final, Source, TurnEnded, Usage
from bot.domain.stored import MemberLanguages
from bot.errors import AllowanceError
from bot.room.fan_out import FanOut
from bot.room.room import Room
from bot.tasks import TaskOwner
from bot.usage.daily_allowance import TEXT_TOKENS
from tests.support.rooms_in_memory import ANA, BEN, House


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def started(house: House, *targets: str) -> Room:
    await house.start(*targets)
    room = house.rooms.find(1)
    assert room is not None
    return room


def lines(house: House) -> list[tuple[str, str, str]]:
    """Who said what in which language, as it stands in the end."""
    return [(c.speaker.name, c.language, c.text) for c in standing(house)]


def standing(house: House) -> list[Caption]:
    return house.world.board.standing()


def answer(house: House, **texts: str) -> None:
    for ticket in house.texts.open():
        ticket.answer(texts[ticket.request.target])


async def test_it_is_translated_into_each_language_as_one_utterance_with_the_glossary() -> None:
    house = House(ANA, BEN)
    await house.rooms.wishes.put(1, ANA.id, MemberLanguages(speaks="de"))
    room = await started(house, "en", "fr")
    house.rooms.use_glossary(1, {"en": {"hallo": "hi"}, "fr": {"welt": "monde"}})
    room.type(ANA.id, "Hallo, Leute")
    await settled()
    asked = [ticket.request for ticket in house.texts.open()]
    assert [(r.text, r.source, r.target, r.final) for r in asked] == [
        ("Hallo, Leute", "de", "en", True),
        ("Hallo, Leute", "de", "fr", True),
    ]
    assert [dict(r.terms) for r in asked] == [{"hallo": "hi"}, {}]
    assert standing(house) == []  # nothing before it is translated
    answer(house, en="Hi, people", fr="Salut")
    await settled()
    assert lines(house) == [("Ana", "en", "Hi, people"), ("Ana", "fr", "Salut")]
    captions = standing(house)
    assert len({caption.utterance for caption in captions}) == 1
    assert all(c.final and c.source_text == "Hallo, Leute" for c in captions)
    assert {c.source_language for c in captions} == {"de"}
    await house.rooms.close()


async def test_in_a_language_of_the_room_it_stands_as_it_was_typed() -> None:
    house = House(ANA)
    room = await started(house, "en", "fr")
    room.type(ANA.id, "Hello, people")  # nobody knows the language
    await settled()
    answer(house, en="Hello people.", fr="Salut")
    await settled()
    assert lines(house) == [("Ana", "en", "Hello, people"), ("Ana", "fr", "Salut")]
    await house.rooms.close()


async def test_texts_of_one_member_stand_in_the_order_in_which_they_were_typed() -> None:
    house = House(ANA, BEN)
    room = await started(house, "en")
    for text in ("eins", "zwei"):
        room.type(ANA.id, text)
    room.type(BEN.id, "drei")
    await settled()
    waiting = house.texts.open()
    assert [ticket.request.text for ticket in waiting] == ["eins", "drei"]
    waiting[1].answer("three")
    waiting[0].answer("one")
    await settled()
    answer(house, en="two")
    await settled()
    assert [text for _, _, text in lines(house)] == ["three", "one", "two"]
    await house.rooms.close()


async def test_it_is_no_part_of_what_its_member_says_meanwhile() -> None:
    house = House(ANA, fan_out=FanOut.SPEECH)
    room = await started(house, "en", "fr")
    house.hear(ANA)
    house.interpreter.of(ANA.id, "en").say(Final(1, "Spoken"))
    room.type(ANA.id, "getippt")
    await settled()
    answer(house, en="typed", fr="tapé")
    await settled()
    house.interpreter.of(ANA.id, "fr").say(Final(1, "Parlé"))
    by_utterance: dict[int, set[str]] = {}
    for caption in standing(house):
        by_utterance.setdefault(caption.utterance, set()).add(caption.text)
    assert sorted(map(sorted, by_utterance.values())) == [["Parlé", "Spoken"], ["tapé", "typed"]]
    await house.rooms.close()


async def test_what_can_not_be_translated_stands_as_it_was_typed() -> None:
    house = House(ANA)
    room = await started(house, "en")
    room.type(ANA.id, "getippt")
    await settled()
    house.texts.open()[0].fail()
    await settled()
    (caption,) = standing(house)
    assert (caption.text, caption.source_text, caption.final) == ("", "getippt", True)
    room.type(ANA.id, "noch eins")
    await settled()
    house.texts.open()[0].fail(fatal=True)
    await settled()
    room.type(ANA.id, "und noch eins")
    await settled()
    answer(house, en="another")
    await settled()
    assert lines(house)[-1] == ("Ana", "en", "another")
    await house.rooms.close()


async def test_who_withdraws_is_shown_no_more_of_and_nothing_of_theirs_is_sent() -> None:
    house = House(ANA, BEN)
    room = await started(house, "en", "fr")
    for text in ("eins", "zwei"):
        room.type(BEN.id, text)
    await settled()
    first, second = house.texts.open()
    first.answer("one")
    await (await house.rooms.consent(1)).withdraw(BEN.id)
    await settled()
    assert second.cancelled
    second.answered(Usage(text_tokens_in=1))
    assert house.texts.open() == []
    assert [caption.text for caption in standing(house)] == ["one"]
    assert not room.hears(BEN.id)
    await house.rooms.close()


async def test_only_who_is_heard_is_and_never_in_a_pause() -> None:
    house = House(ANA)
    room = await started(house, "en")
    assert room.hears(ANA.id)
    assert not room.hears(BEN.id)
    room.pause()
    assert not room.hears(ANA.id)
    room.resume()
    house.enter(house.guest(9))
    assert not room.hears(9)
    house.leave(ANA)
    assert not room.hears(ANA.id)
    await house.rooms.close()


async def test_a_room_that_ends_waits_for_what_was_typed() -> None:
    house = House(ANA)
    room = await started(house, "en")
    room.type(ANA.id, "getippt")
    await settled()
    closing = TaskOwner("test").start(house.rooms.stop(1), "stop")
    await settled()
    answer(house, en="typed")
    await closing
    assert lines(house) == [("Ana", "en", "typed")]


async def test_a_server_that_has_used_up_its_day_types_nothing() -> None:
    house = House(ANA)
    room = await started(house, "en")
    account = room._metering._account
    account.limit_to(1)
    account.used(ANA.id, Usage(text_tokens_in=TEXT_TOKENS))
    with pytest.raises(AllowanceError):
        room.type(ANA.id, "getippt")
    await house.rooms.close()


async def test_what_was_said_goes_on_beside_it() -> None:
    house = House(ANA)
    room = await started(house, "en")
    house.hear(ANA)
    talk = house.interpreter.of(ANA.id)
    room.type(ANA.id, "getippt")
    await settled()
    answer(house, en="typed")
    await settled()
    for event in (Source(1, "gesagt", "de", final=True), Final(1, "said"), TurnEnded(1)):
        talk.say(event)
    assert [text for _, _, text in lines(house)] == ["typed", "said"]
    await house.rooms.close()
