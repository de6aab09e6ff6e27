from datetime import date

from bot.domain.cost import Cost, Today
from bot.domain.spent import Spent
from bot.ui import usage
from bot.usage.ceiling import MonthlyLimits, MonthSpent
from bot.usage.prices import Prices
from bot.usage.report import Day, UsageReport

COST = Cost(0.5)
TODAY = Today(0, 0, Cost(0))


def test_a_server_reads_its_days_and_that_costs_are_estimates() -> None:
    days = (
        Day(date(2026, 11, 22), 12.34, 2.0, 5200, 0, COST),
        Day(date(2026, 11, 20), 1.0, 0.0, 100, 340, Cost(0, ("mine",))),
    )
    shown = usage.text(UsageReport(Today(12.34, 60, COST), days, Cost(0.5, ("mine",))))
    assert shown.splitlines() == [
        "**Today:** 12.3 of 60 minutes translated; cost about $0.50",
        "- 2026-11-22: 12.3 minutes, 5,200 tokens; cost about $0.50",
        "- 2026-11-20: 1.0 minutes, 100 tokens, 340 typed characters read aloud; cost unknown",
        (
            "**Last 30 days:** 13.3 minutes (2.0 yours), cost at least $0.50 (no "
            "price is known for mine)"
        ),
        "-# Costs are estimates. Days are in UTC.",
    ]


def test_an_estimate_says_whose_prices_it_is_made_of() -> None:
    cost = Prices().cost({"qwen3-livetranslate-flash-realtime": Spent(tokens_in=10**6)})
    days = (Day(date(2026, 11, 22), 1, 0, 10**6, 0, cost),)
    shown = usage.text(UsageReport(Today(1, 0, cost), days, cost)).splitlines()
    assert shown[0] == "**Today:** 1.0 minutes translated; cost about $10.00"
    assert shown[-1] == (
        "-# Costs are estimates (prices: models.dev (Singapore, 2026-11-26)). Days are in UTC."
    )


def test_a_server_that_used_nothing_reads_so() -> None:
    shown = usage.text(UsageReport(Today(0, 0, Cost(0)), (), Cost(0)))
    assert shown.splitlines() == [
        "**Today:** 0.0 minutes translated; cost nothing",
        "Nothing was translated in the last 30 days.",
    ]


def test_it_fits_a_message_however_long_the_names_of_models_are() -> None:
    cost = Cost(0.5, ("x" * 90, "y" * 90))
    days = tuple(Day(date(2026, 11, day), 1e6, 1e6, 10**12, 10**9, cost) for day in range(1, 31))
    assert len(usage.text(UsageReport(Today(1e6, 1e6, cost), days, cost))) <= 2000


def test_who_may_manage_the_server_reads_when_the_month_is_nearly_used_up() -> None:
    def shown(minutes: float, *, manages: bool) -> str:
        month = MonthSpent(date(2026, 11, 1), minutes, Cost(0), MonthlyLimits(minutes=1000))
        return str(usage.text(UsageReport(TODAY, (), Cost(0), month), manages=manages))

    assert "All servers together" not in shown(799, manages=True)
    assert "All servers together" not in shown(900, manages=False)
    assert (
        "⚠️ All servers together have used 90% of what this bot's host allows for this month. "
        "At 100%, translation stops until next month (UTC)."
    ) in shown(909, manages=True)
