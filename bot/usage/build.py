"""Builds what counts, limits and reports what is spent."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.clock import Clock
from bot.domain.ports import UsageStore
from bot.domain.stored import GuildSettings
from bot.usage.daily_allowance import Accounts
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
        daily_minutes: Minutes of audio for each server and day (UTC); 0 is no limit.
        prices: What the models cost.
    """

    model: str
    text_model: str
    daily_minutes: float
    prices: Prices


@dataclass(frozen=True, slots=True)
class UsageServices:
    """What counts, limits and reports.

    Attributes:
        ledger: Counts what is spent.
        accounts: Say what each server may spend.
        spending: Reports what was spent.
    """

    ledger: Ledger
    accounts: Accounts
    spending: Spending


def build(
    store: UsageStore,
    tariff: Tariff,
    settings: Callable[[int], Awaitable[GuildSettings]],
    *,
    waiting: Callable[[], int],
    clock: Clock,
    wall: Wall,
) -> UsageServices:
    """Return the parts over one store. The ledger has to be closed.

    Args:
        store: Keeps what was spent.
        tariff: What is counted, what it costs, and how much of it a server may have.
        settings: Returns a server's settings, which may lower its limit.
        waiting: Returns how many conversations wait for a connect.
        clock: Tells the time and calls back.
        wall: Tells the date and time of day.
    """
    ledger = Ledger(
        store, model=tariff.model, text_model=tariff.text_model, clock=clock, wall=wall.now
    )
    accounts = Accounts(
        ledger,
        tariff.prices,
        limit_minutes=tariff.daily_minutes,
        clock=clock,
        settings=settings,
    )
    return UsageServices(
        ledger, accounts, Spending(ledger, accounts, tariff.prices, waiting=waiting)
    )
