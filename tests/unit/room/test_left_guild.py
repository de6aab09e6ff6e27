"""A server removes the bot while it may be running there."""

from bot.domain.events import Member
from bot.domain.plan import RoomPlan
from bot.room.rooms import Rooms
from tests.support.clock import ManualClock
from tests.support.room import MemoryConsent, MemoryInterpreter, World
from tests.support.rooms import RoomParts

PLAN = RoomPlan(1, 10, 20, ("en",), None)


def rooms_over(store: MemoryConsent) -> Rooms:
    world = World(Member(1, "Ana"))
    return RoomParts(
        interpreter=MemoryInterpreter(),
        answers=store,
        join_voice=world.join_voice,
        open_board=world.open_board,
        clock=ManualClock(),
    ).rooms()


async def test_its_room_ends() -> None:
    rooms = rooms_over(MemoryConsent())
    await rooms.start(PLAN, 1)
    rooms.guild_left(1)
    rooms.guild_left(2)  # where none was running
    await rooms._tasks.drain()
    assert len(rooms) == 0
    await rooms.close()


async def test_what_was_removed_from_the_store_is_not_remembered() -> None:
    store = MemoryConsent(1, 2)
    rooms = rooms_over(store)
    assert (await rooms.consent(1)).agreed == {1, 2}
    rooms.guild_left(1)
    await rooms._tasks.drain()
    store.rows.clear()
    assert (await rooms.consent(1)).agreed == frozenset()
    await rooms.close()
