"""A whole room in memory."""

import pytest

from bot.domain.events import (
    ConversationState,
    Failed,
    Final,
    Member,
    Partial,
    Source,
    Speech,
    StateChanged,
    Usage,
    Voice,
    VoiceEnded,
)
from bot.domain.plan import RoomPlan
from bot.errors import LanguageError, NoRoomError, RoomBusyError, VoiceLinkError
from tests.support.clock import ManualClock
from tests.support.room import MemoryConsent, MemoryInterpreter, World
from tests.support.rooms import RoomParts

ANA, BEN = Member(1, "Ana"), Member(2, "Ben")
FRAME = bytes(640)


class House:
    """Rooms with everything around them in memory."""

    def __init__(self, *members: Member, agreed: tuple[int, ...] = ()) -> None:
        self.clock = ManualClock()
        self.world = World(*members)
        self.interpreter = MemoryInterpreter()
        self.store = MemoryConsent(*agreed)
        self.rooms = RoomParts(
            interpreter=self.interpreter,
            answers=self.store,
            join_voice=self.world.join_voice,
            open_board=self.world.open_board,
            clock=self.clock,
        ).rooms()

    async def start(self, *targets: str, spoken: str | None = None) -> None:
        await self.rooms.start(RoomPlan(1, 10, 20, targets or ("en",), spoken), ANA.id)

    def hear(self, member: Member, pcm: bytes = FRAME) -> None:
        assert self.world.listener is not None
        self.world.listener.heard(Speech(member.id, pcm, self.clock.now()))

    @property
    def texts(self) -> list[tuple[str, str, str]]:
        return [(c.speaker.name, c.language, c.text) for c in self.world.board.standing()]


async def test_a_speaker_is_translated_into_each_language() -> None:
    house = House(ANA)
    await house.start("en", "es")
    house.hear(ANA)
    for target, text in (("en", "Hello."), ("es", "Hola.")):
        house.interpreter.of(1, target).say(Final(1, text))
    assert house.texts == [("Ana", "en", "Hello."), ("Ana", "es", "Hola.")]
    await house.rooms.close()


async def test_nobody_is_heard_without_agreeing() -> None:
    house = House(ANA, BEN)
    await house.start()
    house.hear(BEN)
    assert house.interpreter.conversations == []
    assert house.world.link.allowed[-1] == {ANA.id}
    consent = await house.rooms.consent(1)
    assert await consent.agree(BEN.id)
    house.hear(BEN)
    assert house.interpreter.of(BEN.id).fed == FRAME
    assert house.world.link.allowed[-1] == {ANA.id, BEN.id}
    await house.rooms.close()


async def test_withdrawing_ends_hearing_at_once_and_takes_back_the_open_sentence() -> None:
    house = House(ANA, BEN, agreed=(BEN.id,))
    await house.start(spoken="en")
    house.hear(BEN)
    conversation = house.interpreter.of(BEN.id)
    conversation.say(Final(1, "Kept."))
    conversation.say(Partial(2, "Taken ba"))
    await (await house.rooms.consent(1)).withdraw(BEN.id)
    conversation.say(Final(2, "Taken back."))
    conversation.say(Voice(2, b"xx"))
    house.hear(BEN)
    assert house.texts == [("Ben", "en", "Kept.")]
    assert conversation.fed == FRAME
    assert house.world.link.played == b""
    assert house.store.rows == {(1, ANA.id)}
    await house.rooms.close()
    assert conversation.closed


async def test_who_withdraws_is_not_spoken_any_more_in_mid_sentence_too() -> None:
    house = House(ANA, BEN, agreed=(ANA.id, BEN.id))
    await house.start(spoken="en")
    house.hear(BEN)
    conversation = house.interpreter.of(BEN.id)
    conversation.say(Voice(1, b"voice!"))
    assert house.world.link.played == b"voice!"
    await (await house.rooms.consent(1)).withdraw(BEN.id)
    assert house.world.link.played == b""
    conversation.say(Voice(1, b"more"))
    assert house.world.link.played == b""
    await house.rooms.close()


async def test_only_the_language_that_is_spoken_back_asks_for_voice_and_is_played() -> None:
    house = House(ANA)
    await house.start("en", "es", spoken="es")
    house.hear(ANA)
    assert [house.interpreter.of(1, t).request.spoken for t in ("en", "es")] == [False, True]
    house.interpreter.of(1, "es").say(Voice(1, b"voice!"))
    house.interpreter.of(1, "es").say(VoiceEnded(1))
    assert house.world.link.played == b"voice!"
    await house.rooms.close()


