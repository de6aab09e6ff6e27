"""Joins and leaves in any order, with messages in any order between queues."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.loopback.voice.dave_call import DaveCall

PEOPLE = [100_000_000_000_000_000 + n for n in range(5)]
STEPS = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from([0, 0, 1, 3, 10, None])),
    min_size=1,
    max_size=14,
)
SETTINGS = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def play(call: DaveCall, steps: list[tuple[int, int | None]]) -> None:
    for person, messages in steps:
        (call.leave if person in call.members else call.join)(person)
        call.steps(messages)
    call.steps()
    call.check()


@SETTINGS
@given(steps=STEPS, seed=st.integers(0, 2**32))
def test_everybody_ends_in_one_group_and_hears_everybody(
    steps: list[tuple[int, int | None]], seed: int
) -> None:
    play(DaveCall(seed), steps)


@SETTINGS
@given(steps=STEPS, seed=st.integers(0, 2**32), libdave=st.sets(st.sampled_from(PEOPLE)))
def test_members_of_two_independent_implementations_share_the_group(
    steps: list[tuple[int, int | None]], seed: int, libdave: set[int]
) -> None:
    play(DaveCall(seed, frozenset(libdave)), steps)
