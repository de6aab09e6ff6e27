"""Shards are opened when they are taken, and closed in the order that interrupts nobody."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from bot.domain.processes import ProcessView, ShareReport
from bot.errors import StoreError
from bot.sharding import owner as owner_module
from bot.sharding.owner import ShardOwner
from bot.sharding.shares import Shares
from bot.tasks import TaskOwner
from tests.support.clock import ManualClock


class MemoryProcesses:
    """This process among others that do what a test says."""

    number = 3

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.others: set[int] = set()
        self.mine: set[int] = set()
        self.lost_now: set[int] = set()
        self.fewest: int | None = None
        self.away = False
        self.turns: list[float] = []

    async def agree(self, account: int, fixed: int | None, recommended: int) -> int:
        assert account == 1
        return fixed or recommended

    async def look(self, reports: Sequence[ShareReport]) -> ProcessView:
        assert not reports
        if self.away:
            raise StoreError("No.", retryable=True)
        lost, self.lost_now = frozenset(self.lost_now), set()
        self.mine -= lost
        few = len(self.mine) if self.fewest is None else self.fewest
        return ProcessView(2 if self.others else 1, frozenset(self.mine | self.others), few, lost)

    async def take(self, shard: int) -> bool:
        if self.away:
            raise StoreError("No.", retryable=True)
        if shard in self.others:
            return False
        self.mine.add(shard)
        return True

    async def give(self, shard: int) -> None:
        self.mine.discard(shard)
        self.others.add(shard)
        self.log.append(f"give {shard}")

    async def identify_in(self, bucket: int) -> float:
        if self.away:
            raise StoreError("No.", retryable=True)
        self.log.append(f"turn of {bucket}")
        return self.turns.pop(0) if self.turns else 0.0

    async def lost(self) -> StoreError:
        raise AssertionError

    async def close(self) -> None:
        raise AssertionError


class MemoryClient:
    """Discord, and the rooms."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.busy: set[int] = set()
        self.standing_by = False

    async def open_shard(self, shard: int) -> None:
        self.log.append(f"open {shard}")

    async def close_shard(self, shard: int) -> None:
        self.log.append(f"close {shard}")

    def forget_shard(self, shard: int) -> None:
        self.log.append(f"forget {shard}")

    def nothing_to_open(self) -> None:
        self.standing_by = True

    def run_in(self, shard: int) -> bool:
        return shard in self.busy

    async def leave(self, shard: int) -> None:
        self.log.append(f"leave {shard}")


class Bench:
    """An owner that looks again at once."""

    def __init__(self) -> None:
        self.tasks = TaskOwner("test")
        self.log: list[str] = []
        self.processes = MemoryProcesses(self.log)
        self.client = MemoryClient(self.log)
        shares = Shares(ManualClock())
        self.owner = ShardOwner(
            self.processes, shares, self.client, self.client, fixed=None, most=None
        )

    async def begin(self, shards: int) -> None:
        await self.owner.begin(account=1, recommended=shards, concurrency=1)
        await self.settle()

    async def settle(self) -> None:
        for _ in range(200):
            await asyncio.sleep(0)


@pytest.fixture
async def bench(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(owner_module, "LOOK_S", 1e-6)
    monkeypatch.setattr(owner_module, "_SPREAD_S", 0.0)
    bench = Bench()
    yield bench
    await bench.owner.close()


async def test_a_process_that_is_alone_opens_all(bench: Bench) -> None:
    await bench.begin(3)
    assert sorted(bench.log) == ["open 0", "open 1", "open 2"]
    assert bench.owner.owned == {0, 1, 2}
    assert not bench.client.standing_by


async def test_a_process_for_which_no_shard_is_left_waits_for_one(bench: Bench) -> None:
    bench.processes.others = {0}
    await bench.begin(1)
    assert bench.client.standing_by
    assert bench.log == []
    bench.processes.others = set()
    await bench.settle()
    assert bench.log == ["open 0"]


async def test_a_lost_shard_is_closed_before_its_rooms_leave(bench: Bench) -> None:
    await bench.begin(2)
    bench.log.clear()
    bench.processes.others, bench.processes.lost_now = {1}, {1}
    await bench.settle()
    # Else its leaving would take the bot out of the voice channel that the other one has joined.
    assert bench.log == ["close 1", "leave 1", "close 1", "forget 1"]
    assert bench.owner.owned == {0}


async def test_a_surplus_shard_is_given_when_its_rooms_have_left(bench: Bench) -> None:
    await bench.begin(2)
    bench.log.clear()
    bench.client.busy = {1}
    bench.processes.fewest = 0
    await bench.settle()
    assert bench.log == ["leave 0", "close 0", "forget 0", "give 0"]
    assert bench.owner.owned == {1}


async def test_while_the_database_is_away_it_keeps_what_it_has(bench: Bench) -> None:
    await bench.begin(2)
    bench.log.clear()
    bench.processes.away = True
    await bench.settle()
    assert bench.owner.owned == {0, 1}
    identify = bench.tasks.start(bench.owner.identify(1), "identify")
    await bench.settle()
    assert bench.owner.queued
    bench.processes.away = False
    await identify
    assert bench.log == ["turn of 0"]


async def test_a_session_waits_for_its_turn_and_not_for_a_shard_that_is_lost(bench: Bench) -> None:
    await bench.begin(2)
    bench.log.clear()
    bench.processes.turns = [0.001, 0.001]
    await bench.owner.identify(0)
    assert bench.log == ["turn of 0"] * 3
    bench.processes.others, bench.processes.lost_now = {1}, {1}
    await bench.settle()
    with pytest.raises(asyncio.CancelledError):
        await bench.owner.identify(1)


async def test_a_process_that_ends_takes_nothing_more(bench: Bench) -> None:
    bench.processes.others = {0}
    await bench.begin(1)
    bench.owner.stop_taking()
    bench.processes.others = set()
    await bench.settle()
    assert bench.log == []
