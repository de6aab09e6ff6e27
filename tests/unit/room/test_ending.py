"""Rooms of a process that ends: deaf at once, side by side, in time, and remembered."""

import asyncio

import pytest

from bot.domain.events import Final, TurnEnded
from bot.domain.plan import RoomPlan
from bot.domain.stored import MemberLanguages
from bot.errors import NoRoomError, RestartingError
from bot.room import ending
from bot.tasks import TaskOwner
from tests.support.log_lines import logged
from tests.support.room import MemoryBoard, MemoryLink
from tests.support.rooms import MemoryWishes
from tests.support.rooms_in_memory import ANA, BEN, House, settle

RESTARTING = ending.RESTARTING


@pytest.fixture
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROOMS_S", "AFTER_LEAVING", "AFTER_WORDS", "AFTER_CAPTIONS", "AFTER_LINK"):
        monkeypatch.setattr(ending, name, getattr(ending, name) / 10)


class EveryGuildsWishes(MemoryWishes):
    """Of every server."""

    async def wishes(self, guild_id: int) -> dict[int, MemberLanguages]:
        assert guild_id
        return {}


async def never() -> None:
    await asyncio.Event().wait()


async def test_nobody_is_heard_from_the_moment_on_and_what_was_said_gets_its_last_words() -> None:
    house = House(ANA)
    await house.start("en")
    house.hear(ANA)
    conversation = house.interpreter.of(ANA.id)
    heard = bytes(conversation.fed)
    conversation.last_words = [Final(1, "Good evening."), TurnEnded(1)]
    house.rooms.deafen()
    assert house.world.link.allowed[-1] == frozenset()
    assert conversation.silences == 1
    house.hear(ANA)
    await house.rooms.close()
    assert conversation.fed == heard
    assert conversation.closed
    assert [caption.text for caption in house.world.board.standing()] == ["Good evening."]
    assert house.world.link.closed


async def test_its_people_are_told_and_it_is_remembered() -> None:
    house = House(ANA)
    await house.start("en")
    await house.rooms.close()
    assert house.world.board.notices == [RESTARTING]
    assert house.world.board.closed
    assert list(house.saved.rows) == [1]
    await house.rooms.close()  # again
    assert house.world.board.notices == [RESTARTING]


async def test_a_room_that_a_person_stops_meanwhile_is_not_to_be_back() -> None:
    house = House(ANA)
    await house.start("en")
    house.rooms.deafen()
    await house.rooms.stop(1, by_hand=True)
    await house.rooms.close()
    assert house.saved.rows == {}


async def test_a_room_that_stops_already_is_not_to_be_back() -> None:
    house = House(ANA)
    await house.start("en")
    held = asyncio.Event()

    async def close() -> None:
        await held.wait()

    house.world.board.close = close  # type: ignore[method-assign]
    tasks = TaskOwner("test")
    stopping = tasks.start(house.rooms.stop(1, by_hand=True), "stop")
    await settle()
    ending_ = tasks.start(house.rooms.close(), "close")
    await settle()
    held.set()
    await asyncio.wait({stopping, ending_})
    assert stopping.exception() is None
    assert ending_.exception() is None
    assert house.saved.rows == {}
    assert house.world.board.notices == []


@pytest.mark.usefixtures("_short")
async def test_a_room_whose_edges_hang_ends_in_time_and_the_log_says_what(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House(ANA, wishes=EveryGuildsWishes())
    boards: dict[int, MemoryBoard] = {}

    async def open_board(channel_id: int, *_: object) -> MemoryBoard:
        boards[channel_id] = MemoryBoard()
        return boards[channel_id]

    house.world.open_board = open_board  # type: ignore[assignment,method-assign]
    links: dict[int, MemoryLink] = {}
    for guild in (1, 2):
        await house.rooms.start(RoomPlan(guild, 10 * guild, 20 * guild, ("en",)), ANA.id)
        links[guild] = house.world.link
    boards[20].close = never  # type: ignore[method-assign]
    links[1].close = never  # type: ignore[method-assign]
    async with asyncio.timeout(5):
        await house.rooms.close()
    assert boards[40].closed
    assert links[2].closed
    cut = "cut short because the process is ending"
    assert logged(caplog.records) == [
        f'{cut} part="captions of room 1"',
        f'{cut} part="voice link of room 1"',
    ]
    assert sorted(house.saved.rows) == [1, 2]
    assert len(house.rooms) == 0


async def test_what_starts_is_broken_off_and_nothing_starts_any_more() -> None:
    house = House(ANA)

    async def join_voice(*_: object, **__: object) -> MemoryLink:
        await never()
        raise AssertionError

    house.world.join_voice = join_voice  # type: ignore[method-assign]
    tasks = TaskOwner("test")
    starting = tasks.start(house.start("en"), "start")
    await settle()
    assert not starting.done()
    await house.rooms.close()
    await asyncio.wait({starting})
    assert isinstance(starting.exception(), RestartingError)
    assert house.world.board.closed
    with pytest.raises(RestartingError):
        await house.start("en")
    assert len(house.rooms) == 0


async def test_a_room_that_is_being_moved_is_remembered_where_it_was() -> None:
    house = House(ANA, BEN)
    await house.start("en")

    async def join_voice(*_: object, **__: object) -> MemoryLink:
        await never()
        raise AssertionError

    house.world.join_voice = join_voice  # type: ignore[method-assign]
    tasks = TaskOwner("test")
    moving = tasks.start(house.rooms.move(1, 11), "move")
    await settle()
    await house.rooms.close()
    await asyncio.wait({moving})
    assert isinstance(moving.exception(), RestartingError | NoRoomError)
    assert house.saved.rows[1].voice_channel_id == 10
    assert RESTARTING in house.world.board.notices
