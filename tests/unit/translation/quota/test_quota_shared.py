"""A process's budget where others have a part of the account: it uses what it was granted."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.translation.quota.connects import ConnectRate
from bot.translation.quota.shared import SharedConnects, SharedConversations, SharedTokens
from bot.translation.speech.notices import Scarce
from bot.translation.text.request_budget import RequestBudget
from tests.unit.translation.quota.shared_account import SharedAccount


def test_connects_are_made_as_they_are_granted() -> None:
    account = SharedAccount(10)
    connects = SharedConnects(account.budget)
    connects.limit_to(0, 10, 0)
    for name in "abc":
        account.ask(name)
    account.clock.advance(1.0)
    assert (account.log, connects.used(), connects.wanted()) == ([], 0, 3)
    connects.limit_to(2, 10, 0)
    account.clock.advance(1.0)
    assert account.log == ["a", "b"]
    assert (connects.used(), connects.wanted()) == (2, 1)
    account.clock.advance(50.0)
    assert account.log == ["a", "b"]
    connects.limit_to(3, 10, 0)
    assert account.log == ["a", "b", "c"]


def test_connects_that_were_granted_come_back_after_a_minute() -> None:
    account = SharedAccount(10)
    SharedConnects(account.budget).limit_to(1, 1, 0)
    account.ask("a")
    account.ask("b")
    account.clock.advance(59.9)
    assert account.log == ["a"]
    account.clock.advance(0.2)
    assert account.log == ["a", "b"]


def test_nobody_gives_a_conversation_up_while_more_can_be_granted() -> None:
    account = SharedAccount(10, most_open=10)
    conversations = SharedConversations(account.budget)
    conversations.limit_to(1, 10, 0)
    resting = account.ask("a", guild=1)
    resting.resting = True
    waiting = account.ask("b", guild=2)
    account.clock.advance(2.0)
    assert resting.resting
    assert waiting.share.scarce is Scarce.PLACES
    conversations.limit_to(1, 1, 0)
    account.clock.advance(2.0)
    assert not resting.resting


def test_tokens_of_other_processes_count() -> None:
    account = SharedAccount(10, tokens=1000)
    tokens = SharedTokens(account.budget)
    first = account.ask("a", guild=1, speaker=7)
    account.clock.advance(1.0)
    account.ask("b", guild=2)
    account.clock.advance(1.0)
    assert first.share.lease is not None
    account.budget.spent(first.share.lease, 450)  # nearly its server's part
    assert tokens.used() == 450
    tokens.limit_to(0, 0, 400)
    account.ask("further", guild=1, speaker=7)
    account.clock.advance(5.0)
    assert account.log == ["a", "b"]
    tokens.limit_to(0, 0, 300)
    account.clock.advance(5.0)
    assert account.log == ["a", "b", "further"]


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 10)), max_size=60))
def test_what_is_made_in_a_minute_is_never_more_than_was_granted(
    steps: list[tuple[float, int]],
) -> None:
    rate = ConnectRate(10, random.Random(1))
    now, made = 1000.0, list[float]()
    for wait_s, granted in steps:
        now += wait_s
        used = rate.used(now).total()
        rate.limit_to(max(granted, used), 10)
        while rate.next_at(now) <= now:
            rate.made(now)
            made.append(now)
            now += 0.25
            assert sum(at > now - 60.0 for at in made) <= max(granted, used)


def test_text_requests_are_sent_as_they_are_granted() -> None:
    budget = RequestBudget(60, random.Random(1))
    budget.limit_to(0, 60)
    assert budget.free(1000.0, 5) == 0
    budget.limit_to(2, 60)
    assert budget.free(1000.0, 5) == 1  # and one a second
    budget.take(1000.0)
    budget.take(1002.0)
    assert budget.free(1010.0, 5) == 0
    budget.limit_to(3, 60)
    assert budget.free(1010.0, 5) == 1


def test_requests_stay_farther_apart_after_a_refusal_whatever_is_granted() -> None:
    budget = RequestBudget(60, random.Random(1))
    budget.take(1000.0)
    before = budget.free_at()
    budget.refused(1000.0)
    budget.limit_to(60, 60)
    budget.served()
    assert budget.free(before, 1) == 0
    assert budget.free_at() > before
    assert budget.free_at() == pytest.approx(1001.5, abs=0.5)
