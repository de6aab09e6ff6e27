"""What of the account each server gets, whatever the others do."""

import itertools
from collections import Counter

import pytest

from bot.translation.quota.connects import ConnectRate
from bot.translation.quota.giving import GRACE_S, ROUND_S
from tests.unit.translation.quota.quota_office import BUSY, CALM, Office, opened


def guilds(office: Office) -> str:
    return "".join(name[0] for name in office.log)


# Connects


def test_the_only_server_gets_all_connects_at_once() -> None:
    office = Office(10)
    opened(office, 10)
    assert len(office.log) == 10


def test_a_server_alone_makes_all_connects_of_each_minute_with_two_kept_for_another() -> None:
    office = Office(10, servers=2)
    callers = [office.ask(f"{number}") for number in range(60)]
    office.clock.advance(3)
    assert len(office.log) == 8
    office.clock.advance(56.9)
    for minute in range(1, 5):
        assert len(office.log) == 10 * minute
        office.clock.advance(60)
    assert len(callers) > len(office.log)


@pytest.mark.parametrize("came_at", [3, 30, 47.9, 49, 55])
def test_a_server_that_comes_gets_two_connects_within_a_fifth_of_a_minute(came_at: float) -> None:
    office = Office(10, servers=2)
    for number in range(60):
        office.ask(f"{BUSY}.{number}")
    office.clock.advance(came_at)
    office.ask("calm", CALM)
    office.ask("calm too", CALM)
    office.clock.advance(12.5)
    assert [name for name in office.log if "calm" in name] == ["calm", "calm too"]


def test_checks_before_anybody_speaks_leave_half_from_the_second_on() -> None:
    office = Office(10, servers=3)
    for number in range(40):
        office.caller(f"check {number}").share.request(ahead=True)
    office.clock.advance(10)
    assert len(office.log) == 5
    office.caller("another's check", CALM).share.request(ahead=True)
    office.ask("spoke", 3)
    office.clock.advance(1)
    assert sorted(office.log[5:]) == ["another's check", "spoke"]


def test_the_only_server_s_checks_leave_nothing() -> None:
    office = Office(10)
    for number in range(40):
        office.caller(f"check {number}").share.request(ahead=True)
    office.clock.advance(10)
    assert len(office.log) == 10


def test_who_opens_and_closes_in_a_loop_waits_behind_all_who_have_connects_left() -> None:
    office = Office(10, servers=2)
    for _ in range(8):
        office.ask("loop").share.leave()
        office.clock.advance(0.25)
    office.ask("loop")
    office.clock.advance(20)
    for number in range(4):
        office.ask(f"calm {number}", CALM)
    office.clock.advance(60)
    assert office.log[8:12] == ["calm 0", "calm 1", "calm 2", "calm 3"]


def test_of_two_servers_each_gets_its_half_of_a_minute_s_connects() -> None:
    office = Office(10)
    opened(office, 1, CALM)
    for number in range(30):
        office.ask(f"{BUSY}.{number}", BUSY)
    office.wait(20)
    for number in range(1, 5):
        office.ask(f"{CALM}.{number}", CALM)
        office.wait(8)
    assert Counter(guilds(office))["2"] == 5


def test_fifty_servers_get_a_connect_each_before_one_gets_two() -> None:
    office = Office(10, servers=50)
    for number, guild in itertools.product(range(2), range(50)):
        office.ask(f"{guild}.{number}", guild)
    office.clock.advance(60 * 5 - 1)
    assert sorted(office.log) == sorted(f"{guild}.0" for guild in range(50))


@pytest.mark.parametrize(("per_minute", "kept"), [(1, 0), (2, 1), (4, 1), (10, 2), (1000, 200)])
def test_one_connect_at_least_is_never_kept(per_minute: int, kept: int) -> None:
    office = Office(per_minute, servers=50)
    office.ask("only")
    assert office.log == ["only"]
    assert ConnectRate(per_minute, office.chance).kept == kept


def test_a_check_before_anybody_speaks_goes_behind_who_has_spoken() -> None:
    office = Office(1)
    office.ask("first")
    check = office.caller("check", CALM)
    check.share.request(ahead=True)
    office.clock.advance(1)
    office.ask("spoke")
    office.clock.advance(60)
    assert office.log == ["first", "spoke"]
    check.share.withdraw()
    check.share.withdraw()
    assert office.budget.waiting == 0
    assert office.clock.pending == 0


# Conversations open at once


async def test_who_never_rests_gives_one_up_for_a_server_that_comes() -> None:
    office = Office(1000, most_open=4)
    busy = opened(office, 4)
    calm = office.ask("calm", CALM)
    office.wait(GRACE_S - 0.1)
    assert [caller.talking for caller in busy] == [True] * 4  # somebody may pause
    office.wait(0.4)
    assert [caller.talking for caller in busy] == [False, True, True, True]
    assert busy[0].share.lease is not None
    await busy[0].share.lease.close()
    assert calm.lines


