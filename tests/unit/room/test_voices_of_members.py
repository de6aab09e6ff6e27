"""How a running room follows what its members want of their voices."""

import pytest

from bot.domain.events import ConversationRequest, Final, Member, Partial, Voice, VoiceEnded
from bot.domain.voices import AUTOMATIC, MemberVoice, ModelVoice, OfferedVoices
from bot.errors import StoreError
from bot.room.spoken.casting import Casting
from tests.support.rooms_in_memory import ANA, BEN, House, settle

VOICES = tuple(ModelVoice(name) for name in ("Tina", "Ryan", "Cindy"))
PCM = bytes(480)


async def opened(*order: Member, spoken: str | None = "en") -> House:
    """A room that Ana started, in which both speak, and that reads aloud."""
    house = House(ANA, BEN)
    house.interpreter.offered = OfferedVoices(VOICES, imitates=True)
    await house.start("en", spoken=spoken)
    for member in order or (ANA, BEN):
        house.hear(member)
    return house


async def test_two_people_have_two_voices_and_the_same_again_after_a_restart_of_the_room() -> None:
    house = await opened(BEN, ANA)  # who started it need not speak first
    voices = [house.interpreter.of(member.id).request.voice for member in (ANA, BEN)]
    assert len(set(voices)) == 2
    prepared = [request.voice for request in house.interpreter.prepared]
    assert prepared == voices[:1], "what is opened ahead is what is asked for"
    house.leave(ANA)
    house.enter(ANA)
    house.hear(ANA)
    assert house.interpreter.of(ANA.id).request.voice == voices[0]
    await house.rooms.close()


async def test_a_chosen_voice_speaks_from_the_next_sentence_on() -> None:
    house = await opened()
    first = house.interpreter.of(ANA.id)
    other = next(v.name for v in VOICES if v.name != first.request.voice)
    await house.rooms.voices.use(1, ANA.id, MemberVoice(other))
    house.hear(ANA)
    assert house.interpreter.of(ANA.id) is first, "a sentence ends in the voice it began with"
    for member in (ANA, BEN):
        house.hush(member)
        house.hear(member)
    assert house.interpreter.of(ANA.id).request.voice == other
    assert house.interpreter.of(BEN.id).request.voice != other
    await house.rooms.close()


async def test_who_had_a_chosen_voice_by_chance_gets_another_with_their_next_sentence() -> None:
    house = await opened()
    had = house.interpreter.of(ANA.id).request.voice
    house.hush(ANA)
    house.hush(BEN)
    await house.rooms.voices.use(1, BEN.id, MemberVoice(had))
    house.hear(BEN)
    house.hear(ANA)
    assert house.interpreter.of(BEN.id).request.voice == had
    assert house.interpreter.of(ANA.id).request.voice not in {None, had}
    await house.rooms.close()


async def test_who_wants_no_voice_falls_silent_at_once_and_keeps_their_captions() -> None:
    house = await opened()
    talk = house.interpreter.of(ANA.id)
    talk.say(Partial(1, "I would"))
    talk.say(Voice(1, PCM))
    await house.rooms.voices.use(1, ANA.id, MemberVoice(silent=True))
    assert [track.dropped for track in house.world.link.tracks] == [True]
    talk.say(Voice(1, PCM))
    talk.say(VoiceEnded(1))
    talk.say(Final(1, "I would rather not."))
    assert len(house.world.link.tracks) == 1
    assert [c.text for c in house.world.board.standing()] == ["I would rather not."]
    house.hush(ANA)
    house.hear(ANA)
    assert not house.interpreter.of(ANA.id).request.spoken
    assert house.interpreter.of(BEN.id).request.spoken
    await house.rooms.voices.use(1, ANA.id, AUTOMATIC)
    house.hush(ANA)
    house.hear(ANA)
    assert house.interpreter.of(ANA.id).request.spoken
    assert house.voice_store.rows == {}
    await house.rooms.close()


