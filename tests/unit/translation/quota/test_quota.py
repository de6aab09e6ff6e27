"""Who may connect, and when."""

import itertools

from bot.translation.protocol import faults, server_events
from bot.translation.quota.tokens import TokenEstimate, TokenPace
from tests.unit.translation.quota.shared_account import SharedAccount


def test_connects_are_granted_with_a_short_space_until_the_minute_is_full() -> None:
    account = SharedAccount(2)
    for name in "abc":
        account.ask(name)
    assert account.log == ["a"]
    account.clock.advance(0.25)
    assert account.log == ["a", "b"]
    assert account.budget.waiting == 1
    account.clock.advance(59.7)
    assert account.log == ["a", "b"]
    account.clock.advance(0.1)
    assert account.log == ["a", "b", "c"]
    assert account.budget.waiting == 0
    assert account.clock.pending == 0


def test_a_place_given_up_is_nobody_s() -> None:
    account = SharedAccount(1)
    account.ask("a")
    second = account.ask("b")
    account.ask("c")
    second.share.leave()
    second.share.leave()
    assert account.budget.waiting == 1
    account.clock.advance(61)
    assert account.log == ["a", "c"]


def test_a_guild_with_many_waits_behind_one_with_few() -> None:
    account = SharedAccount(1)
    for number in range(4):
        account.ask(f"a{number}", guild=1)
    account.ask("b", guild=2)
    account.clock.advance(240)
    assert account.log == ["a0", "a1", "b", "a2", "a3"]


def test_a_first_language_goes_before_the_further_ones_of_others() -> None:
    account = SharedAccount(10)
    for language in ("en", "de", "fr"):
        account.ask(f"ana {language}", speaker=1)
    account.ask("bo en", speaker=2)
    account.clock.advance(1)
    assert account.log == ["ana en", "bo en", "ana de", "ana fr"]


def test_a_further_language_that_waited_long_goes_in_the_order_of_asking() -> None:
    account = SharedAccount(1)
    account.ask("ana en", speaker=1)
    account.ask("ana de", speaker=1)
    account.clock.advance(50)
    account.ask("bo en", speaker=2)
    account.clock.advance(80)
    assert account.log == ["ana en", "ana de", "bo en"]


def test_when_the_service_refuses_for_the_rate_all_rest_and_one_tries() -> None:
    account = SharedAccount(60)
    first, second = account.ask("a"), account.ask("b")
    account.clock.advance(1)
    first.lines[0].breaks(faults.RATE_LIMITED)
    second.lines[0].breaks(faults.RATE_LIMITED)  # of the same burst: no reason to rest longer
    for name in "cde":
        account.ask(name)
    account.clock.advance(5.9)
    assert account.log == ["a", "b"]
    account.clock.advance(2)
    assert account.log == ["a", "b", "c"]


def test_what_is_tried_and_accepted_lets_the_others_follow() -> None:
    account = SharedAccount(60)
    account.ask("a").lines[0].breaks(faults.RATE_LIMITED)
    third = account.ask("c")
    account.ask("d")
    account.clock.advance(8)
    assert account.log == ["a", "c"]
    third.lines[0].says(server_events.SessionUpdated())
    account.clock.advance(0.3)
    assert account.log == ["a", "c", "d"]


def test_each_further_refusal_doubles_the_rest_up_to_a_minute() -> None:
    account = SharedAccount(1000)
    made_at: list[float] = []
    caller = account.ask("a")
    for _ in range(7):
        made_at.append(account.clock.now())
        caller.lines[-1].breaks(faults.RATE_LIMITED)
        caller.share.request()
        before = len(caller.lines)
        while len(caller.lines) == before:
            account.clock.advance(0.25)
    rests = [after - before for before, after in itertools.pairwise(made_at)]
    assert all(6 * 2**n <= rest <= 6 * 2**n * 1.25 + 0.5 for n, rest in enumerate(rests[:3]))
    assert all(60 <= rest <= 75.5 for rest in rests[4:])


