"""Shards are divided evenly, taken over when a process is gone, and not moved while rooms run."""

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.processes import ProcessView
from bot.sharding.balance import Balance


class Fleet:
    """Processes that look one after the other, once a second."""

    def __init__(self, total: int, count: int, most: int | None = None) -> None:
        self.total = total
        self.most = most
        self.busy: set[int] = set()
        self.owned: dict[int, set[int]] = {}
        self.moves = 0
        self._plans: dict[int, Balance] = {}
        for number in range(count):
            self.join(number)

    def join(self, number: int) -> None:
        self.owned[number] = set()
        self._plans[number] = Balance(self.total, self.most, number * 7)

    def kill(self, number: int) -> None:
        del self.owned[number], self._plans[number]

    def view(self, *, settled: bool = True) -> ProcessView:
        taken = frozenset[int]().union(*self.owned.values())
        fewest = min(len(shards) for shards in self.owned.values())
        return ProcessView(len(self.owned), taken, fewest, settled=settled)

    def look(self, *, settled: bool = True) -> None:
        for number, plan in self._plans.items():
            view, mine = self.view(settled=settled), self.owned[number]
            found = plan.to_take(view, mine)
            if found:
                mine.add(found[0])
                self.moves += 1
            surplus = plan.to_give(view, mine, self.busy.__contains__)
            if surplus is not None:
                mine.discard(surplus)

    def until(self, holds: Callable[[], bool], looks: int) -> None:
        for _ in range(looks):
            if holds():
                return
            self.look()
        assert holds()

    def even(self) -> bool:
        sizes = [len(shards) for shards in self.owned.values()]
        return sum(sizes) == self.total and max(sizes) - min(sizes) <= 1


@given(st.integers(1, 30), st.integers(1, 12))
def test_all_shards_are_taken_and_every_process_has_as_many(total: int, count: int) -> None:
    fleet = Fleet(total, count)
    fleet.until(fleet.even, total + 6)
    moves = fleet.moves
    for _ in range(20):
        fleet.look()
    assert fleet.moves == moves  # and stay where they are


@given(st.integers(6, 24), st.integers(2, 6), st.randoms(use_true_random=False))
def test_what_a_process_owned_is_taken_by_the_others(
    total: int, count: int, chance: random.Random
) -> None:
    fleet = Fleet(total, count)
    fleet.until(fleet.even, total + 6)
    fleet.kill(chance.randrange(count))
    fleet.until(fleet.even, 10 + total)


def test_a_process_that_is_alone_takes_the_first_at_once() -> None:
    fleet = Fleet(1, 1)
    fleet.look()
    assert fleet.owned == {0: {0}}


def test_a_free_shard_is_left_to_its_owner_for_a_moment() -> None:
    fleet = Fleet(2, 2)
    fleet.look()
    assert fleet.owned == {0: set(), 1: set()}
    fleet.look()
    assert [len(shards) for shards in fleet.owned.values()] == [1, 1]


def test_nothing_is_taken_while_owners_come_back_to_a_database_that_was_started() -> None:
    fleet = Fleet(2, 2)
    for _ in range(5):
        fleet.look(settled=False)
    assert fleet.owned == {0: set(), 1: set()}


def test_a_process_that_comes_is_given_shards_in_which_no_room_runs() -> None:
    fleet = Fleet(6, 1)
    fleet.until(fleet.even, 8)
    fleet.busy = {0, 1, 2, 3, 4}
    fleet.join(1)
    for _ in range(20):
        fleet.look()
    assert fleet.owned == {0: {0, 1, 2, 3, 4}, 1: {5}}
    fleet.busy = {0}
    fleet.until(fleet.even, 20)
    assert 0 in fleet.owned[0]


def test_a_process_takes_no_more_than_it_may() -> None:
    fleet = Fleet(6, 2, most=2)
    for _ in range(20):
        fleet.look()
    assert [len(shards) for shards in fleet.owned.values()] == [2, 2]
    assert Balance(6, 2, 0).uncovered(fleet.view()) == 2