async def test_only_who_agreed_is_imitated_and_not_a_moment_longer_than_they_want() -> None:
    house = await opened()
    agreed = MemberVoice(imitated_since=7.0)
    await house.rooms.voices.use(1, ANA.id, agreed)
    for member in (ANA, BEN):
        house.hush(member)
        house.hear(member)
    talk = house.interpreter.of(ANA.id)
    assert talk.request.imitated
    assert not house.interpreter.of(BEN.id).request.imitated
    assert house.voice_store.rows == {ANA.id: agreed}
    talk.say(Voice(1, PCM))
    await house.rooms.voices.use(1, ANA.id, AUTOMATIC)
    talk.say(Voice(1, PCM))
    await settle()
    assert talk.closed, "in the middle of a sentence"
    assert [(bytes(t.pcm), t.dropped) for t in house.world.link.tracks] == [(PCM, True)]
    house.hear(ANA)
    assert not house.interpreter.of(ANA.id).request.imitated
    await house.rooms.close()


async def test_an_end_of_the_imitation_holds_though_it_can_not_be_kept_and_a_yes_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = await opened()

    async def fail(*_: object) -> None:
        raise StoreError("It is full.")

    await house.rooms.voices.use(1, ANA.id, MemberVoice(imitated_since=7.0))
    house.hush(ANA)
    house.hush(BEN)
    monkeypatch.setattr(house.voice_store, "put_voice", fail)
    with pytest.raises(StoreError):
        await house.rooms.voices.use(1, ANA.id, AUTOMATIC)
    with pytest.raises(StoreError):
        await house.rooms.voices.use(1, BEN.id, MemberVoice(imitated_since=8.0))
    for member in (ANA, BEN):
        house.hear(member)
        assert not house.interpreter.of(member.id).request.imitated
    await house.rooms.close()


async def test_a_choice_breaks_into_nothing_where_nothing_is_read_aloud() -> None:
    house = await opened(spoken=None)
    talk = house.interpreter.of(ANA.id)
    house.hush(ANA)
    await house.rooms.voices.use(1, ANA.id, MemberVoice("Ryan"))
    house.hear(ANA)
    assert house.interpreter.of(ANA.id) is talk
    assert talk.request.voice is None
    await house.rooms.close()


async def test_a_voice_that_the_model_no_longer_has_is_as_none_chosen() -> None:
    house = await opened()
    before = house.interpreter.of(ANA.id).request.voice
    house.hush(ANA)
    await house.rooms.voices.use(1, ANA.id, MemberVoice("Cherry"))
    house.hear(ANA)
    assert house.interpreter.of(ANA.id).request.voice == before
    await house.rooms.close()


async def test_whoever_started_the_room_has_the_voice_that_was_opened_ahead() -> None:
    """Ana and Ben would both be given the same, were they alone."""
    ben = next(
        Member(number, "Ben")
        for number in range(2, 1000)
        if alone(Member(number, "Ben")) == alone(ANA)
    )
    house = House(ANA, ben)
    house.interpreter.offered = OfferedVoices(VOICES)
    await house.start("en", spoken="en")
    house.hear(ben)
    house.hear(ANA)
    (prepared,) = house.interpreter.prepared
    assert house.interpreter.of(ANA.id).request == prepared
    assert house.interpreter.of(ben.id).request.voice != prepared.voice
    await house.rooms.close()


def alone(member: Member) -> str | None:
    """The voice of somebody who is alone."""
    casting = Casting(lambda: OfferedVoices(VOICES), {}, lambda: (member.id,))
    return casting.cast([ConversationRequest(member.id, "en", spoken=True)])[0].voice


async def test_the_imitation_stops_though_the_database_fails_and_no_other_choice_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = await opened()
    voices = house.rooms.voices
    await voices.use(1, BEN.id, MemberVoice("Ryan"))
    assert await voices.stop_imitating(1, BEN.id) == MemberVoice("Ryan")
    await voices.use(1, ANA.id, MemberVoice(imitated_since=7.0))
    with monkeypatch.context() as broken:

        async def fail(_: int) -> None:
            raise StoreError("It is locked.")

        broken.setattr(house.voice_store, "voices", fail)
        with pytest.raises(StoreError):
            await voices.stop_imitating(1, ANA.id)
    house.hear(ANA)
    assert not house.interpreter.of(ANA.id).request.imitated
    assert await voices.stop_imitating(1, ANA.id) == AUTOMATIC
    assert house.voice_store.rows == {BEN.id: MemberVoice("Ryan")}
    await house.rooms.close()
