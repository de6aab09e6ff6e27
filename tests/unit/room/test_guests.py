"""Languages that guests add to a room by what they read: in writing, few, while they are there."""

import pytest

from bot.domain.events import Echoed, Partial, Source, TurnEnded
from bot.domain.stored import MemberLanguages
from bot.errors import LanguageError
from bot.room.fan_out import FanOut
from bot.room.languages import Reading
from tests.support.rooms import MemoryWishes
from tests.support.rooms_in_memory import ANA, BEN, House, settle

READS_ES = MemberLanguages(reads="es")


async def test_four_silent_guests_open_no_conversation_and_add_two_languages() -> None:
    house = House(ANA)
    await house.start("en")
    guests = [house.guest(number) for number in range(2, 6)]
    for guest, language in zip(guests, ("es", "fr", "de", "es"), strict=True):
        house.enter(guest)
        await house.rooms.wishes.put(1, guest.id, MemberLanguages(reads=language))
    house.hear(ANA)
    assert len(house.interpreter.conversations) == 1
    assert house.targets() == ("en", "es", "fr")
    house.interpreter.of(1).say(Source(1, "Hola.", "ca", final=True))
    assert [ticket.request.target for ticket in house.texts.tickets] == ["es", "fr"]
    unread = {s.member.id: s.unread for s in house.rooms.status(1).speakers}
    assert unread == {1: None, 2: None, 3: None, 4: "de", 5: None}
    await house.rooms.close()


@pytest.mark.parametrize("fan_out", [FanOut.AUTO, FanOut.TEXT])
async def test_the_chosen_languages_are_heard_as_ever(fan_out: FanOut) -> None:
    house = House(ANA, wishes=MemoryWishes(u2=MemberLanguages(reads="fr")), fan_out=fan_out)
    await house.start("en", "es")
    house.hear(ANA)
    house.enter(BEN)
    assert house.targets() == ("en", "es", "fr")
    assert house.open(1) == ({"en", "es"} if fan_out is FanOut.AUTO else {"en"})
    await house.rooms.close()


async def test_who_reads_a_language_has_it_while_they_are_there() -> None:
    house = House(ANA, wishes=MemoryWishes(u2=READS_ES))
    await house.start("en")
    house.hear(ANA)
    lead = house.interpreter.of(1)
    house.enter(BEN)
    lead.say(Source(1, "Bon dia.", "ca", final=True))
    lead.say(TurnEnded(1))
    house.texts.tickets[0].answer("Buenos días.")
    house.leave(BEN)
    lead.say(Partial(2, "Good"))
    lead.say(Source(2, "Bona nit.", "ca", final=True))
    lead.say(TurnEnded(2))
    assert len(house.texts.tickets) == 1, "nobody reads it"
    house.clock.advance(59)
    assert house.targets() == ("en", "es"), "the place is kept for a moment"
    house.enter(BEN)
    lead.say(Source(3, "Adéu.", "ca", final=True))
    assert [ticket.request.text for ticket in house.texts.tickets] == ["Bon dia.", "Adéu."]
    house.leave(BEN)
    house.clock.advance(60)
    await settle()
    assert house.targets() == ("en",)
    assert house.rooms.status(1).chosen == ("en",)
    assert len(house.interpreter.conversations) == 1
    await house.rooms.close()


async def test_who_does_not_see_the_captions_adds_nothing_to_them() -> None:
    house = House(ANA, wishes=MemoryWishes(u2=READS_ES))
    house.channels.shut_out.add(BEN.id)
    await house.start("en")
    house.enter(BEN)
    assert house.targets() == ("en",)
    house.channels.shut_out.clear()
    house.rooms.text_channels_changed(1)
    assert house.targets() == ("en", "es")
    await house.rooms.close()


async def test_guests_who_come_and_go_cost_no_connection() -> None:
    house = House(ANA, wishes=MemoryWishes(u2=READS_ES))
    await house.start("en")
    house.hear(ANA)
    lead = house.interpreter.of(1)
    for turn in range(1, 4):
        house.enter(BEN)
        lead.say(Source(turn, f"{turn}", "ca", final=True))
        lead.say(TurnEnded(turn))
        house.texts.tickets[-1].answer(f"es {turn}")
        house.leave(BEN)
        house.clock.advance(61)
        await settle()
        house.hush(ANA)
        house.hear(ANA)
    assert len(house.interpreter.conversations) == 1
    spanish = [c.text for c in house.world.board.standing() if c.language == "es"]
    assert spanish == ["es 1", "es 2", "es 3"]
    await house.rooms.close()


async def test_who_changes_their_mind_within_a_sentence_costs_no_connection() -> None:
    house = House(ANA, BEN, guests=1)
    await house.start("en")
    house.hear(ANA)
    lead = house.interpreter.of(1)
    lead.say(Source(1, "Bon", "ca", final=False))
    for language in ("es", "fr", "es", "fr", "es"):
        await house.rooms.wishes.put(1, BEN.id, MemberLanguages(reads=language))
        lead.say(Source(1, "Bon dia", "ca", final=False))
        await settle()
    house.hush(ANA)
    house.hear(ANA)
    assert [house.interpreter.of(1)] == house.interpreter.conversations == [lead]
    assert house.targets() == ("en", "es")
    await house.rooms.close()


