"""What a server spent, in words."""

from bot.room.allowance import Today
from bot.room.spending import DAYS, Day, Report

_SHOWN = 7  # days
_ESTIMATE = "-# Costs are estimates from the price table, days those of UTC."


def text(report: Report) -> str:
    """What `/translate usage` answers."""
    lines = [f"**Today:** {today(report.today)}"]
    if not report.days:
        return "\n".join([*lines, f"Nothing was translated in the last {DAYS} days."])
    lines += [_day(day) for day in report.days[:_SHOWN]]
    minutes = sum(day.minutes for day in report.days)
    own = sum(day.own_minutes for day in report.days)
    lines.append(
        f"**Last {DAYS} days:** {minutes:.1f} minutes, of them {own:.1f} yours; cost {report.cost}"
    )
    return "\n".join([*lines, _ESTIMATE])


def today(spent: Today) -> str:
    """Today's minutes and cost."""
    limit = f" of {spent.limit:g}" if spent.limit else ""
    return f"{spent.minutes:.1f}{limit} minutes translated; cost {spent.cost}"


def _day(day: Day) -> str:
    return (
        f"- {day.day.isoformat()}: {day.minutes:.1f} minutes, {day.tokens:,} tokens, "
        f"{day.connects} connections; cost {day.cost.short}"
    )
