"""Tokens are counted once, however the service counts them and whatever it counts wrongly."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from bot.translation.protocol.server_events import TokenCount
from bot.translation.quota.tokens import TokenEstimate, TokenPace
from bot.translation.speech.meter import Meter
from bot.translation.speech.tally import Tally

counts = st.lists(st.integers(1, 1_000), min_size=1, max_size=60)


def told(tally: Tally, numbers: Sequence[int]) -> int:
    return sum(tally.add(TokenCount(number, number)).tokens_in for number in numbers)


@given(counts)
def test_sums_add_up_to_the_last(steps: list[int]) -> None:
    sums = [sum(steps[: n + 1]) for n in range(len(steps))]
    assert told(Tally(cumulative=True), sums) == sums[-1]


@given(counts)
def test_single_counts_add_up(steps: list[int]) -> None:
    assert told(Tally(cumulative=False), steps) == sum(steps)


@given(counts)
def test_single_counts_add_up_also_where_sums_were_thought_of(steps: list[int]) -> None:
    numbers = [1_000, 1, *steps, 1]
    assert told(Tally(cumulative=True), numbers) >= sum(numbers) - 1_000


@given(st.integers(5, 60), st.data())
def test_one_count_out_of_order_makes_no_sum_count_twice(size: int, data: st.DataObject) -> None:
    sums = [100 * (n + 1) for n in range(size)]
    at = data.draw(st.integers(4, size - 1))
    earlier = data.draw(st.integers(0, at - 1))
    numbers = [*sums[: at + 1], sums[earlier], *sums[at + 1 :]]
    assert told(Tally(cumulative=True), numbers) == sums[-1]


def test_a_session_that_goes_on_is_counted_from_where_it_stood() -> None:
    tally = Tally(cumulative=True, before=TokenCount(100, 50, 20))
    assert tally.add(TokenCount(130, 70, 30)) == TokenCount(30, 20, 10)


def test_an_hour_of_sums_with_a_fall_costs_no_more_than_it_took() -> None:
    meter = Meter(cumulative=True)
    estimate = TokenEstimate(TokenPace(cumulative=True))
    budget = 0.0
    for number in [*range(100, 60_100, 100), 0, *range(60_100, 90_100, 100)]:
        meter.counted(TokenCount(number, 0))
        budget += estimate.said(TokenCount(number, 0))
    usage = meter.read()
    assert usage is not None
    assert usage.tokens_in == budget == 90_000
