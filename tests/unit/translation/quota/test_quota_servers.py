"""What of the account each server gets, whatever the others do."""

import itertools
from collections import Counter

import pytest

from bot.translation.quota.connects import ConnectRate
from bot.translation.quota.giving import GRACE_S, ROUND_S
from tests.unit.translation.quota.shared_account import BUSY, CALM, SharedAccount, opened


def guilds(account: SharedAccount) -> str:
    return "".join(name[0] for name in account.log)


# Connects


def test_the_only_server_gets_all_connects_at_once() -> None:
    account = SharedAccount(10)
    opened(account, 10)
    assert len(account.log) == 10


def test_a_server_alone_makes_all_connects_of_each_minute_with_two_kept_for_another() -> None:
    account = SharedAccount(10, servers=2)
    callers = [account.ask(f"{number}") for number in range(60)]
    account.clock.advance(3)
    assert len(account.log) == 8
    account.clock.advance(56.9)
    for minute in range(1, 5):
        assert len(account.log) == 10 * minute
        account.clock.advance(60)
    assert len(callers) > len(account.log)


@pytest.mark.parametrize("came_at", [3, 30, 47.9, 49, 55])
def test_a_server_that_comes_gets_two_connects_within_a_fifth_of_a_minute(came_at: float) -> None:
    account = SharedAccount(10, servers=2)
    for number in range(60):
        account.ask(f"{BUSY}.{number}")
    account.clock.advance(came_at)
    account.ask("calm", CALM)
    account.ask("calm too", CALM)
    account.clock.advance(12.5)
    assert [name for name in account.log if "calm" in name] == ["calm", "calm too"]


def test_checks_before_anybody_speaks_leave_half_from_the_second_on() -> None:
    account = SharedAccount(10, servers=3)
    for number in range(40):
        account.caller(f"check {number}").share.request(ahead=True)
    account.clock.advance(10)
    assert len(account.log) == 5
    account.caller("another's check", CALM).share.request(ahead=True)
    account.ask("spoke", 3)
    account.clock.advance(1)
    assert sorted(account.log[5:]) == ["another's check", "spoke"]


def test_the_only_server_s_checks_leave_nothing() -> None:
    account = SharedAccount(10)
    for number in range(40):
        account.caller(f"check {number}").share.request(ahead=True)
    account.clock.advance(10)
    assert len(account.log) == 10


def test_who_opens_and_closes_in_a_loop_waits_behind_all_who_have_connects_left() -> None:
    account = SharedAccount(10, servers=2)
    for _ in range(8):
        account.ask("loop").share.leave()
        account.clock.advance(0.25)
    account.ask("loop")
    account.clock.advance(20)
    for number in range(4):
        account.ask(f"calm {number}", CALM)
    account.clock.advance(60)
    assert account.log[8:12] == ["calm 0", "calm 1", "calm 2", "calm 3"]


def test_of_two_servers_each_gets_its_half_of_a_minute_s_connects() -> None:
    account = SharedAccount(10)
    opened(account, 1, CALM)
    for number in range(30):
        account.ask(f"{BUSY}.{number}", BUSY)
    account.wait(20)
    for number in range(1, 5):
        account.ask(f"{CALM}.{number}", CALM)
        account.wait(8)
    assert Counter(guilds(account))["2"] == 5


def test_fifty_servers_get_a_connect_each_before_one_gets_two() -> None:
    account = SharedAccount(10, servers=50)
    for number, guild in itertools.product(range(2), range(50)):
        account.ask(f"{guild}.{number}", guild)
    account.clock.advance(60 * 5 - 1)
    assert sorted(account.log) == sorted(f"{guild}.0" for guild in range(50))


@pytest.mark.parametrize(("per_minute", "kept"), [(1, 0), (2, 1), (4, 1), (10, 2), (1000, 200)])
def test_one_connect_at_least_is_never_kept(per_minute: int, kept: int) -> None:
    account = SharedAccount(per_minute, servers=50)
    account.ask("only")
    assert account.log == ["only"]
    assert ConnectRate(per_minute, account.chance).kept == kept


def test_a_check_before_anybody_speaks_goes_behind_who_has_spoken() -> None:
    account = SharedAccount(1)
    account.ask("first")
    check = account.caller("check", CALM)
    check.share.request(ahead=True)
    account.clock.advance(1)
    account.ask("spoke")
    account.clock.advance(60)
    assert account.log == ["first", "spoke"]
    check.share.withdraw()
    check.share.withdraw()
    assert account.budget.waiting == 0
    assert account.clock.pending == 0


# Conversations open at once


async def test_who_never_rests_gives_one_up_for_a_server_that_comes() -> None:
    account = SharedAccount(1000, most_open=4)
    busy = opened(account, 4)
    calm = account.ask("calm", CALM)
    account.wait(GRACE_S - 0.1)
    assert [caller.talking for caller in busy] == [True] * 4  # somebody may pause
    account.wait(0.4)
    assert [caller.talking for caller in busy] == [False, True, True, True]
    assert busy[0].share.lease is not None
    await busy[0].share.lease.close()
    assert calm.lines


async def test_who_rests_goes_first_and_at_once() -> None:
    account = SharedAccount(1000, most_open=4)
    busy = opened(account, 4)
    account.wait(2)
    busy[2].talking, busy[2].resting = False, True
    account.ask("calm", CALM)
    assert [caller.resting or caller.talking for caller in busy] == [True, True, False, True]


