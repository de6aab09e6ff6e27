"""The languages of a room, changed while it runs."""

import pytest

from bot.domain.events import Final, Partial, Voice, VoiceEnded
from bot.domain.stored import MemberLanguages
from bot.errors import LanguageError, NoRoomError, UsageError
from tests.support.rooms import MemoryWishes
from tests.support.rooms_in_memory import ANA, BEN, House, settle


async def test_a_language_is_added_and_removed_without_a_break_for_the_others() -> None:
    house = House(ANA)
    await house.start("en")
    house.hear(ANA)
    first = house.interpreter.of(1, "en")
    first.say(Partial(1, "He"))
    await house.rooms.choose(1, ("en", "es"), None)
    house.hear(ANA)
    assert (len(first.fed), len(house.interpreter.of(1, "es").fed)) == (2 * 640, 640)
    removed = house.interpreter.of(1, "es")
    removed.say(Partial(1, "Ho"))
    removed.last_words = [Final(1, "Hola.")]
    await house.rooms.choose(1, ("en",), None)
    await settle()
    first.say(Final(1, "Hello."))
    assert house.open(1) == {"en"}
    assert house.interpreter.of(1, "en") is first
    standing = house.world.board.standing()
    assert [(c.text, c.final) for c in standing] == [("Hello.", True), ("Hola.", True)]
    assert house.world.board.languages == ("en",)
    await house.rooms.close()


async def test_the_first_language_may_go_while_others_stay() -> None:
    house = House(ANA)
    await house.start("en", "es")
    house.hear(ANA)
    kept = house.interpreter.of(1, "es")
    await house.rooms.choose(1, ("es", "fr"), None)
    await settle()
    house.hear(ANA)
    assert house.open(1) == {"es", "fr"}
    assert house.interpreter.of(1, "es") is kept
    await house.rooms.close()


async def test_a_language_that_comes_back_gets_captions_of_its_own() -> None:
    house = House(ANA)
    await house.start("en", "es")
    house.hear(ANA)
    house.interpreter.of(1, "es").say(Final(1, "Uno."))
    await house.rooms.choose(1, ("en",), None)
    await settle()
    await house.rooms.choose(1, ("en", "es"), None)
    house.hush(ANA)  # with the pause a new visit begins
    await settle()
    house.hear(ANA)
    house.interpreter.of(1, "es").say(Final(1, "Dos."))
    assert [c.text for c in house.world.board.standing()] == ["Uno.", "Dos."]
    await house.rooms.close()


async def test_voice_is_turned_on_between_two_sentences_and_off_at_once() -> None:
    house = House(ANA)
    await house.start("en")
    house.hear(ANA)
    silent = house.interpreter.of(1)
    await house.rooms.choose(1, ("en",), "en")
    assert house.world.spoke == [False, True], "it joins anew, to be heard on a stage too"
    house.hush(ANA)
    await settle()
    assert silent.closed
    house.hear(ANA)
    speaking = house.interpreter.of(1)
    assert speaking.request.spoken
    speaking.say(Voice(1, b"voice!"))
    assert house.world.link.played == b"voice!"
    await house.rooms.choose(1, ("en",), None)
    speaking.say(Voice(1, b"more"))
    speaking.say(VoiceEnded(1))
    assert house.world.link.played == b""
    await house.rooms.close()


@pytest.mark.parametrize(
    ("targets", "spoken", "error"),
    [
        ((), None, UsageError),
        (("en", "es", "fr", "de", "ca", "x"), None, UsageError),
        (("ca",), "ca", UsageError),
        (("tlh",), None, LanguageError),
    ],
)
async def test_what_cannot_be_chosen_changes_nothing(
    targets: tuple[str, ...], spoken: str | None, error: type[Exception]
) -> None:
    house = House(ANA)
    await house.start("en")
    with pytest.raises(error):
        await house.rooms.choose(1, targets, spoken)
    assert house.targets() == ("en",)
    await house.rooms.stop(1)
    with pytest.raises(NoRoomError):
        await house.rooms.choose(1, ("en",), None)
    await house.rooms.close()


async def test_what_a_member_speaks_is_told_to_the_service() -> None:
    house = House(
        ANA,
        BEN,
        wishes=MemoryWishes(u1=MemberLanguages(speaks="es"), u2=MemberLanguages(speaks="tlh")),
    )
    await house.start("en")
    assert [r.source for r in house.interpreter.prepared] == ["es"]
    for member in (ANA, BEN):
        house.hear(member)
    assert house.interpreter.of(1).request.source == "es"
    assert house.interpreter.of(2).request.source is None, "the model does not know it"
    await house.rooms.wishes.put(1, ANA.id, MemberLanguages(speaks="ca"))
    assert not house.interpreter.of(1).closed, "a sentence is under way"
    house.hush(ANA)
    house.hear(ANA)
    assert house.interpreter.of(1).request.source == "ca"
    await house.rooms.close()
