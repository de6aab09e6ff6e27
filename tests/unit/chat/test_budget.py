from itertools import pairwise

from bot.chat.budget import Budget, Budgets, Limit, own_budget


def spend(budget: Budget, *times: float) -> None:
    for at in times:
        budget.started(at)
        budget.answered(at)


def test_a_fresh_budget_is_ready_now() -> None:
    assert Budget().ready_at(5.0) == 5.0


def test_the_sixth_request_waits_until_the_first_is_two_seconds_old() -> None:
    budget = Budget()
    spend(budget, 0.0, 0.1, 0.2, 0.3, 0.4)
    assert budget.ready_at(0.5) == 2.0
    assert budget.room(budget.burst, 0.5) == 0
    assert budget.room(budget.burst, 2.05) == 1


def test_the_thirty_first_request_waits_for_the_minute() -> None:
    budget = Budget()
    spend(budget, *(float(second) for second in range(30)))
    assert budget.ready_at(30.0) == 60.0


def test_a_request_counts_while_it_is_on_its_way() -> None:
    budget = Budget(burst=Limit(1, 2.0))
    budget.started(0.0)
    assert budget.room(budget.burst, 100.0) == 0
    budget.answered(100.0)
    assert budget.ready_at(101.0) == 102.0


def test_an_answer_counts_once() -> None:
    budget = Budget()
    budget.started(0.0)
    budget.answered(0.0)
    budget.answered(1.0)
    assert budget.room(budget.burst, 1.0) == 4


def test_a_pause_that_discord_asked_for_is_kept_and_never_shortened() -> None:
    budget = Budget()
    budget.pause(9.0)
    budget.pause(4.0)
    assert budget.ready_at(1.0) == 9.0
    assert budget.ready_at(10.0) == 10.0


def test_room_for_several_is_waited_for() -> None:
    budget = Budget()
    spend(budget, 0.0, 0.5, 1.0, 1.5)
    assert budget.ready_at(1.6, burst=1) == 1.6
    assert budget.ready_at(1.6, burst=2) == 2.0
    assert budget.ready_at(1.6, burst=3) == 2.5


def test_what_nobody_planned_counts_all_the_same() -> None:
    budget = Budget()
    for _ in range(5):
        budget.spent(0.0)
    assert budget.ready_at(0.0) == 2.0
    assert budget.level(0.0) == 1.0
    assert not budget.busy


def test_own_messages_leave_one_of_five_to_others_and_two_go_ahead() -> None:
    budget = own_budget()
    assert budget.level(0.0) == 2.0
    now, times = 0.0, []
    while now < 60.0:
        now = max(budget.ready_at(now), budget.level_at(now, 1.0))
        times.append(now)
        spend(budget, now)
    assert all(later - first >= 5.0 for first, later in zip(times, times[4:], strict=False))
    gaps = [after - before for before, after in pairwise(times[4:])]
    assert max(gaps) < 1.8, "the next request is never far off"


def test_each_channel_keeps_its_budget_and_the_oldest_of_a_thousand_is_forgotten() -> None:
    budgets = Budgets(own_budget)
    first = budgets.of(1)
    assert budgets.of(1) is first
    assert budgets.of(2) is not first
    for channel_id in range(3, 1003):
        budgets.of(channel_id)
    assert budgets.of(1) is not first
