"""The date while this machine's clock is wrong, is set, or nobody can vouch for it."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest

from bot.wall_clock import STAYS_S, STEADY_S, WallClock, machine
from tests.support.clock import ManualClock, SetClock

YEAR = timedelta(days=365)
WRONG = [YEAR, -YEAR, timedelta(hours=5), timedelta(hours=-5), timedelta(days=-20_000)]


class Machine:
    """A machine whose clock can be set, and Discord, which knows the time to the second."""

    def __init__(self, off: timedelta = timedelta()) -> None:
        self.clock = ManualClock()
        self.set = SetClock(self.clock)
        self.set.off = off
        self.wall = WallClock(self.clock, self.set)

    def answers(self, count: int = 1, off: timedelta = timedelta()) -> None:
        for _ in range(count):
            self.clock.advance(0.3)
            self.wall.heard((self.set.truth() + off).replace(microsecond=0))

    @property
    def error_s(self) -> float:
        return (self.wall.now() - self.set.truth()).total_seconds()

    @property
    def reached_s(self) -> float:
        """By how much the time that is surely reached is ahead of the truth."""
        reached = self.wall.reached()
        assert reached is not None
        return (reached - self.set.truth()).total_seconds()


def test_a_right_clock_is_the_date_to_its_own_fractions() -> None:
    here = Machine()
    here.answers(3)
    assert here.error_s == 0
    assert -1.3 <= here.reached_s <= 0


@pytest.mark.parametrize("off", WRONG)
def test_a_clock_that_is_wrong_at_the_start_is_known_by_the_second_answer(off: timedelta) -> None:
    here = Machine(off)
    here.answers(2)
    assert abs(here.error_s) <= 2
    assert here.reached_s <= 0


@pytest.mark.parametrize("off", WRONG)
def test_a_clock_that_is_set_while_it_runs_changes_nothing(off: timedelta) -> None:
    here = Machine()
    here.answers(2)
    here.clock.advance(3600)
    here.set.off = off
    assert abs(here.error_s) <= 2
    assert here.reached_s <= 0
    here.clock.advance(90 * 24 * 3600)
    assert abs(here.error_s) <= 2
    here.set.off = timedelta()
    assert here.error_s == 0
    assert -2 <= here.reached_s <= 0


@pytest.mark.parametrize("off", WRONG)
def test_one_answer_with_a_wrong_date_is_worth_nothing(off: timedelta) -> None:
    here = Machine()
    here.answers(1, off)
    assert here.error_s == 0
    here.answers(2)
    here.answers(1, off)
    assert here.error_s == 0
    assert -2 <= here.reached_s <= 0


def test_what_two_clocks_agree_on_has_to_be_reached_by_both() -> None:
    here = Machine(-YEAR)
    here.answers(3)
    assert here.reached_s == -YEAR.total_seconds()
    here = Machine(YEAR)
    here.answers(3)
    assert -2 <= here.reached_s <= 0


def test_after_a_sleep_that_stopped_the_time_that_passes_the_next_answer_sets_it_right() -> None:
    here = Machine()
    here.answers(2)
    here.set._began += timedelta(hours=9)  # the machine slept; only its date went on
    assert here.reached_s <= 0
    here.answers(1)
    assert here.error_s == 0
    assert -2 <= here.reached_s <= 0


def test_the_same_after_a_sleep_of_the_whole_machine_by_the_second_answer() -> None:
    here = Machine()
    here.answers(2)
    here.set._began += timedelta(hours=9)
    here.set.off = timedelta(hours=-9)  # a virtual one, whose clock slept too
    here.answers(2)
    assert abs(here.error_s) <= 2


def test_while_the_clock_is_wrong_the_date_does_not_waver_with_each_answer() -> None:
    here = Machine(YEAR)
    here.answers(2)
    before = here.error_s
    for _ in range(50):
        here.answers(1)
        assert here.error_s == pytest.approx(before, abs=1e-3)


def test_a_wrong_clock_is_said_once_and_once_that_it_is_right_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    here = Machine(timedelta(seconds=61))
    for _ in range(20):
        here.answers(1)
    here.set.off = timedelta(seconds=59)
    here.answers(5)
    here.set.off = timedelta()
    here.answers(5)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


# Where Discord's answers have no date


def test_without_discords_date_a_single_reading_that_is_wrong_counts_for_nothing() -> None:
    here = Machine()
    here.clock.advance(100)
    here.set.off = YEAR
    assert here.error_s == 0
    here.clock.advance(10)
    here.set.off = timedelta()
    assert here.error_s == 0


def test_without_discords_date_a_clock_that_is_set_right_is_followed() -> None:
    here = Machine(-YEAR)
    here.clock.advance(5)
    here.set.off = timedelta()
    assert here.error_s == -YEAR.total_seconds()
    here.clock.advance(STAYS_S)
    assert here.error_s == 0


def test_without_discords_date_nothing_is_sure_before_a_day_without_a_step(
    caplog: pytest.LogCaptureFixture,
) -> None:
    here = Machine()
    for _ in range(24):
        assert here.wall.reached() is None
        here.clock.advance(STEADY_S / 24)
    assert here.reached_s == 0
    here.set.off = YEAR
    assert here.reached_s == 0
    for _ in range(23):
        here.clock.advance(STEADY_S / 24)
        assert (reached := here.wall.reached()) is None or reached <= here.set.truth()
    assert len(caplog.records) == 1


def test_a_clock_that_drifts_as_clocks_do_is_steady() -> None:
    here = Machine()
    for _ in range(60):
        here.clock.advance(24 * 3600)
        here.set.off += timedelta(seconds=8)
        assert here.wall.now() == here.set()
    assert here.reached_s <= 8 * 60


def test_the_time_zone_of_the_machine_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    before = datetime.now(UTC)
    try:
        for zone in ("Pacific/Kiritimati", "America/New_York", "UTC"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            read = machine()
            assert timedelta() <= read - before < timedelta(minutes=1)
            assert read.utcoffset() == timedelta()
    finally:
        monkeypatch.undo()
        time.tzset()
