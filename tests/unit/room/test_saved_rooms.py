"""Rooms that run are written so that their age is known."""

import pytest

from bot.domain.stored import SavedRoom
from bot.room.saved_rooms import EVERY_S, OLDEST_S, RememberedRooms
from tests.support.clock import ManualClock
from tests.support.rooms import MemoryRooms
from tests.support.rooms_in_memory import settle

ROOM = SavedRoom(1, 10, 20, ("en",), None, 7, "s")
START = 1_000_000.0


async def test_a_room_is_written_each_minute_while_it_runs() -> None:
    clock, store = ManualClock(), MemoryRooms()
    kept = RememberedRooms(store, clock, lambda: START + clock.now())
    kept.keep(ROOM)
    await settle()
    first = store.rows[1].saved_at
    for _ in range(3):
        clock.advance(EVERY_S)
        await settle()
    assert store.rows[1].saved_at == first + 3 * EVERY_S
    await kept.drop(1)
    assert store.rows == {}
    assert clock.pending == 0
    await kept.close()


@pytest.mark.parametrize(
    ("age_s", "fresh"),
    [(0, True), (OLDEST_S, True), (OLDEST_S + 1, False), (-30, True), (-3600, False)],
)
async def test_a_room_is_fresh_for_ten_minutes(age_s: float, *, fresh: bool) -> None:
    kept = RememberedRooms(MemoryRooms(), ManualClock(), lambda: START)
    room = SavedRoom(1, 10, 20, ("en",), None, 7, "s", saved_at=START - age_s)
    assert kept.fresh(room) is fresh
    await kept.close()


async def test_a_room_of_a_version_that_wrote_no_time_is_not_fresh() -> None:
    kept = RememberedRooms(MemoryRooms(), ManualClock(), lambda: START)
    assert not kept.fresh(ROOM)
    await kept.close()
