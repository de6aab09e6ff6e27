"""Which servers may use the bot: settings, what the host decides while it runs, and guests."""

import asyncio

import pytest

from bot.domain.access import HostGrant, ServerState
from bot.errors import NotServedError
from bot.usage.access import READ_S, Access, AccessRules, DecidedBy
from tests.support.clock import ManualClock
from tests.support.usage_in_memory import MemoryHost

NAMED, OTHER, BANNED = 1, 2, 3
ALLOWED, GUEST, DENIED = ServerState.ALLOWED, ServerState.GUEST, ServerState.DENIED


@pytest.mark.parametrize(
    ("rules", "guild", "state", "minutes", "by"),
    [
        (AccessRules(60), OTHER, ALLOWED, 60, DecidedBy.DEFAULT),
        (AccessRules(60, None, frozenset({NAMED})), NAMED, ALLOWED, 60, DecidedBy.ALLOWED),
        (AccessRules(60, None, frozenset({NAMED})), OTHER, DENIED, 60, DecidedBy.ALLOWED),
        (AccessRules(60, 5, frozenset({NAMED})), NAMED, ALLOWED, 60, DecidedBy.ALLOWED),
        (AccessRules(60, 5, frozenset({NAMED})), OTHER, GUEST, 5, DecidedBy.GUESTS),
        (AccessRules(0, 5), OTHER, GUEST, 5, DecidedBy.GUESTS),
        (AccessRules(60, 0), OTHER, DENIED, 0, DecidedBy.GUESTS),
        (
            AccessRules(60, 5, frozenset({NAMED}), frozenset({BANNED})),
            BANNED,
            DENIED,
            60,
            DecidedBy.DENIED,
        ),
    ],
)
def test_the_settings_say_who_is_allowed_a_guest_or_denied(
    rules: AccessRules, guild: int, state: ServerState, minutes: float, by: DecidedBy
) -> None:
    permit = rules.of(guild)
    assert (permit.state, permit.daily_minutes, permit.by) == (state, minutes, by)


@pytest.mark.parametrize("guild", [NAMED, OTHER, BANNED])
def test_what_the_host_decided_wins_over_the_settings(guild: int) -> None:
    rules = AccessRules(60, 5, frozenset({NAMED}), frozenset({BANNED}))
    more = rules.of(guild, HostGrant(allowed=True, daily_minutes=90))
    assert (more.state, more.daily_minutes, more.by) == (ALLOWED, 90, DecidedBy.COMMAND)
    assert rules.of(guild, HostGrant(allowed=True)).daily_minutes == 60
    assert rules.of(guild, HostGrant(allowed=True, daily_minutes=0)).daily_minutes == 0
    assert rules.of(guild, HostGrant(allowed=False)).denied


async def test_a_decision_is_followed_while_the_bot_runs_and_the_last_one_holds_in_trouble() -> (
    None
):
    clock, host = ManualClock(), MemoryHost()
    access = Access(host, AccessRules(), clock)
    changes: list[bool] = []
    access.listen(lambda: changes.append(access.serves(NAMED)))
    await access.open()

    async def read() -> None:
        clock.advance(READ_S)
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    await read()
    assert changes == []
    await host.put_grant(NAMED, HostGrant(allowed=False))
    await read()
    assert changes == [False]
    with pytest.raises(NotServedError, match="Ask the bot's host to allow it"):
        access.check(NAMED)
    access.check(OTHER)
    await host.drop_grant(NAMED)
    host.failing = True
    await read()
    assert changes == [False]
    host.failing = False
    await read()
    assert changes == [False, True]
    await access.close()
    clock.advance(READ_S)


def test_a_denied_server_reads_whom_to_ask() -> None:
    rules = AccessRules(contact="ops@example.org")
    assert str(rules.refusal) == (
        "I'm not set up for this server. To have it allowed, contact ops@example.org."
    )
