"""A room that the translation service refuses does not begin."""

import pytest

from bot.domain.events import Member
from bot.domain.plan import RoomPlan
from bot.errors import ConversationError, NoRoomError, VoiceLinkError
from tests.support.clock import ManualClock
from tests.support.room import MemoryConsent, MemoryInterpreter, World
from tests.support.rooms import RoomParts

PLAN = RoomPlan(1, 10, 20, ("en", "es"), "es")


class House:
    def __init__(self) -> None:
        self.world = World(Member(1, "Ana"))
        self.interpreter = MemoryInterpreter()
        self.store = MemoryConsent()
        self.rooms = RoomParts(
            interpreter=self.interpreter,
            answers=self.store,
            join_voice=self.world.join_voice,
            open_board=self.world.open_board,
            clock=ManualClock(),
        ).rooms()


async def test_a_refusal_leaves_no_room_no_voice_and_no_consent() -> None:
    house = House()
    house.interpreter.refusal = ConversationError("The key is refused.")
    with pytest.raises(ConversationError, match="key is refused"):
        await house.rooms.start(PLAN, 1)
    assert len(house.rooms) == 0
    assert house.world.listener is None
    assert house.store.rows == set()
    with pytest.raises(NoRoomError):
        house.rooms.status(1)
    house.interpreter.refusal = None
    await house.rooms.start(PLAN, 1)
    await house.rooms.close()


async def test_the_starters_lead_conversation_is_prepared_and_given_up_with_the_room() -> None:
    house = House()
    await house.rooms.start(PLAN, 1)
    assert [(r.speaker_id, r.target) for r in house.interpreter.prepared] == [(1, "es")]
    await house.rooms.stop(1)
    assert house.interpreter.prepared == []


async def test_what_was_prepared_is_given_up_when_the_room_does_not_begin() -> None:
    house = House()
    house.world.refuse_voice = VoiceLinkError("Full.")
    with pytest.raises(VoiceLinkError):
        await house.rooms.start(PLAN, 1)
    assert house.interpreter.prepared == []