async def test_who_rests_goes_first_and_at_once() -> None:
    office = Office(1000, most_open=4)
    busy = opened(office, 4)
    office.wait(2)
    busy[2].talking, busy[2].resting = False, True
    office.ask("calm", CALM)
    assert [caller.resting or caller.talking for caller in busy] == [True, True, False, True]


def test_no_more_are_given_up_than_are_in_the_other_s_quota() -> None:
    office = Office(1000, most_open=6)
    busy = opened(office, 6)
    for number in range(4):
        office.ask(f"calm {number}", CALM)
    office.ask("and another", 3)
    office.wait(GRACE_S)
    assert sum(caller.talking for caller in busy) == 3


def test_no_server_gives_up_more_than_it_has_beyond_its_quota() -> None:
    office = Office(1000, most_open=6)
    both = opened(office, 3, BUSY), opened(office, 3, 3)
    for number in range(3):
        office.ask(f"calm {number}", CALM)
    office.wait(60)
    assert [sum(caller.talking for caller in callers) for callers in both] == [2, 2]


def test_each_who_rests_gives_its_place_up_once() -> None:
    office = Office(1000, most_open=4)
    busy = opened(office, 4)
    office.ask("calm", CALM)
    office.ask("calm too", CALM)
    office.wait(0.5)
    for caller in busy[1:3]:
        caller.talking, caller.resting = False, True
    office.wait(1.3)
    assert [caller.resting or caller.talking for caller in busy] == [True, False, False, True]


@pytest.mark.parametrize(("most_open", "gives"), [(4, "other"), (3, "own")])
def test_within_its_quota_a_server_keeps_what_rests_of_its_own(most_open: int, gives: str) -> None:
    office = Office(1000, most_open=most_open)
    calm = opened(office, 1, CALM)[0]
    busy = opened(office, most_open - 1)[0]
    office.wait(2)
    for caller in (calm, busy):
        caller.talking, caller.resting = False, True
    office.ask("calm too", CALM)
    office.wait(0.3)
    assert (calm.resting, busy.resting) == (gives == "other", gives == "own")


def test_a_server_within_its_quota_gives_none_up_even_if_it_rests() -> None:
    office = Office(1000, most_open=4)
    calm = opened(office, 2, CALM)
    busy = opened(office, 2)
    for caller in calm:
        caller.talking, caller.resting = False, True
    office.ask("one more")
    office.wait(50)
    assert all(caller.resting for caller in calm)
    assert all(caller.talking for caller in busy)


async def test_a_server_that_fell_silent_has_no_quota() -> None:
    office = Office(1000, most_open=4)
    calm = opened(office, 2, CALM)
    opened(office, 2)
    for caller in calm:
        assert caller.share.lease is not None
        await caller.share.lease.close()  # as is done with what has been idle
    more = [office.ask(f"{number} more") for number in range(2)]
    office.wait(1)
    assert all(caller.lines for caller in more)
    assert office.budget._quotas().guilds == {BUSY}


@pytest.mark.parametrize("mark", ["further", "between turns"])
def test_where_it_hurts_least_is_given_up(mark: str) -> None:
    office = Office(1000, most_open=4)
    busy = opened(office, 3)
    if mark == "further":
        spared = office.ask("a second language", BUSY, speaker=busy[1].speaker)
    else:
        spared = office.ask("between two sentences")
        spared.between_turns = True
    office.wait(0.25)
    spared.talking = True
    office.ask("calm", CALM)
    office.wait(GRACE_S + 0.3)
    assert not spared.talking
    assert all(caller.talking for caller in busy)


def test_the_one_furthest_beyond_its_quota_gives_up() -> None:
    office = Office(1000, most_open=8)
    more, most = opened(office, 3, BUSY), opened(office, 5, 3)
    for number in range(2):
        office.ask(f"calm {number}", CALM)
    office.wait(GRACE_S + 0.3)
    assert sum(caller.talking for caller in more) == 3
    assert sum(caller.talking for caller in most) == 3


async def test_more_servers_than_places_take_turns() -> None:
    office = Office(1000, most_open=2)
    (first,), (second,) = opened(office, 1, 1), opened(office, 1, 2)
    third = office.ask("third", 3)
    office.wait(ROUND_S - 2)
    assert (first.talking, second.talking) == (True, True)
    office.wait(3)
    assert (first.talking, second.talking) == (False, True)
    assert first.share.lease is not None
    await first.share.lease.close()
    assert third.lines


async def test_a_place_given_up_goes_to_a_server_whose_quota_has_it() -> None:
    """Even to one that is beyond its quota of connects, as the one that gave it up is too."""
    office = Office(10, most_open=4)
    for _ in range(5):
        once = office.ask("calm", CALM)
        assert once.share.lease is not None
        await once.share.lease.close()
        once.share.leave()
        office.wait(0.25)
    busy = opened(office, 4)
    waiting = office.ask("busy waits")
    calm = office.ask("calm waits", CALM)
    office.wait(48)
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
    quotas = Office(10, most_open=40).budget._quotas(*taking_part)
    assert (quotas.connects, quotas.places) == (connects, places)
    for guild in taking_part:
        assert quotas.within(guild)
        assert quotas.connect_at(guild) == quotas.now
        assert quotas.may_hold(guild)
