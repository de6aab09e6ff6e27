from bot.chat.budget import Budget
from bot.chat.steps import Step, Steps


def emptied(now: float = 0.0) -> Budget:
    budget = Budget()
    while budget.level(now) >= 1:
        budget.started(now)
        budget.answered(now)
    return budget


def test_a_full_tank_shows_everything_live() -> None:
    assert Steps().settle(Budget(), 0.0, 6, 6) is Step.LIVE


def test_more_finals_than_requests_are_merged_by_speaker_where_that_is_enough() -> None:
    assert Steps().settle(emptied(), 0.0, 3, 1) is Step.MERGED


def test_more_speakers_than_requests_make_a_digest() -> None:
    assert Steps().settle(emptied(), 0.0, 3, 3) is Step.DIGEST


def test_one_final_that_waits_for_a_request_changes_nothing() -> None:
    assert Steps().settle(emptied(), 0.0, 1, 1) is Step.LIVE


def test_it_gets_better_step_by_step_and_not_before_ten_seconds() -> None:
    steps, budget = Steps(), emptied()
    seen = [steps.settle(budget, 0.0, 3, 3)]
    seen += [steps.settle(budget, at, 0, 0) for at in (9.9, 10.0, 19.9, 20.0, 29.9, 30.0)]
    assert seen == [3, 3, 2, 2, 1, 1, 0]


def test_after_a_long_silence_it_is_live_at_once() -> None:
    steps, budget = Steps(), emptied()
    steps.settle(budget, 0.0, 3, 3)
    assert steps.settle(budget, 120.0, 1, 1) is Step.LIVE


def test_it_stays_while_the_better_step_would_not_do() -> None:
    steps, budget = Steps(), emptied()
    steps.settle(budget, 0.0, 3, 3)
    for second in range(60):
        steps.said(second % 2, float(second))  # two who take turns each second
    budget = Budget()
    assert steps.settle(budget, 60.0, 1, 1) is Step.DIGEST
    assert steps.settle(budget, 90.0, 0, 0) is Step.LIVE
