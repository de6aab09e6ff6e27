"""A process's share of the account's limits, with answers of the database and without."""

from collections.abc import Mapping

from bot.domain.processes import GrantedShare, ProcessView
from bot.sharding.shares import Shares
from tests.support.clock import ManualClock


class Connects:
    """Something limited that does as it is told."""

    def __init__(self) -> None:
        self.in_use = self.waiting = 0
        self.granted = self.reachable = self.elsewhere = -1

    def used(self) -> int:
        return self.in_use

    def wanted(self) -> int:
        return self.waiting

    def limit_to(self, granted: int, reachable: int, elsewhere: int) -> None:
        self.granted, self.reachable, self.elsewhere = granted, reachable, elsewhere


class Account:
    """A limit of ten, of which another process may have a part."""

    def __init__(self, *, rate: bool = True) -> None:
        self.clock = ManualClock()
        self.limited = Connects()
        self.shares = Shares(self.clock)
        self.shares.add("connects", self.limited, 10, rate=rate)

    def report(self) -> tuple[int, int, int]:
        (report,) = self.shares.reports()
        return report.used, report.kept, report.wanted

    def answer(self, granted: int, free: int = 0, alone: int = 5, elsewhere: int = 0) -> None:
        shares: Mapping[str, GrantedShare] = {
            "connects": GrantedShare(granted, free, alone, elsewhere)
        }
        self.shares.answered(ProcessView(2, frozenset(), 0, shares=shares))

    def away(self, seconds: float) -> int:
        """What may be used after so many seconds more without an answer."""
        self.clock.advance_to(self.clock.now() + seconds)
        self.shares.reports()
        self.shares.unanswered()
        return self.limited.granted


def test_nothing_may_be_used_before_the_first_answer() -> None:
    account = Account()
    assert account.limited.granted == 0
    account.limited.waiting = 3
    assert account.report() == (0, 0, 3)
    account.answer(3, free=2)
    assert (account.limited.granted, account.limited.reachable) == (3, 5)


def test_while_it_asks_it_uses_no_more_than_it_says_it_keeps() -> None:
    account = Account()
    account.report()
    account.answer(8)
    account.limited.in_use = 3
    used, kept, wanted = account.report()
    assert (used, kept, wanted) == (3, 5, 0)  # half of its fair part is kept unasked
    assert account.limited.granted == 5


def test_at_its_end_it_keeps_nothing_but_what_it_used() -> None:
    account = Account()
    account.report()
    account.answer(8)
    account.limited.in_use, account.limited.waiting = 3, 4
    (report,) = account.shares.reports(last=True)
    assert (report.kept, report.wanted) == (3, 0)


def test_it_never_gives_up_what_it_used_in_the_last_minute() -> None:
    account = Account()
    account.report()
    account.answer(8)
    account.limited.in_use = 8
    assert account.report()[1] == 8


def test_a_fair_part_of_what_is_free_when_a_process_ends_is_always_kept() -> None:
    account = Account(rate=False)
    account.report()
    account.answer(8)
    assert account.report() == (0, 5, 0)


def test_without_the_database_it_goes_on_with_its_fair_part() -> None:
    account = Account()
    account.limited.in_use = 8
    account.report()
    account.answer(8, alone=3)
    assert account.away(4.0) == 8
    account.limited.in_use = 0
    assert account.away(2.0) <= 3  # others rise to theirs only when this is a minute ago
    assert account.away(60.0) <= 3
    assert account.away(5.0) == 3
    assert account.away(3600.0) == 3


def test_a_process_with_less_than_its_fair_part_waits_a_minute_for_it() -> None:
    account = Account()
    account.report()
    account.answer(1, free=0, alone=3)
    assert account.away(6.0) == 1
    assert account.away(63.0) == 1
    assert account.away(2.0) == 3
    account.report()
    account.answer(2)
    assert account.limited.granted == 2


def test_what_others_use_is_told_and_taken_for_their_part_without_the_database() -> None:
    account = Account()
    account.report()
    account.answer(1, elsewhere=4)
    account.report()
    assert account.limited.elsewhere == 4
    account.away(6.0)
    assert account.limited.elsewhere == 5
