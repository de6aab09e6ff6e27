import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import pytest

from bot.chat.budget import Budget
from bot.chat.faults import UnwritableError
from bot.chat.janitor import Janitor, Janitors
from bot.chat.transport import MessageRef, Posted
from bot.domain.events import Member
from bot.errors import ChatError
from bot.wall_clock import WallClock
from tests.support.clock import ManualClock, SetClock
from tests.support.usage_in_memory import Calendar


class Place:
    """A channel in memory; `bulk` is whether it may be cleared at once."""

    def __init__(self, *, bulk: bool = True, fault: ChatError | None = None) -> None:
        self.bulk = bulk
        self.fault = fault
        self.asked = 0
        self.batches: list[list[int]] = []
        self.singles: list[int] = []
        self.earlier: list[tuple[MessageRef, datetime]] = []

    def own_budget(self) -> Budget | None:
        raise AssertionError("nothing is posted")

    async def post(self, speaker: Member | None, content: str, *, own: bool = False) -> Posted:
        raise AssertionError((speaker, content, own))

    async def find(self, speaker: Member | None, content: str) -> MessageRef | None:
        raise AssertionError((speaker, content))

    async def edit(self, ref: MessageRef, speaker: Member | None, content: str) -> None:
        raise AssertionError((ref, speaker, content))

    async def delete(self, ref: MessageRef) -> None:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        self.singles.append(ref.id)

    async def delete_all(self, refs: Sequence[MessageRef]) -> bool:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        if self.bulk:
            self.batches.append([ref.id for ref in refs])
        return self.bulk

    async def history(self) -> AsyncIterator[tuple[MessageRef, datetime]]:
        for found in self.earlier:
            yield found


async def passing(clock: ManualClock, seconds: int) -> None:
    for _ in range(seconds):
        clock.advance(1.0)
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def janitor(clock: ManualClock) -> AsyncIterator[Janitor]:
    made = Janitor(clock, Calendar(clock))
    yield made
    await made.close()


async def test_captions_are_removed_together_when_their_minutes_are_over(
    clock: ManualClock, janitor: Janitor
) -> None:
    place = Place()
    for number in range(5):
        janitor.remove_later(place, MessageRef(number), 2)
        await passing(clock, 1)
    await passing(clock, 110)
    assert place.batches == []
    await passing(clock, 75)
    assert sorted(number for batch in place.batches for number in batch) == list(range(5))
    assert len(place.batches) <= 2
    assert janitor.figures() == {"removed": 5, "kept_back": 0, "forgotten": 0, "waiting": 0}


async def test_a_caption_that_changed_meanwhile_stays_its_minutes_from_then(
    clock: ManualClock, janitor: Janitor
) -> None:
    place = Place()
    janitor.remove_later(place, MessageRef(1), 2)
    await passing(clock, 100)
    janitor.remove_later(place, MessageRef(1), 2)
    await passing(clock, 110)
    assert place.batches == []
    await passing(clock, 75)
    assert place.batches == [[1]]


async def test_where_bulk_is_not_allowed_they_go_one_by_one(
    clock: ManualClock, janitor: Janitor
) -> None:
    place = Place(bulk=False)
    for number in range(4):
        janitor.remove_later(place, MessageRef(number), 1)
    await passing(clock, 125)
    assert place.singles == [0, 1, 2, 3]


async def test_a_refusal_is_counted_and_ends_nothing(clock: ManualClock, janitor: Janitor) -> None:
    refusing, place = Place(fault=ChatError("no")), Place()
    janitor.remove_later(refusing, MessageRef(1), 1)
    await passing(clock, 95)
    janitor.remove_later(place, MessageRef(2), 1)
    await passing(clock, 125)
    assert place.batches == [[2]]
    assert janitor.figures()["kept_back"] == 1


async def test_a_failure_that_may_pass_is_tried_again(clock: ManualClock, janitor: Janitor) -> None:
    place = Place(fault=ChatError("down", retryable=True))
    janitor.remove_later(place, MessageRef(1), 1)
    await passing(clock, 95)
    place.fault = None
    await passing(clock, 125)
    assert place.batches == [[1]]


