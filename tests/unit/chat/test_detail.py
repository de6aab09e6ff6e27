from itertools import pairwise

from bot.chat.budget import Budget
from bot.chat.detail import DetailLevel, Step


def emptied(now: float = 0.0) -> Budget:
    budget = Budget()
    while budget.level(now) >= 1:
        budget.started(now)
        budget.answered(now)
    return budget


def test_a_full_tank_shows_everything_live() -> None:
    assert DetailLevel().settle(Budget(), 0.0, 6, 6) is Step.LIVE


def test_more_finals_than_requests_are_merged_by_speaker_where_that_is_enough() -> None:
    assert DetailLevel().settle(emptied(), 0.0, 3, 1) is Step.MERGED


def test_more_speakers_than_requests_make_a_digest() -> None:
    assert DetailLevel().settle(emptied(), 0.0, 3, 3) is Step.DIGEST


def test_one_final_that_waits_for_a_request_changes_nothing() -> None:
    assert DetailLevel().settle(emptied(), 0.0, 1, 1) is Step.LIVE


def test_it_gets_better_step_by_step_and_not_before_ten_seconds() -> None:
    steps, budget = DetailLevel(), emptied()
    seen = [steps.settle(budget, 0.0, 3, 3)]
    seen += [steps.settle(budget, at, 0, 0) for at in (9.9, 10.0, 19.9, 20.0, 29.9, 30.0)]
    assert seen == [3, 3, 2, 2, 1, 1, 0]


def test_after_a_long_silence_it_is_live_at_once() -> None:
    steps, budget = DetailLevel(), emptied()
    steps.settle(budget, 0.0, 3, 3)
    assert steps.settle(budget, 120.0, 1, 1) is Step.LIVE


def test_it_stays_while_the_better_step_would_not_do() -> None:
    steps, budget = DetailLevel(), emptied()
    steps.settle(budget, 0.0, 3, 3)
    for second in range(60):
        steps.said(second % 2, float(second))  # two who take turns each second
    budget = Budget()
    assert steps.settle(budget, 60.0, 1, 1) is Step.DIGEST
    assert steps.settle(budget, 90.0, 0, 0) is Step.LIVE


def test_while_the_better_step_would_not_do_its_ten_seconds_do_not_begin() -> None:
    steps, budget = DetailLevel(), emptied()
    steps.settle(budget, 0.0, 3, 3)
    budget = Budget()
    for second in range(60):
        steps.said(second % 2, float(second))
        steps.settle(budget, float(second), 0, 0)
    calm = [(at, steps.settle(budget, float(at), 0, 0)) for at in range(60, 110)]
    rises = [at for (_, before), (at, after) in pairwise(calm) if after != before]
    assert [after - before for before, after in pairwise(rises)] == [10, 10]
    assert rises[0] > 70


def test_places_that_share_a_tank_know_live_and_another_way_alone() -> None:
    steps, budget = DetailLevel(), Budget()
    budget.sharers = 3
    for second in range(15):
        steps.said(1, float(second))
    while budget.level(15.0) > 1.5:
        budget.spent(15.0)
    assert steps.settle(budget, 15.0, 0, 0, spared=True) is Step.DIGEST
    assert steps.settle(budget, 60.0, 0, 0, spared=True) is Step.LIVE


def test_a_final_does_not_take_what_was_promised_to_what_stands() -> None:
    steps, budget = DetailLevel(), Budget()
    budget.sharers = 3
    assert steps.settle(budget, 0.0, 1, 1, promised=3, spared=True) is Step.LIVE
    for _ in range(3):
        budget.spent(0.0)
    assert steps.settle(budget, 0.0, 1, 1, promised=3, spared=True) is Step.DIGEST
