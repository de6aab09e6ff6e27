import asyncio

from bot.domain.events import Usage
from bot.domain.plan import RoomPlan, RoomStatus
from bot.domain.stored import SavedRoom
from bot.errors import ChatError, StoreError
from bot.room.panel import EVERY_S, MOST_A_SECOND, Panel
from bot.room.saved_rooms import RememberedRooms
from tests.support.clock import ManualClock
from tests.support.rooms import UNSPENT, MemoryRooms
from tests.support.rooms_in_memory import settle

PLAN = RoomPlan(1, 10, 20, ("en",))


class Wall:
    """A Surface that sends when the number of captions changed."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.sent: list[tuple[float, int, bool]] = []
        self.fault: ChatError | None = None
        self.left = 0
        self.panel_id = 7

    async def show(self, status: RoomStatus) -> bool:
        if self.fault is not None:
            raise self.fault
        if self.sent and self.sent[-1][1:] == (status.captions, status.ended):
            return False
        self.sent.append((self.clock.now() - 1000, status.captions, status.ended))
        return True

    async def leaving(self) -> None:
        self.left += 1


class Scene:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.wall = Wall(self.clock)
        self.captions = 0
        self.ended = False  # the room's
        self.panels = 1  # of the process
        self.panel = Panel(self.status, self.wall, self.clock, panels=lambda: self.panels)

    def status(self) -> RoomStatus:
        return RoomStatus(PLAN, 0, None, (), self.captions, Usage(), {}, UNSPENT, ended=self.ended)

    async def change(self) -> None:
        self.captions += 1
        self.panel.touch()
        await settle()

    async def wait(self, seconds: float) -> None:
        for _ in range(int(seconds * 2)):
            self.clock.advance(0.5)
            await settle()


async def test_many_panels_together_change_no_more_often_than_the_account_can_bear() -> None:
    scene = Scene()
    scene.panels = 100
    await settle()
    for _ in range(200):
        await scene.change()
        await scene.wait(0.5)
    assert len(scene.wall.sent) <= 1 + 100 * MOST_A_SECOND / scene.panels + 1
    scene.panels = 1
    before = len(scene.wall.sent)
    await scene.wait(30.0)  # its last rest ends
    await scene.change()
    assert len(scene.wall.sent) > before


async def test_a_change_is_shown_at_once_and_the_next_ones_together_five_seconds_later() -> None:
    scene = Scene()
    await settle()
    await scene.wait(10)
    assert scene.wall.sent == [(0, 0, False)], "without a change nothing is sent"
    for _ in range(3):
        await scene.change()
    await scene.wait(EVERY_S)
    assert scene.wall.sent[1:] == [(10, 1, False), (15, 3, False)]
    await scene.panel.close()


async def test_what_nobody_tells_of_is_seen_within_five_seconds() -> None:
    scene = Scene()
    await settle()
    await scene.wait(EVERY_S)
    scene.captions = 5
    await scene.wait(EVERY_S)
    assert scene.wall.sent[-1][1] == 5
    await scene.panel.close()


async def test_the_end_is_shown_without_a_wait() -> None:
    scene = Scene()
    await settle()
    await scene.change()
    scene.ended = True
    await scene.panel.close()
    assert scene.wall.sent[-1][1:] == (1, True)
    assert scene.clock.pending == 0


async def test_a_fault_that_may_pass_is_waited_for() -> None:
    scene = Scene()
    scene.wall.fault = ChatError("Later.", retryable=True)
    await settle()
    scene.wall.fault = None
    await scene.wait(EVERY_S)
    assert len(scene.wall.sent) == 1
    await scene.panel.close()


async def test_a_fault_for_good_ends_the_panel() -> None:
    scene = Scene()
    await settle()
    scene.wall.fault = ChatError("It is gone.")
    await scene.wait(EVERY_S)
    scene.wall.fault = None
    await scene.change()
    await scene.wait(2 * EVERY_S)
    assert len(scene.wall.sent) == 1
    await scene.panel.close()


def saved(*targets: str) -> SavedRoom:
    return SavedRoom(1, 10, 20, targets, None, 1, "s")


class Sticky(MemoryRooms):
    """A store that is slow, and can fail."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.failing = False
        self.writes = 0

    async def save_room(self, room: SavedRoom) -> None:
        await self.open.wait()
        self.writes += 1
        if self.failing:
            raise StoreError("It is full.")
        await super().save_room(room)


async def test_many_changes_at_once_are_few_writes_and_the_last_one_stands() -> None:
    store = Sticky()
    kept = RememberedRooms(store, ManualClock(), lambda: 0.0)
    for target in ("en", "es", "fr"):
        kept.keep(saved(target))
    store.open.set()
    await settle()
    kept.keep(saved("fr"))
    await settle()
    assert store.writes == 1
    await kept.close()  # which writes it again: its age counts from then
    assert store.rows == {1: saved("fr")}
    assert store.writes == 2


async def test_a_room_that_ended_is_not_written_behind_its_end() -> None:
    store = Sticky()
    kept = RememberedRooms(store, ManualClock(), lambda: 0.0)
    kept.keep(saved("en"))
    await settle()
    kept.keep(saved("es"))
    store.open.set()
    await kept.drop(1)
    await kept.close()
    assert store.rows == {}


async def test_a_store_that_fails_is_tried_again_with_the_next_change() -> None:
    store = Sticky()
    store.open.set()
    store.failing = True
    kept = RememberedRooms(store, ManualClock(), lambda: 0.0)
    kept.keep(saved("en"))
    await settle()
    assert store.rows == {}
    store.failing = False
    kept.keep(saved("es"))
    await kept.close()
    assert store.rows == {1: saved("es")}
