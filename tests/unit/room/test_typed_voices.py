"""What a member types is read aloud like what they say, and not where speech would not be."""

from bot.domain.events import Failed, Final, Source, Usage
from bot.domain.stored import MemberLanguages
from bot.domain.voices import MemberVoice, ModelVoice, OfferedVoices
from bot.room.room import Room
from bot.usage.daily_allowance import VOICE_CHARACTERS
from tests.support.rooms_in_memory import ANA, BEN, House
from tests.support.synthesis import MemoryReading
from tests.unit.room.test_page import OnePage, PageOf
from tests.unit.room.test_typed_words import settled

PCM, MORE = b"\1\0" * 240, b"\2\0" * 240


async def opened(house: House, *targets: str, spoken: str | None = "en") -> Room:
    await house.start(*targets or ("en",), spoken=spoken)
    room = house.rooms.find(1)
    assert room is not None
    return room


async def typed(house: House, text: str, **answers: str) -> list[MemoryReading]:
    """What is being read aloud once a text of Ana's is translated."""
    room = house.rooms.find(1)
    assert room is not None
    room.type(ANA.id, text)
    await settled()
    for ticket in house.texts.open():
        ticket.answer(answers[ticket.request.target])
    await settled()
    return house.synthesis.open()


def unspoken(house: House) -> list[bool]:
    return [caption.unspoken for caption in house.world.board.standing()]


async def test_it_is_read_in_the_language_that_is_spoken_in_their_voice_and_is_counted() -> None:
    house = House(ANA, BEN)
    house.interpreter.offered = OfferedVoices((ModelVoice("Tina"), ModelVoice("Ryan")))
    await house.rooms.voices.use(1, ANA.id, MemberVoice("Ryan"))
    room = await opened(house, "en", "fr")
    (reading,) = await typed(house, "Hallo", en="Hello", fr="Salut")
    assert (reading.request.text, reading.request.language) == ("Hello", "en")
    assert (reading.request.voice, reading.request.guild_id) == ("Ryan", 1)
    reading.said(PCM)
    assert house.world.link.played == PCM, "it begins with the first piece"
    reading.finish(MORE)
    await settled()
    assert house.world.link.played == PCM + MORE
    assert house.world.link.tracks[0].ended
    assert room.status().usage.voice_characters == 5
    assert unspoken(house) == [False, False]
    await house.rooms.close()


async def test_it_is_not_read_in_the_language_in_which_it_was_typed() -> None:
    house = House(ANA, BEN)
    await opened(house)
    assert await typed(house, "Hello, people", en="Hello people.") == []
    await house.rooms.wishes.put(1, ANA.id, MemberLanguages(speaks="en"))
    assert await typed(house, "Hello again") == []
    assert unspoken(house) == [False, False]
    await house.rooms.close()


async def test_nothing_is_read_where_nothing_is_spoken() -> None:
    house = House(ANA, BEN)
    await opened(house, spoken=None)
    assert await typed(house, "Hallo", en="Hello") == []
    await house.rooms.close()


async def test_a_caption_says_that_its_language_can_not_be_read() -> None:
    house = House(ANA, BEN)
    house.synthesis.known = frozenset({"fr"})
    await opened(house)
    assert await typed(house, "Hallo", en="Hello") == []
    assert unspoken(house) == [True]
    house.synthesis.known = frozenset()  # the host has nothing typed read aloud
    assert await typed(house, "Welt", en="World") == []
    assert unspoken(house) == [True, False]
    await house.rooms.close()


async def test_what_can_not_be_read_is_told_once_and_its_captions_say_so() -> None:
    house = House(ANA, BEN)
    await opened(house)
    for text, translation in (("eins", "one"), ("zwei", "two")):
        (reading,) = await typed(house, text, en=translation)
        reading.finish(failed=Failed("overloaded", "Not read.", fatal=False))
        await settled()
    (reading,) = await typed(house, "drei", en="three")
    reading.finish(PCM, failed=Failed("overloaded", "Not read.", fatal=False))
    await settled()
    assert unspoken(house) == [True, True, False]
    assert house.world.board.notices.count("Not read.") == 1
    await house.rooms.close()