async def test_the_last_sentence_of_who_leaves_still_arrives() -> None:
    house = House(ANA)
    await house.start()
    house.hear(ANA)
    conversation = house.interpreter.of(1)
    conversation.say(Partial(1, "Bye f"))
    conversation.last_words = [Source(1, "Adiós", "es", final=True), Final(1, "Bye for now.")]
    assert house.world.listener is not None
    house.world.listener.left(1)
    await house.rooms.stop(1)
    assert [(c.text, c.source_text, c.final) for c in house.world.board.standing()] == [
        ("Bye for now.", "Adiós", True)
    ]


async def test_who_returns_gets_captions_of_their_own() -> None:
    house = House(ANA)
    await house.start()
    for text in ("First.", "Second."):
        house.hear(ANA)
        house.interpreter.of(1).say(Final(1, text))
        assert house.world.listener is not None
        house.world.listener.left(1)
    await house.rooms.close()
    assert [text for *_, text in house.texts] == ["First.", "Second."]


async def test_a_failure_is_said_once_however_many_speakers_meet_it() -> None:
    house = House(ANA, BEN, agreed=(1, 2))
    await house.start()
    for member in (ANA, BEN):
        house.hear(member)
        house.interpreter.of(member.id).say(Failed("key", "The key is refused.", fatal=True))
    assert house.world.board.notices == ["The key is refused."]
    assert house.rooms.status(1).speakers[0].conversations == {"en": ConversationState.CLOSED}
    await house.rooms.close()


async def test_status_tells_who_is_heard_and_what_was_used() -> None:
    house = House(ANA, BEN)
    await house.start()
    house.hear(ANA)
    conversation = house.interpreter.of(1)
    conversation.say(StateChanged(ConversationState.OPEN))
    conversation.say(Usage(audio_in_s=2, connects=1))
    conversation.say(Usage(audio_in_s=1))
    house.clock.advance(7)
    status = house.rooms.status(1)
    assert [(s.member.name, s.consenting, s.speaking) for s in status.speakers] == [
        ("Ana", True, True),
        ("Ben", False, False),
    ]
    assert status.speakers[0].conversations == {"en": ConversationState.OPEN}
    assert (status.heard_ago_s, status.usage) == (7, Usage(audio_in_s=3, connects=1))
    await house.rooms.close()


async def test_a_link_that_is_lost_is_said_and_ends_the_room() -> None:
    house = House(ANA)
    await house.start()
    assert house.world.listener is not None
    house.world.listener.lost("I was removed from the channel.")
    for _ in range(10):
        if len(house.rooms) == 0:
            break
        await house.rooms._tasks.drain()
    assert house.world.board.notices == ["I was removed from the channel."]
    assert house.world.link.closed
    assert house.world.board.closed
    with pytest.raises(NoRoomError):
        house.rooms.status(1)


async def test_a_guild_has_one_room() -> None:
    house = House(ANA)
    await house.start()
    with pytest.raises(RoomBusyError):
        await house.start()
    await house.rooms.stop(1)
    with pytest.raises(NoRoomError):
        await house.rooms.stop(1)
    await house.start()
    await house.rooms.close()


async def test_a_start_that_fails_leaves_nothing_behind() -> None:
    house = House(ANA)
    with pytest.raises(LanguageError):
        await house.start("tlh")
    house.world.refuse_voice = VoiceLinkError("No way in.")
    with pytest.raises(VoiceLinkError):
        await house.start()
    assert len(house.rooms) == 0
    assert house.world.board.closed


async def test_what_the_link_notices_is_said_once_until_it_changes() -> None:
    house = House(ANA)
    await house.start("en", spoken="en")
    listener = house.world.listener
    assert listener is not None
    assert house.world.speaks
    for code, text in [
        ("deafened", "I am deaf."),
        ("deafened", "I am deaf."),
        ("moved", "I was moved to Den."),
        ("deafened", "I hear again."),
        ("deafened", "I am deaf."),
    ]:
        listener.noticed(code, text)
    assert house.world.board.notices == [
        "I am deaf.",
        "I was moved to Den.",
        "I hear again.",
        "I am deaf.",
    ]
    await house.rooms.close()
