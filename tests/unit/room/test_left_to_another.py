"""A room goes on in another process, which owns its server's shard now."""

import asyncio
from typing import Any

import pytest

from bot.domain.events import Member
from bot.domain.plan import RoomPlan
from bot.domain.ports import Listener
from bot.errors import RestartingError
from bot.room.rooms import Rooms
from bot.sharding.rooms import RoomsByShard
from bot.tasks import TaskOwner
from tests.support.clock import ManualClock
from tests.support.room import MemoryConsent, MemoryInterpreter, MemoryLink, World
from tests.support.rooms import MemoryNotices, MemoryRooms, RoomParts
from tests.support.rooms_in_memory import settle

SHARDS = 3
GUILD = 1 << 22  # of shard 1
PLAN = RoomPlan(GUILD, 10, 20, ("en",), None)


class Scene:
    def __init__(self) -> None:
        self.world = World(Member(1, "Ana"))
        self.saved = MemoryRooms()
        self.notices = MemoryNotices()
        self.join: Any = self.world.join_voice
        self.rooms: Rooms = RoomParts(
            interpreter=MemoryInterpreter(),
            answers=MemoryConsent(),
            join_voice=lambda channel_id, listener, *, speaks: self.join(
                channel_id, listener, speaks=speaks
            ),
            open_board=self.world.open_board,
            clock=ManualClock(),
            saved=self.saved,
            notices=self.notices,
        ).rooms()
        self.by_shard = RoomsByShard(self.rooms, lambda: SHARDS)


async def test_it_ends_here_without_a_word_and_stays_remembered() -> None:
    scene = Scene()
    await scene.rooms.start(PLAN, 1)
    await settle()
    assert [scene.by_shard.run_in(shard) for shard in range(SHARDS)] == [False, True, False]
    said = list(scene.world.board.notices)
    await scene.by_shard.leave(0)
    assert len(scene.rooms) == 1
    await scene.by_shard.leave(1)
    await settle()
    assert len(scene.rooms) == 0
    assert scene.world.link.closed
    assert scene.world.board.notices == said
    assert scene.notices.farewells == []
    assert scene.saved.rows.keys() == {GUILD}
    await scene.rooms.close()
    assert scene.saved.rows.keys() == {GUILD}


async def test_one_that_starts_is_called_off_as_by_a_restart() -> None:
    scene, joining = Scene(), asyncio.Event()

    async def slowly(channel_id: int, listener: Listener, *, speaks: bool) -> MemoryLink:
        await joining.wait()
        return await scene.world.join_voice(channel_id, listener, speaks=speaks)

    scene.join = slowly
    tasks = TaskOwner("test")
    start = tasks.start(scene.rooms.start(PLAN, 1), "start")
    await settle()
    await scene.by_shard.leave(1)
    joining.set()
    # Which leaves what is saved to the process that has the shard.
    with pytest.raises(RestartingError):
        await start
    assert len(scene.rooms) == 0
    await scene.rooms.close()
