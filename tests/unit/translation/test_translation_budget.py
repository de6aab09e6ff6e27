"""Connects per minute."""

from bot.translation.budget import ConnectBudget
from tests.support.clock import ManualClock


def test_connects_are_granted_at_once_until_the_minute_is_full() -> None:
    clock = ManualClock()
    budget = ConnectBudget(2, clock)
    granted: list[str] = []
    for name in "abc":
        budget.request(lambda name=name: granted.append(name))  # type: ignore[misc]
    assert granted == ["a", "b"]
    assert budget.waiting == 1
    clock.advance(59.9)
    assert granted == ["a", "b"]
    clock.advance(0.2)
    assert granted == ["a", "b", "c"]
    assert budget.waiting == 0


def test_no_minute_ever_holds_more_than_the_limit() -> None:
    clock = ManualClock()
    budget = ConnectBudget(10, clock)
    granted: list[float] = []
    for _ in range(35):
        budget.request(lambda: granted.append(clock.now()))
        clock.advance(1.7)
    clock.advance(600)
    assert len(granted) == 35
    for first, eleventh in zip(granted, granted[10:], strict=False):
        assert eleventh - first >= 60


def test_a_place_given_up_is_nobody_s() -> None:
    clock = ManualClock()
    budget = ConnectBudget(1, clock)
    granted: list[str] = []
    budget.request(lambda: granted.append("a"))
    second = budget.request(lambda: granted.append("b"))
    budget.request(lambda: granted.append("c"))
    second.cancel()
    assert budget.waiting == 1
    clock.advance(61)
    assert granted == ["a", "c"]
