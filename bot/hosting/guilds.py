"""`parley guilds`: which servers use the bot and how much, and who may.

It reads and writes the bot's database beside the bot, which reads decisions again every few
seconds. Usage is written every ten seconds, so the list is that old at most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from bot.domain.access import HostGrant
from bot.domain.spent import Spent
from bot.errors import UsageError
from bot.hosting.listing import GuildList, GuildRow
from bot.settings import Settings, UsageSettings
from bot.store.database import Database
from bot.store.host import HostTable
from bot.store.usage import UsageTable
from bot.usage.access import READ_S, Permit
from bot.usage.ceiling import MonthSpent

Action = Literal["allow", "deny", "reset"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the host decides for a server.

    Attributes:
        action: What to do.
        guild_id: The server.
        daily_minutes: Minutes a day for one that is allowed; 0: no limit; None: as set.
        in_advance: The server may be one that the bot does not know yet.
    """

    action: Action
    guild_id: int
    daily_minutes: float | None = None
    in_advance: bool = False


class GuildOffice:
    """Reads and writes what the host wants to know and decides.

    Args:
        database: The bot's.
        usage: What the settings say of servers.
        today: Today, in UTC.
    """

    def __init__(self, database: Database, usage: UsageSettings, today: date) -> None:
        self._host = HostTable(database)
        self._usage = UsageTable(database)
        self._settings = usage
        self._today = today

    async def list(self) -> GuildList:
        """Return every server that is known or named, the one that used most this month first.

        Raises:
            StoreError: The database fails.
        """
        names, grants = await self._host.names(), await self._host.grants()
        month = self._today.replace(day=1)
        this_month = await self._usage.by_guild(month)
        today = await self._usage.by_guild(self._today)
        rules = self._settings.access
        known = {*names, *grants, *this_month, *rules.allowed, *rules.denied}
        rows = [
            GuildRow(
                guild_id,
                names.get(guild_id, ""),
                rules.of(guild_id, grants.get(guild_id)),
                minutes_today=_minutes(today.get(guild_id, {})),
                minutes_month=_minutes(this_month.get(guild_id, {})),
                cost_month=self._settings.prices.cost(this_month.get(guild_id, {})),
            )
            for guild_id in sorted(known)
        ]
        rows.sort(key=lambda row: -row.minutes_month)
        total = await self._host.add_to_month(month, {})
        cost = self._settings.prices.cost(total)
        spent = MonthSpent(month, _minutes(total), cost, self._settings.monthly)
        return GuildList(tuple(rows), spent)

    async def decide(self, decision: Decision) -> str:
        """Keep a decision, and return what holds now, in a sentence.

        Raises:
            UsageError: The server is not known.
            StoreError: The database fails.
        """
        guild_id = decision.guild_id
        name = await self._name(decision)
        if decision.action == "reset":
            if not await self._host.drop_grant(guild_id):
                return f"Nothing was decided for {name}; {_holds(self._permit(guild_id))}"
            return f"Reset {name}: {_holds(self._permit(guild_id))} {_FOLLOWS}"
        grant = HostGrant(decision.action == "allow", decision.daily_minutes)
        await self._host.put_grant(guild_id, grant)
        permit = self._permit(guild_id, grant)
        return f"{decision.action.title()} {name}: {_holds(permit)} {_FOLLOWS}"

    def _permit(self, guild_id: int, grant: HostGrant | None = None) -> Permit:
        return self._settings.access.of(guild_id, grant)

    async def _name(self, decision: Decision) -> str:
        guild_id, rules = decision.guild_id, self._settings.access
        names = await self._host.names()
        known = guild_id in {*names, *rules.allowed, *rules.denied}
        if not (known or decision.in_advance) and guild_id not in await self._host.grants():
            raise UsageError(
                f"No server with the id {guild_id} is known: `parley guilds` lists those that are. "
                "For one that has not invited the bot yet, add --in-advance."
            )
        return f"server {guild_id}" + (f" ({names[guild_id]})" if guild_id in names else "")


_FOLLOWS: Final = f"A running bot follows within {READ_S:.0f} seconds."


def _holds(permit: Permit) -> str:
    if permit.denied:
        return f"it is denied (by {permit.by})."
    limit = f"{permit.daily_minutes:,g} minutes a day" if permit.daily_minutes else "no daily limit"
    return f"it is {_STATES[permit.state]}, with {limit} (by {permit.by})."


_STATES: Final[Mapping[str, str]] = {"allowed": "allowed", "guest": "a guest"}


def _minutes(amounts: Mapping[str, Spent]) -> float:
    return sum(amount.minutes for amount in amounts.values())


async def run(settings: Settings, today: date, decision: Decision | None, *, as_json: bool) -> str:
    """Return the answer to one command.

    Args:
        settings: The bot's.
        today: Today, in UTC.
        decision: What the host decides; None: to list servers.
        as_json: The list is wanted as JSON.

    Raises:
        UsageError: The server is not known.
        StoreError: There is no database, or it fails.
    """
    async with await Database.existing(settings.database_url) as database:
        office = GuildOffice(database, settings.usage, today)
        if decision is not None:
            return await office.decide(decision)
        listed = await office.list()
        return listed.json() if as_json else listed.text()
