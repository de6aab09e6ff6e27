"""Builds what counts, limits and reports what is spent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.clock import Clock
from bot.domain.access import MonthStore
from bot.domain.ports import UsageStore
from bot.domain.stored import GuildSettings
from bot.usage.access import Access
from bot.usage.ceiling import Ceiling, MonthlyLimits
from bot.usage.daily_allowance import Accounts, HostLimits
from bot.usage.ledger import Ledger
from bot.usage.prices import Prices
from bot.usage.report import Spending
from bot.wall_clock import Wall


@dataclass(frozen=True, slots=True)
class Tariff:
    """What is counted, what it costs, and how much of it a server may have.

    Attributes:
        model: The model of the conversations.
        text_model: The model of text translation.
        tts_model: The model that reads typed words aloud; empty: none does.
        monthly: What all servers together may use in a month.
        prices: What the models cost.
    """

    model: str
    text_model: str
    tts_model: str
    monthly: MonthlyLimits
    prices: Prices


@dataclass(frozen=True, slots=True)
class UsageServices:
    """What counts, limits and reports.

    Attributes:
        ledger: Counts what is spent.
        accounts: Say what each server may spend.
        access: Says which servers may use the bot.
        ceiling: Says what all of them may still spend this month.
        spending: Reports what was spent.
    """

    ledger: Ledger
    accounts: Accounts
    access: Access
    ceiling: Ceiling
    spending: Spending


def build(
    store: UsageStore,
    tariff: Tariff,
    settings: Callable[[int], Awaitable[GuildSettings]],
    *,
    months: MonthStore,
    access: Access,
    waiting: Callable[[], int],
    clock: Clock,
    wall: Wall,
) -> UsageServices:
    """Return the parts over one store. The ledger and the ceiling have to be closed.

    Args:
        store: Keeps what was spent.
        tariff: What is counted, what it costs, and how much of it a server may have.
        settings: Returns a server's settings, which may lower its limit.
        months: Adds up what all servers spend.
        access: Says which servers may use the bot.
        waiting: Returns how many conversations wait for a connect.
        clock: Tells the time and calls back.
        wall: Tells the date and time of day.
    """
    ledger = Ledger(
        store,
        model=tariff.model,
        text_model=tariff.text_model,
        tts_model=tariff.tts_model,
        clock=clock,
        wall=wall.now,
    )
    ceiling = Ceiling(months, tariff.monthly, tariff.prices, clock=clock, day=lambda: ledger.day)
    accounts = Accounts(
        ledger, tariff.prices, host=HostLimits(access, ceiling), clock=clock, settings=settings
    )
    spending = Spending(ledger, accounts, tariff.prices, waiting=waiting)
    return UsageServices(ledger, accounts, access, ceiling, spending)
