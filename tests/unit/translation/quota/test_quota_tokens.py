"""Tokens, and room for further languages: what each server gets of them, whatever others do."""

from bot.translation.protocol import server_events
from bot.translation.quota.quota import SAVE_S
from tests.unit.translation.quota.shared_account import BUSY, CALM, Caller, SharedAccount, opened


def use(caller: Caller, tokens: float) -> None:
    assert caller.share.lease is not None
    caller.share.lease.send(bytes(round(tokens / 12.5 * 32_000)))


def test_a_server_is_let_in_although_another_used_all_tokens() -> None:
    account = SharedAccount(1000, tokens=1000)
    for caller in opened(account, 2):
        use(caller, 600)
    account.ask("1.more")
    account.ask("calm", CALM)
    account.wait(50)
    assert account.log == ["1.0", "1.1", "calm"]


def test_while_others_take_part_the_last_fifth_of_the_tokens_is_for_them() -> None:
    account = SharedAccount(1000, tokens=1000)
    (busy,) = opened(account, 1)
    opened(account, 1, CALM)
    use(busy, 850)
    account.ask("1.more")
    account.wait(50)
    assert account.log == ["1.0", "2.0"]
    account.wait(15)
    assert account.log == ["1.0", "2.0", "1.more"]


def test_conversations_are_given_up_until_the_tokens_suffice() -> None:
    account = SharedAccount(1000, tokens=1000)
    busy = opened(account, 4)
    (calm,) = opened(account, 1, CALM)
    for caller in busy:
        use(caller, 260)
    talking = []
    for _ in range(4):
        talking.append(sum(caller.talking for caller in busy))
        account.wait(SAVE_S)
        use(busy[3], 1)
    assert talking == [4, 3, 2, 1]  # and the last one stays
    assert busy[3].talking
    assert calm.talking
    assert account.clock.pending == 1
    for caller in (*busy, calm):
        caller.share.leave()
    assert account.clock.pending == 0


def test_the_only_server_gives_nothing_up_for_tokens() -> None:
    account = SharedAccount(1000, tokens=1000)
    busy = opened(account, 4)
    for caller in busy:
        use(caller, 300)
    account.wait(3 * SAVE_S)
    assert all(caller.talking for caller in busy)


def test_nothing_is_given_up_once_the_tokens_suffice() -> None:
    account = SharedAccount(1000, tokens=1000)
    busy = opened(account, 4)
    opened(account, 1, CALM)
    for caller in busy:
        use(caller, 260)
    for caller in busy:
        caller.lines[0].says(server_events.ResponseDone("r", "", server_events.TokenCount(100, 0)))
    account.wait(SAVE_S)
    assert all(caller.talking for caller in busy)


# Room for further languages


def test_room_is_judged_by_a_server_s_own_quotas() -> None:
    account = SharedAccount(10, most_open=12, servers=2)
    assert account.budget.has_room(8, CALM)
    assert not account.budget.has_room(9, CALM)  # two are kept for another
    opened(account, 4)
    assert account.budget.has_room(5, CALM)
    assert not account.budget.has_room(6, CALM)
    assert account.budget.has_room(4, BUSY)
    assert not account.budget.has_room(5, BUSY)
    opened(account, 1, CALM)
    assert account.budget.has_room(1, BUSY)
    assert not account.budget.has_room(2, BUSY)
    account.wait(60)
    assert account.budget.has_room(2, BUSY)
    assert not account.budget.has_room(3, BUSY)  # six of twelve places are the other's


def test_room_depends_on_no_other_s_tokens() -> None:
    account = SharedAccount(1000, tokens=4000)
    (busy,) = opened(account, 1)
    use(busy, 4000)
    assert account.budget.has_room(1, CALM)
    assert not account.budget.has_room(2, CALM)
    assert not account.budget.has_room(1, BUSY)