async def test_what_an_earlier_run_left_is_removed_when_its_own_time_comes(
    clock: ManualClock, janitor: Janitor
) -> None:
    place = Place()
    now = Calendar(clock).now()
    place.earlier = [(MessageRef(n), now - timedelta(seconds=s)) for n, s in ((2, 30), (1, 600))]
    janitor.catch_up(place, 5)
    await passing(clock, 70)
    assert place.batches == [[1]]
    await passing(clock, 270)
    assert place.batches == [[1], [2]]


@pytest.mark.parametrize("days", [300, -300])
async def test_a_clock_of_the_machine_that_is_wrong_removes_none_before_its_time(
    clock: ManualClock, days: int
) -> None:
    machine = SetClock(clock)
    machine.off = timedelta(days=days)
    wall = WallClock(clock, machine)
    for _ in range(2):
        wall.heard(machine.truth())
    janitor, place = Janitor(clock, wall), Place()
    place.earlier = [(MessageRef(1), machine.truth() - timedelta(seconds=60))]
    janitor.catch_up(place, 5)
    await passing(clock, 220)
    assert place.batches == []
    await passing(clock, 130)
    assert place.batches == [[1]]
    await janitor.close()


async def test_a_guild_whose_captions_go_slowly_or_not_at_all_holds_up_no_other(
    clock: ManualClock,
) -> None:
    class Hanging(Place):
        async def delete_all(self, refs: Sequence[MessageRef]) -> bool:
            await asyncio.Event().wait()
            raise AssertionError(refs)

    janitors = Janitors(clock, Calendar(clock))
    hanging, slow, place = Hanging(), Place(bulk=False), Place()
    janitors.of(1).remove_later(hanging, MessageRef(1), 1)
    for number in range(100, 400):
        janitors.of(2).remove_later(slow, MessageRef(number), 1)
    janitors.of(3).remove_later(place, MessageRef(3), 1)
    await passing(clock, 95)
    assert place.batches == [[3]]
    assert 1 < len(slow.singles) < 300
    assert janitors.of(3) is janitors.of(3)
    await janitors.close()
    assert clock.pending == 0


async def test_an_unexpected_fault_ends_no_later_removal(
    clock: ManualClock, janitor: Janitor, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Place):
        async def delete_all(self, refs: Sequence[MessageRef]) -> bool:
            raise ValueError(refs)

    place = Place()
    janitor.remove_later(Broken(), MessageRef(1), 1)
    janitor.remove_later(place, MessageRef(2), 1)
    await passing(clock, 95)
    assert place.batches == [[2]]
    assert janitor.figures()["kept_back"] == 1
    assert "captions could not be removed" in caplog.text


async def test_a_janitor_that_has_nothing_to_do_is_not_kept(clock: ManualClock) -> None:
    janitors, place = Janitors(clock, Calendar(clock)), Place()
    for guild in range(20):
        janitors.of(guild).remove_later(place, MessageRef(guild), 1)
        janitors.of(100 + guild)
    gc.collect()
    assert len(janitors._known) == 20
    await passing(clock, 125)
    assert sum(map(len, place.batches)) == 20
    gc.collect()
    assert len(janitors._known) == 0
    await janitors.close()


async def test_nothing_is_begun_after_the_end(clock: ManualClock, janitor: Janitor) -> None:
    await janitor.close()
    janitor.remove_later(Place(), MessageRef(1), 1)
    janitor.catch_up(Place(), 1)
    assert clock.pending == 0


async def test_where_nothing_may_be_removed_it_is_not_asked_for_each_caption(
    clock: ManualClock, janitor: Janitor
) -> None:
    closed, other = Place(fault=UnwritableError("no")), Place()
    for number in range(250):
        janitor.remove_later(closed, MessageRef(number, 7, 1), minutes=1)
    janitor.remove_later(other, MessageRef(1000, 7, 2), minutes=1)
    await passing(clock, 200)
    assert closed.asked == 2, "at once, then one"
    assert janitor.figures()["kept_back"] == 250
    assert janitor.figures()["waiting"] == 0
    assert other.batches == [[1000]]


async def test_one_place_that_has_several_channels_is_cleared_a_channel_at_a_time(
    clock: ManualClock, janitor: Janitor
) -> None:
    place = Place()
    for number in range(6):
        janitor.remove_later(place, MessageRef(number, 7, number % 2), minutes=1)
    await passing(clock, 100)
    assert sorted(place.batches) == [[0, 2, 4], [1, 3, 5]]
