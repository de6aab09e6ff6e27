"""A server that lowers its daily limit, also while its room runs."""

import pytest

from bot.domain.events import Usage
from bot.domain.stored import GuildSettings
from bot.errors import AllowanceError
from bot.usage.daily_allowance import Accounts
from bot.usage.ledger import Ledger
from bot.usage.prices import Prices
from tests.support.clock import ManualClock
from tests.support.usage_in_memory import Calendar, MemoryUsage, daily


class LimitSetup:
    """The accounts of a host with this limit, and one guild's settings."""

    def __init__(self, host: float, own: float | None = None) -> None:
        clock = ManualClock()
        self.settings = GuildSettings(daily_minutes=own)
        self.ledger = Ledger(
            MemoryUsage(),
            model="speech",
            text_model="text",
            tts_model="a-tts",
            clock=clock,
            wall=Calendar(clock, hour=1),
        )

        async def settings(_: int) -> GuildSettings:
            return self.settings

        self.accounts = Accounts(
            self.ledger, Prices(), host=daily(host, clock), clock=clock, settings=settings
        )

    async def limit(self) -> float:
        return (await self.accounts.of(1)).today().limit


@pytest.mark.parametrize(
    ("host", "own", "limit"),
    [(60, None, 60), (60, 10, 10), (60, 90, 60), (0, 10, 10), (0, None, 0)],
)
async def test_a_server_may_lower_the_hosts_limit_and_never_raise_it(
    host: float, own: float | None, limit: float
) -> None:
    setup = LimitSetup(host, own)
    assert await setup.limit() == limit
    await setup.ledger.close()


async def test_a_lowered_limit_holds_at_once_and_a_raised_one_lets_speech_through_again() -> None:
    setup = LimitSetup(60)
    account = await setup.accounts.of(1)
    account.used(7, Usage(audio_in_s=20 * 60))
    assert account.notice() is None
    setup.accounts.settings_changed(1, GuildSettings(daily_minutes=10))
    assert account.notice() == (
        "This server has used its 10 translation minutes for today. "
        "Translation resumes at midnight UTC."
    )
    with pytest.raises(AllowanceError):
        account.check()
    setup.accounts.settings_changed(1, GuildSettings())
    assert account.admits(None)
    assert account.notice() == ("The daily limit has changed, so speech is being translated again.")
    assert account.notice() is None
    await setup.ledger.close()


async def test_each_limit_has_a_warning_of_its_own() -> None:
    setup = LimitSetup(0, 10)
    account = await setup.accounts.of(1)
    account.used(7, Usage(audio_in_s=9 * 60))
    assert "used 9 of its 10" in str(account.notice())
    setup.accounts.settings_changed(1, GuildSettings(daily_minutes=100))
    assert account.notice() is None
    account.used(7, Usage(audio_in_s=75 * 60))
    assert "used 84 of its 100" in str(account.notice())
    await setup.ledger.close()


async def test_no_limit_at_all_after_one_that_was_used_up_is_said() -> None:
    setup = LimitSetup(0, 10)
    account = await setup.accounts.of(1)
    account.used(7, Usage(audio_in_s=11 * 60))
    assert account.notice() is not None
    setup.accounts.settings_changed(1, GuildSettings())
    assert account.notice() == ("The daily limit has changed, so speech is being translated again.")
    assert account.notice() is None
    await setup.ledger.close()
