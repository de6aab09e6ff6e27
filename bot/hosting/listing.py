"""The servers, as the host reads them: a table, or JSON."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.domain.cost import Cost
from bot.usage.access import Permit
from bot.usage.ceiling import MonthSpent, described

_NAME: Final = 32  # characters shown
_HEAD: Final = ("ID", "NAME", "STATE", "BY", "TODAY", "MONTH", "COST")
_RIGHT: Final = frozenset({"TODAY", "MONTH", "COST"})


@dataclass(frozen=True, slots=True)
class GuildRow:
    """One server.

    Attributes:
        guild_id: Its id.
        name: Its name; empty where it is not known.
        permit: What holds for it.
        minutes_today: Minutes of audio today.
        minutes_month: Minutes of audio this month.
        cost_month: The estimated cost of this month.
    """

    guild_id: int
    name: str
    permit: Permit
    minutes_today: float
    minutes_month: float
    cost_month: Cost


@dataclass(frozen=True, slots=True)
class GuildList:
    """All servers, and what they spent together.

    Attributes:
        rows: The servers.
        month: What all of them spent this month, those included that left.
    """

    rows: Sequence[GuildRow]
    month: MonthSpent

    def text(self) -> str:
        """Return a table with the total beneath."""
        rows = [_cells(row) for row in self.rows]
        widths = [max(map(len, column)) for column in zip(_HEAD, *rows, strict=True)]
        shown = [
            "  ".join(
                cell.rjust(width) if head in _RIGHT else cell.ljust(width)
                for head, cell, width in zip(_HEAD, cells, widths, strict=True)
            ).rstrip()
            for cells in (_HEAD, *rows)
        ]
        limits = self.month.limits
        limited = bool(limits.minutes or limits.dollars)
        percent = f", {self.month.percent}% of the limit" if limited else ""
        return "\n".join(
            [
                *shown,
                "",
                f"All servers in {self.month.month:%B %Y}: {described(self.month)}{percent}.",
            ]
        )

    def json(self) -> str:
        """Return the same for programs; ids are strings, as JavaScript would round them."""
        limits = self.month.limits
        return json.dumps(
            {
                "month": f"{self.month.month:%Y-%m}",
                "minutes": round(self.month.minutes, 2),
                "minutes_limit": limits.minutes or None,
                "cost_usd_estimate": _dollars(self.month.cost),
                "cost_usd_limit": limits.dollars or None,
                "guilds": [_values(row) for row in self.rows],
            },
            indent=2,
            ensure_ascii=False,
        )


def _cells(row: GuildRow) -> tuple[str, ...]:
    limit = row.permit.daily_minutes
    return (
        str(row.guild_id),
        _shown(row.name),
        row.permit.state,
        row.permit.by,
        f"{row.minutes_today:,.1f}" + (f" of {limit:,g}" if limit else ""),
        f"{row.minutes_month:,.1f}",
        "unknown" if row.cost_month.unknown else f"${row.cost_month.dollars:,.2f}",
    )


def _shown(name: str) -> str:
    """Return a name on one line, as anybody may call a server anything."""
    plain = "".join(character if character.isprintable() else " " for character in name)
    return plain if len(plain) <= _NAME else f"{plain[: _NAME - 1]}…"


def _values(row: GuildRow) -> dict[str, Any]:
    return {
        "id": str(row.guild_id),
        "name": row.name or None,
        "state": row.permit.state,
        "decided_by": row.permit.by,
        "daily_minutes": row.permit.daily_minutes or None,
        "minutes_today": round(row.minutes_today, 2),
        "minutes_month": round(row.minutes_month, 2),
        "cost_month_usd_estimate": _dollars(row.cost_month),
    }


def _dollars(cost: Cost) -> float | None:
    return None if cost.unknown else round(cost.dollars, 4)