async def test_a_language_that_is_chosen_later_gets_a_conversation_and_gives_it_back() -> None:
    house = House(ANA, BEN, wishes=MemoryWishes(u2=READS_ES))
    await house.start("en")
    house.hear(ANA)
    assert house.open(1) == {"en"}
    await house.rooms.choose(1, ("en", "es"), None)
    house.hush(ANA)  # with the pause a new visit begins
    await settle()
    house.hear(ANA)
    assert house.open(1) == {"en", "es"}
    await house.rooms.choose(1, ("en",), None)
    assert house.targets() == ("en", "es"), "somebody reads it"
    house.hush(ANA)
    await settle()
    house.hear(ANA)
    assert house.open(1) == {"en"}
    await house.rooms.close()


async def test_what_is_said_in_the_rooms_only_language_is_shown_while_another_rests() -> None:
    house = House(ANA, wishes=MemoryWishes(u2=READS_ES))
    await house.start("en")
    house.enter(BEN)
    house.leave(BEN)
    house.hear(ANA)
    house.interpreter.of(1).say(Source(1, "Hello.", "en", final=True))
    house.interpreter.of(1).say(Echoed(1))
    house.interpreter.of(1).say(TurnEnded(1))
    house.interpreter.of(1).say(Source(1, "Hello, Ben.", "en", final=True))
    assert [c.source_text for c in house.world.board.standing()] == ["Hello, Ben."]
    await house.rooms.close()


async def test_who_cannot_be_given_their_language_is_told() -> None:
    house = House(ANA, BEN, most=2)
    await house.start("en", "es")
    assert await house.reading(BEN, MemberLanguages(reads="fr")) is Reading.FULL
    assert [s.unread for s in house.rooms.status(1).speakers] == [None, "fr"]
    await house.rooms.choose(1, ("en",), None)
    assert house.targets() == ("en", "fr")
    assert [s.unread for s in house.rooms.status(1).speakers] == [None, None]
    with pytest.raises(LanguageError):
        await house.rooms.wishes.put(1, BEN.id, MemberLanguages(reads="tlh"))
    assert house.wish_store.rows == {BEN.id: MemberLanguages(reads="fr")}
    await house.rooms.close()


async def test_who_is_not_there_is_told_whether_there_will_be_a_place_for_their_language() -> None:
    house = House(ANA, most=2)
    await house.start("en")
    assert await house.reading(BEN, MemberLanguages(reads="fr")) is Reading.GIVEN
    assert house.targets() == ("en",), "nobody there reads it yet"
    await house.rooms.choose(1, ("en", "es"), None)
    assert await house.reading(BEN, MemberLanguages(reads="de")) is Reading.FULL
    assert await house.reading(BEN, READS_ES) is Reading.GIVEN
    await house.rooms.close()


async def test_what_can_not_be_made_in_writing_is_said_and_no_conversation_opened() -> None:
    house = House(ANA, BEN)
    await house.start("en")
    assert await house.reading(BEN, MemberLanguages(reads="ca")) is Reading.UNWRITTEN
    house.hear(ANA)
    assert house.targets() == ("en",)
    assert house.open(1) == {"en"}
    (_, ben) = house.rooms.status(1).speakers
    assert (ben.unread, ben.unreadable) == ("ca", True)
    await house.rooms.choose(1, ("en", "ca"), None)
    assert house.rooms.status(1).speakers[1].unread is None, "chosen, it is read like any other"
    await house.rooms.close()


async def test_with_conversations_alone_guests_add_nothing() -> None:
    house = House(ANA, BEN, fan_out=FanOut.SPEECH)
    assert house.rooms.most_guests == 0
    assert await house.reading(BEN, READS_ES) is Reading.UNWRITTEN
    await house.start("en")
    house.hear(ANA)
    assert (house.targets(), house.open(1)) == (("en",), {"en"})
    await house.rooms.close()


async def test_the_starter_says_how_many_for_one_room_and_a_restart_remembers_it() -> None:
    house = House(ANA, BEN, guests=2)
    await house.start("en", guests=0)
    assert await house.reading(BEN, READS_ES) is Reading.CLOSED
    assert house.targets() == ("en",)
    await settle()
    assert house.saved.rows[1].guests == 0
    await house.rooms.close()


async def test_what_the_server_sets_holds_at_once_and_what_else_it_sets_changes_nothing() -> None:
    house = House(
        ANA, BEN, wishes=MemoryWishes(u1=READS_ES, u2=MemberLanguages(reads="fr")), guests=2
    )
    await house.start("en", guests=1)
    assert house.targets() == ("en", "es")
    house.rooms.use_guests(1, 2)  # another setting was changed
    assert house.targets() == ("en", "es")
    house.rooms.use_guests(1, 0)
    assert house.targets() == ("en",)
    house.rooms.use_guests(1, 3)
    assert house.targets() == ("en", "es", "fr")
    await house.rooms.close()