def test_no_more_are_given_up_than_are_in_the_other_s_quota() -> None:
    account = SharedAccount(1000, most_open=6)
    busy = opened(account, 6)
    for number in range(4):
        account.ask(f"calm {number}", CALM)
    account.ask("and another", 3)
    account.wait(GRACE_S)
    assert sum(caller.talking for caller in busy) == 3


def test_no_server_gives_up_more_than_it_has_beyond_its_quota() -> None:
    account = SharedAccount(1000, most_open=6)
    both = opened(account, 3, BUSY), opened(account, 3, 3)
    for number in range(3):
        account.ask(f"calm {number}", CALM)
    account.wait(60)
    assert [sum(caller.talking for caller in callers) for callers in both] == [2, 2]


def test_each_who_rests_gives_its_place_up_once() -> None:
    account = SharedAccount(1000, most_open=4)
    busy = opened(account, 4)
    account.ask("calm", CALM)
    account.ask("calm too", CALM)
    account.wait(0.5)
    for caller in busy[1:3]:
        caller.talking, caller.resting = False, True
    account.wait(1.3)
    assert [caller.resting or caller.talking for caller in busy] == [True, False, False, True]


@pytest.mark.parametrize(("most_open", "gives"), [(4, "other"), (3, "own")])
def test_within_its_quota_a_server_keeps_what_rests_of_its_own(most_open: int, gives: str) -> None:
    account = SharedAccount(1000, most_open=most_open)
    calm = opened(account, 1, CALM)[0]
    busy = opened(account, most_open - 1)[0]
    account.wait(2)
    for caller in (calm, busy):
        caller.talking, caller.resting = False, True
    account.ask("calm too", CALM)
    account.wait(0.3)
    assert (calm.resting, busy.resting) == (gives == "other", gives == "own")


def test_a_server_within_its_quota_gives_none_up_even_if_it_rests() -> None:
    account = SharedAccount(1000, most_open=4)
    calm = opened(account, 2, CALM)
    busy = opened(account, 2)
    for caller in calm:
        caller.talking, caller.resting = False, True
    account.ask("one more")
    account.wait(50)
    assert all(caller.resting for caller in calm)
    assert all(caller.talking for caller in busy)


async def test_a_server_that_fell_silent_has_no_quota() -> None:
    account = SharedAccount(1000, most_open=4)
    calm = opened(account, 2, CALM)
    opened(account, 2)
    for caller in calm:
        assert caller.share.lease is not None
        await caller.share.lease.close()  # as is done with what has been idle
    more = [account.ask(f"{number} more") for number in range(2)]
    account.wait(1)
    assert all(caller.lines for caller in more)
    assert account.budget._quotas().guilds == {BUSY}


@pytest.mark.parametrize("mark", ["further", "between turns"])
def test_where_it_hurts_least_is_given_up(mark: str) -> None:
    account = SharedAccount(1000, most_open=4)
    busy = opened(account, 3)
    if mark == "further":
        spared = account.ask("a second language", BUSY, speaker=busy[1].speaker)
    else:
        spared = account.ask("between two sentences")
        spared.between_turns = True
    account.wait(0.25)
    spared.talking = True
    account.ask("calm", CALM)
    account.wait(GRACE_S + 0.3)
    assert not spared.talking
    assert all(caller.talking for caller in busy)


def test_the_one_furthest_beyond_its_quota_gives_up() -> None:
    account = SharedAccount(1000, most_open=8)
    more, most = opened(account, 3, BUSY), opened(account, 5, 3)
    for number in range(2):
        account.ask(f"calm {number}", CALM)
    account.wait(GRACE_S + 0.3)
    assert sum(caller.talking for caller in more) == 3
    assert sum(caller.talking for caller in most) == 3


async def test_more_servers_than_places_take_turns() -> None:
    account = SharedAccount(1000, most_open=2)
    (first,), (second,) = opened(account, 1, 1), opened(account, 1, 2)
    third = account.ask("third", 3)
    account.wait(ROUND_S - 2)
    assert (first.talking, second.talking) == (True, True)
    account.wait(3)
    assert (first.talking, second.talking) == (False, True)
    assert first.share.lease is not None
    await first.share.lease.close()
    assert third.lines


async def test_a_place_given_up_goes_to_a_server_whose_quota_has_it() -> None:
    """Even to one that is beyond its quota of connects, as the one that gave it up is too."""
    account = SharedAccount(10, most_open=4)
    for _ in range(5):
        once = account.ask("calm", CALM)
        assert once.share.lease is not None
        await once.share.lease.close()
        once.share.leave()
        account.wait(0.25)
    busy = opened(account, 4)
    waiting = account.ask("busy waits")
    calm = account.ask("calm waits", CALM)
    account.wait(48)
    (given_up,) = [caller for caller in busy if not caller.talking]
    assert given_up.share.lease is not None
    await given_up.share.lease.close()
    assert (bool(calm.lines), bool(waiting.lines)) == (True, False)


@pytest.mark.parametrize(
    ("guilds", "connects", "places"), [(1, 10, 40), (2, 5, 20), (3, 3, 40 / 3), (50, 1, 0.8)]
)
def test_each_server_has_its_part_and_none_less_than_one(
    guilds: int, connects: int, places: float
) -> None:
    taking_part = range(1, guilds + 1)
    quotas = SharedAccount(10, most_open=40).budget._quotas(*taking_part)
    assert (quotas.connects, quotas.places) == (connects, places)
    for guild in taking_part:
        assert quotas.within(guild)
        assert quotas.connect_at(guild) == quotas.now
        assert quotas.may_hold(guild)
