"""A room that is paused, moved, left alone and remembered."""

import pytest

from bot.domain.events import Usage
from bot.domain.plan import RoomPlan
from bot.domain.stored import SavedRoom
from bot.errors import UsageError, VoiceLinkError
from tests.support.rooms_in_memory import ANA, BEN, House, settle


async def test_a_paused_room_hears_nobody_and_says_so() -> None:
    house = House(ANA)
    await house.start("en")
    house.hear(ANA)
    house.rooms.pause(1)
    house.hear(ANA)
    assert house.world.link.allowed[-1] == frozenset()
    assert len(house.interpreter.of(1).fed) == 640
    assert house.interpreter.of(1).silences == 1
    consent = await house.rooms.consent(1)
    await consent.agree(BEN.id)
    assert house.world.link.allowed[-1] == frozenset()
    house.rooms.resume(1)
    assert house.world.link.allowed[-1] == {ANA.id}, "who is not there is not heard"
    house.enter(BEN)
    assert house.world.link.allowed[-1] == {ANA.id, BEN.id}
    assert house.world.board.notices == [
        "Translation is paused. Nobody is heard until it resumes.",
        "Translation resumed. Those who joined in are heard again.",
    ]
    await house.rooms.close()


async def test_a_room_moves_with_what_is_said_in_it() -> None:
    house = House(ANA)
    await house.start("en")
    house.hear(ANA)
    before = house.world.links[0]
    await house.rooms.move(1, 11)
    assert before.closed
    assert before.allowed[-1] == frozenset()
    assert house.rooms.status(1).plan.voice_channel_id == 11
    assert house.world.links[1].allowed[-1] == {ANA.id}
    with pytest.raises(UsageError, match="already"):
        await house.rooms.move(1, 11)
    await house.rooms.close()


async def test_a_channel_that_cannot_be_joined_leaves_the_room_where_it_was() -> None:
    house = House(ANA)
    await house.start("en")
    house.world.closed = {11}
    with pytest.raises(VoiceLinkError, match="full"):
        await house.rooms.move(1, 11)
    assert house.rooms.status(1).plan.voice_channel_id == 10
    house.world.closed = {10, 11}
    with pytest.raises(VoiceLinkError, match="full"):
        await house.rooms.move(1, 11)
    await settle()
    assert house.world.board.notices == ["It is full."]
    assert not house.rooms.runs(1)


async def test_moderators_who_move_the_bot_are_followed_by_what_the_room_says_of_itself() -> None:
    house = House(ANA)
    await house.start("en")
    house.world.link.channel_id = 12
    assert house.world.listener is not None
    house.world.listener.noticed("moved", "I was moved to Den.")
    await settle()
    assert house.rooms.status(1).plan.voice_channel_id == 12
    assert house.saved.rows[1].voice_channel_id == 12
    await house.rooms.close()


async def test_a_room_without_people_ends_after_a_minute() -> None:
    house = House(ANA)
    await house.start("en")
    house.leave(ANA)
    house.clock.advance(30)
    house.enter(ANA)
    house.clock.advance(60)
    await settle()
    assert house.rooms.runs(1)
    house.leave(ANA)
    house.clock.advance(60)
    await settle()
    assert not house.rooms.runs(1)
    assert house.world.board.notices == [
        "I left because nobody has been in the voice channel for a minute."
    ]
    assert house.clock.pending == 0


async def test_what_runs_is_remembered_until_it_is_stopped() -> None:
    house = House(ANA)
    await house.start("en")
    await house.rooms.choose(1, ("en", "es"), "es")
    house.rooms.pause(1)
    await settle()
    session = house.rooms.status(1).plan.session
    assert session
    assert house.saved.rows == {
        1: SavedRoom(1, 10, 20, ("en", "es"), "es", ANA.id, session, paused=True)
    }
    await house.rooms.stop(1)
    assert house.saved.rows == {}
    await house.rooms.close()


async def test_a_room_that_is_brought_back_lets_nobody_be_heard_by_that() -> None:
    house = House()
    house.world.members = (ANA, BEN)
    plan = RoomPlan(1, 10, 20, ("en",), session="s1")
    await house.rooms.start(plan, ANA.id, agrees=False, paused=True)
    assert house.interpreter.prepared == []
    assert house.world.link.allowed[-1] == frozenset()
    house.rooms.resume(1)
    house.hear(ANA)
    assert house.interpreter.conversations == []
    assert house.rooms.status(1).plan.session == "s1"
    await house.rooms.close()


async def test_a_room_ended_by_hand_does_not_start_by_itself_before_all_have_left() -> None:
    house = House(ANA)
    await house.start("en")
    await house.rooms.stop(1, by_hand=True)
    assert house.rooms.turned_down(10)
    house.rooms.emptied(10)
    assert not house.rooms.turned_down(10)
    await house.start("en")
    house.interpreter.conversations.clear()
    house.hear(ANA)
    house.interpreter.of(1).say(Usage(audio_in_s=1))
    await house.rooms.stop(1)
    assert not house.rooms.turned_down(10)