async def test_who_wants_no_voice_is_not_read_and_falls_silent_at_once() -> None:
    house = House(ANA, BEN)
    await opened(house)
    (reading,) = await typed(house, "eins", en="one")
    reading.said(PCM)
    await house.rooms.voices.use(1, ANA.id, MemberVoice(silent=True))
    await settled()
    assert reading.ended.cancelled()
    assert [track.dropped for track in house.world.link.tracks] == [True]
    assert await typed(house, "zwei", en="two") == []
    assert [caption.text for caption in house.world.board.standing()] == ["one", "two"]
    await house.rooms.close()


async def test_who_withdraws_is_heard_no_more_at_once() -> None:
    house = House(ANA, BEN)
    await opened(house)
    (reading,) = await typed(house, "eins", en="one")
    reading.said(PCM)
    await (await house.rooms.consent(1)).withdraw(ANA.id)
    await settled()
    assert reading.ended.cancelled()
    assert [track.dropped for track in house.world.link.tracks] == [True]
    reading.said(MORE)
    assert len(house.world.link.tracks) == 1
    await house.rooms.close()


async def test_texts_of_one_member_are_read_one_after_the_other() -> None:
    house = House(ANA, BEN)
    await opened(house)
    await typed(house, "eins", en="one")
    (first,) = await typed(house, "zwei", en="two")
    assert first.request.text == "one"
    assert len(house.world.board.standing()) == 2, "captions do not wait for voices"
    first.finish(PCM)
    await settled()
    assert [reading.request.text for reading in house.synthesis.open()] == ["two"]
    await house.rooms.close()


async def test_what_waits_to_be_heard_can_be_skipped_and_its_caption_says_so() -> None:
    house = House(ANA, BEN)
    room = await opened(house)
    house.world.link.tracks_last = True
    for reading in await typed(house, "eins", en="one"):
        reading.finish(PCM)
    await settled()
    assert room.skip()
    assert unspoken(house) == [True]
    await house.rooms.close()


async def test_a_server_has_so_much_read_aloud_in_a_day() -> None:
    house = House(ANA, BEN)
    room = await opened(house)
    account = room._metering._account
    account.limit_to(1)
    account.used(ANA.id, Usage(voice_characters=VOICE_CHARACTERS - 3))
    (reading,) = await typed(house, "eins", en="one")
    assert await typed(house, "zwei", en="two") == [reading]
    reading.finish(PCM)
    await settled()
    assert house.synthesis.open() == []
    assert unspoken(house) == [False, True]
    await house.rooms.close()


async def test_those_who_listen_on_the_page_hear_it_in_their_language() -> None:
    pages = OnePage()
    house = House(ANA, BEN, pages=pages)
    await opened(house, "en", "fr", spoken=None)
    PageOf(pages, "fr")
    room = house.rooms.find(1)
    assert room is not None
    room.page.listened_to(frozenset({"fr"}))
    (reading,) = await typed(house, "Hallo", en="Hello", fr="Salut")
    assert (reading.request.text, reading.request.language) == ("Salut", "fr")
    await house.rooms.close()


async def test_a_room_that_ends_waits_for_no_voice() -> None:
    house = House(ANA, BEN)
    await opened(house)
    (reading,) = await typed(house, "eins", en="one")
    await house.rooms.close()
    assert reading.ended.cancelled()


async def test_typed_words_are_no_echo_of_what_is_read_and_speech_that_repeats_it_is() -> None:
    house = House(ANA, BEN)
    await opened(house)
    house.world.link.tracks_last = True
    words = "the meeting begins at nine o'clock"
    for reading in await typed(house, "Die Besprechung beginnt um neun", en=words):
        reading.said(PCM)
    house.hear(BEN)
    talk = house.interpreter.of(BEN.id)
    talk.say(Source(1, words, "en", final=True))
    talk.say(Final(1, words))
    room = house.rooms.find(1)
    assert room is not None
    room.type(BEN.id, words)
    await settled()
    for ticket in house.texts.open():
        ticket.answer(words)
    await settled()
    shown = [(c.speaker.name, c.text) for c in house.world.board.standing()]
    assert shown == [("Ana", words), ("Ben", words)]
    await house.rooms.close()


async def test_one_who_types_much_has_little_of_it_kept() -> None:
    house = House(ANA, BEN)
    room = await opened(house, spoken=None)
    for number in range(66):
        await typed(house, f"zahl {number}", en=f"number {number}")
    assert len(room._typed._shown_lately) == 64
    await house.rooms.close()
