"""What a server spent, in words."""

from bot.domain.cost import Today
from bot.usage.ceiling import WARN_PERCENT, MonthSpent
from bot.usage.report import DAYS, Day, UsageReport
from bot.words import Renderable, lines, number, t, tn

_SHOWN = 7  # days


def text(report: UsageReport, *, manages: bool = False) -> Renderable:
    """Return the answer to `/translate usage`.

    Args:
        report: What the server spent.
        manages: Whether who asked may manage the server, and reads when the bot is about to stop.
    """
    head: Renderable = t("**Today:** {spent}", spent=today(report.today))
    if manages and report.month is not None and report.month.percent >= WARN_PERCENT:
        head = lines([head, _month(report.month)])
    if not report.days:
        return lines([head, t("Nothing was translated in the last {days} days.", days=DAYS)])
    whole = t(
        "**Last {days} days:** {minutes} minutes ({own} yours), cost {cost}",
        days=DAYS,
        minutes=number(sum(day.minutes for day in report.days), 1),
        own=number(sum(day.own_minutes for day in report.days), 1),
        cost=report.cost.whole,
    )
    if (by := report.cost.by) is None:
        foot = t("-# Costs are estimates. Days are in UTC.")
    else:
        foot = t("-# Costs are estimates (prices: {prices}). Days are in UTC.", prices=by)
    return lines([head, *(_day(day) for day in report.days[:_SHOWN]), whole, foot])


def today(spent: Today) -> Renderable:
    """Describe today's minutes and cost."""
    if spent.limit:
        return tn(
            "{minutes} of {limit} minute translated; cost {cost}",
            "{minutes} of {limit} minutes translated; cost {cost}",
            spent.limit,
            minutes=number(spent.minutes, 1),
            limit=number(spent.limit),
            cost=spent.cost.whole,
        )
    return t(
        "{minutes} minutes translated; cost {cost}",
        minutes=number(spent.minutes, 1),
        cost=spent.cost.whole,
    )


def _month(month: MonthSpent) -> Renderable:
    return t(
        "⚠️ All servers together have used {percent}% of what this bot's host allows for this "
        "month. At 100%, translation stops until next month (UTC).",
        percent=number(month.percent, 0),
    )


def _day(day: Day) -> Renderable:
    if day.characters:
        return t(
            "- {day}: {minutes} minutes, {tokens} tokens, {characters} typed characters read "
            "aloud; cost {cost}",
            day=day.day.isoformat(),
            minutes=number(day.minutes, 1),
            tokens=number(day.tokens),
            characters=number(day.characters),
            cost=day.cost.short,
        )
    return t(
        "- {day}: {minutes} minutes, {tokens} tokens; cost {cost}",
        day=day.day.isoformat(),
        minutes=number(day.minutes, 1),
        tokens=number(day.tokens),
        cost=day.cost.short,
    )
