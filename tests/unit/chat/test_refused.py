"""A refusal is remembered no longer than its cause, and no request is refused again and again."""

from collections.abc import Hashable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.refused import (
    FIRST_REST_S,
    LEAST_REST_S,
    LONGEST_REST_S,
    MOST_AN_HOUR,
    Refused,
    Told,
)
from tests.support.clock import ManualClock

HOUR_S = 3600.0


def test_what_was_not_refused_may_be_asked_for() -> None:
    assert not Refused(ManualClock()).holds()


def test_it_is_asked_for_again_after_rests_that_grow() -> None:
    clock = ManualClock()
    refused = Refused(clock)
    rest = FIRST_REST_S
    for _ in range(8):
        refused.note()
        clock.advance(rest - 0.1)
        assert refused.holds()
        clock.advance(0.1)
        assert not refused.holds()
        rest = min(rest * 2, LONGEST_REST_S)


def test_other_circumstances_end_it_soon_also_when_they_were_taken_back() -> None:
    clock = ManualClock()
    refused = Refused(clock)
    refused.note(under="closed")
    clock.advance(LEAST_REST_S)
    assert refused.holds("closed")
    assert not refused.holds("open")
    assert not refused.holds("closed"), "the lock may have become known after the refusal alone"
    refused.note(under="closed")
    assert refused.holds("open"), "not at once"


def test_an_event_ends_it_soon() -> None:
    clock = ManualClock()
    refused = Refused(clock)
    refused.note()
    refused.ease()
    assert refused.holds()
    clock.advance(LEAST_REST_S)
    assert not refused.holds()
    refused.note()
    clock.advance(LEAST_REST_S)
    assert refused.holds(), "the event counts once"


def test_what_was_granted_is_asked_for_at_once_and_rests_go_on_where_it_fails_again() -> None:
    clock = ManualClock()
    refused = Refused(clock)
    refused.note()
    refused.over()
    assert not refused.holds()
    refused.note()
    clock.advance(FIRST_REST_S)
    assert refused.holds()
    clock.advance(FIRST_REST_S)
    assert not refused.holds()
    clock.advance(HOUR_S)
    refused.note()
    clock.advance(FIRST_REST_S)
    assert not refused.holds(), "after an hour without one they begin anew"


@given(st.lists(st.tuples(st.floats(0.1, 200.0), st.integers(0, 3), st.booleans()), max_size=400))
def test_no_more_than_so_many_are_refused_in_any_hour_whatever_changes(
    steps: list[tuple[float, Hashable, bool]],
) -> None:
    clock = ManualClock()
    refused = Refused(clock)
    times: list[float] = []
    for wait, under, event in steps:
        clock.advance(wait)
        if event:
            refused.ease()
        if not refused.holds(under):
            refused.note(under)
            times.append(clock.now())
    for first, later in zip(times, times[MOST_AN_HOUR:], strict=False):
        assert later - first >= HOUR_S
    for first, later in pairwise(times):
        assert later - first >= LEAST_REST_S


def test_what_was_seen_to_be_in_vain_is_no_refusal_of_discords() -> None:
    clock = ManualClock()
    refused = Refused(clock)
    for _ in range(2 * MOST_AN_HOUR):
        refused.note(asked=False)
        clock.advance(LEAST_REST_S)
        refused.ease()
        assert not refused.holds()


def test_a_lesser_way_is_told_once_until_everything_goes_the_better_way() -> None:
    told = Told()
    assert told.once("threads", "None for now.", "en")
    assert not told.once("threads", "None for now.", "de")
    assert told.once("threads", "Another reason.", "de")
    told.over("threads", "en")
    told.over("webhook", "en")
    assert not told.once("threads", "None for now.", "de")
    told.over("threads", "de")
    assert told.once("threads", "None for now.", "de")