def test_an_error_event_about_the_rate_counts_as_a_refusal() -> None:
    account = SharedAccount(60)
    account.ask("a").lines[0].says(
        server_events.ServerError("", "Request rate increased too quickly", None)
    )
    account.ask("b")
    account.clock.advance(5)
    assert account.log == ["a"]


async def test_when_as_many_are_open_as_may_be_the_longest_idle_one_makes_room() -> None:
    account = SharedAccount(60, most_open=2)
    first = account.ask("a")
    account.clock.advance(2)
    second = account.ask("b")
    third = account.ask("c")
    account.clock.advance(5)
    assert account.log == ["a", "b"]
    first.resting = second.resting = True
    account.clock.advance(0.5)
    assert (first.resting, second.resting) == (False, True)
    assert account.log == ["a", "b"]
    assert first.share.lease is not None
    await first.share.lease.close()
    assert account.log == ["a", "b", "c"]
    assert account.budget.figures().open == 2
    assert third.lines


def test_near_the_tokens_further_languages_wait_and_at_the_limit_all_do() -> None:
    account = SharedAccount(60, tokens=1000)
    talking = account.ask("a", speaker=1)
    assert talking.share.lease is not None
    talking.share.lease.send(bytes(32_000 * 70))  # 875 tokens
    account.ask("a de", speaker=1)
    account.clock.advance(1)
    account.ask("b", speaker=2)
    account.clock.advance(1)
    assert account.log == ["a", "b"]
    talking.share.lease.send(bytes(32_000 * 20))
    account.ask("c", speaker=3)
    account.clock.advance(50)
    assert account.log == ["a", "b"]
    account.clock.advance(15)
    assert account.log == ["a", "b", "a de", "c"]


def test_the_estimate_of_tokens_gives_way_to_what_the_service_counts() -> None:
    account = SharedAccount()
    talking = account.ask("a")
    lease = talking.share.lease
    assert lease is not None
    lease.send(bytes(32_000 * 4))
    talking.lines[0].says(server_events.VoiceDelta("r", bytes(48_000 * 2)))
    assert account.budget.figures().tokens == 75
    talking.lines[0].says(server_events.ResponseDone("r", "", server_events.TokenCount(40, 20)))
    assert account.budget.figures().tokens == 60
    account.clock.advance(62)
    assert account.budget.figures().tokens == 0


def test_a_session_s_sum_of_tokens_is_believed_until_it_falls_and_then_all_were_single() -> None:
    estimate = TokenEstimate(TokenPace(7, 12.5, cumulative=True))
    assert estimate.sent(32_000 * 4) == 28
    counts = [(40, 10), (70, 20), (30, 5), (40, 5)]
    wrong_by = [estimate.said(server_events.TokenCount(*count)) for count in counts]
    assert wrong_by == [22, 40, 85, 45]


def test_there_is_room_for_what_would_be_opened_soon_and_stay_within_every_limit() -> None:
    account = SharedAccount(10)
    assert account.budget.has_room(10, 1)
    assert not account.budget.has_room(11, 1)
    account.ask("a")
    assert account.budget.has_room(9, 1)
    assert not account.budget.has_room(10, 1)
    account.clock.advance(55)
    assert account.budget.has_room(10, 1)
    assert not SharedAccount(10, most_open=3).budget.has_room(4, 1)
    assert SharedAccount(10, tokens=10_000).budget.has_room(5, 1)
    assert not SharedAccount(10, tokens=10_000).budget.has_room(6, 1)


def test_the_figures_say_who_waits_and_for_how_long() -> None:
    account = SharedAccount(1)
    account.ask("a")
    account.clock.advance(10)
    account.ask("b")
    account.clock.advance(20)
    figures = account.budget.figures()
    assert (figures.waiting, figures.waited_s, figures.next_connect_s) == (1, 20, 30)
    assert (figures.connects_left, figures.open, figures.lent) == (0, 1, 0)
