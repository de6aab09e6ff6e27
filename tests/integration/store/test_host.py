"""What the host decides, the servers' names and the account's month, on both databases."""

import asyncio
from datetime import date

from sqlalchemy import text

from bot.domain.access import HostGrant
from bot.domain.spent import Spent, SpentKey
from bot.store.database import Database
from bot.store.guilds import GuildTable
from bot.store.host import HostTable
from bot.store.usage import UsageTable

MONTH = date(2026, 11, 1)
GUILD = 2**62 + 1


async def test_decisions_are_kept_replaced_and_forgotten(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        host = HostTable(database)
        await host.put_grant(GUILD, HostGrant(allowed=True, daily_minutes=12.5))
        await host.put_grant(2, HostGrant(allowed=False))
        await host.put_grant(2, HostGrant(allowed=True))
        assert await host.grants() == {
            GUILD: HostGrant(allowed=True, daily_minutes=12.5),
            2: HostGrant(allowed=True),
        }
        assert await host.drop_grant(2)
        assert not await host.drop_grant(2)
        assert list(await host.grants()) == [GUILD]


async def test_a_decision_outlasts_a_server_that_left_and_its_name_does_not(
    database_url: str,
) -> None:
    async with await Database.open(database_url) as database:
        host, guilds = HostTable(database), GuildTable(database)
        await host.put_grant(GUILD, HostGrant(allowed=False))
        assert await guilds.guilds() == frozenset(), "a decision alone is no data of a server"
        await host.put_names({GUILD: "Strangers", 2: "Friends"})
        await host.put_names({2: "Good friends"})
        await guilds.guild_left(GUILD, at=1.0)
        assert await guilds.purge(before=2.0) == 1
        assert await host.names() == {2: "Good friends"}
        assert await host.grants() == {GUILD: HostGrant(allowed=False)}


async def test_a_month_adds_up_what_several_processes_spend_at_once(database_url: str) -> None:
    async with (
        await Database.open(database_url) as one,
        await Database.open(database_url) as other,
    ):
        spent = {"live": Spent(tokens_in=1), "text": Spent(tokens_out=2)}
        hosts = (HostTable(one), HostTable(other))
        await asyncio.gather(
            *(host.add_to_month(MONTH, spent) for host in hosts for _ in range(10))
        )
        whole = {"live": Spent(tokens_in=20), "text": Spent(tokens_out=40)}
        assert await hosts[0].add_to_month(MONTH, {}) == whole
        assert await hosts[1].add_to_month(date(2026, 12, 1), {}) == {}


async def test_of_several_processes_one_warns(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        host = HostTable(database)
        claims = await asyncio.gather(*(host.claim_warning(MONTH, 80) for _ in range(5)))
        assert sorted(claims) == [False] * 4 + [True]
        assert await host.claim_warning(MONTH, 100)
        assert await host.claim_warning(date(2026, 12, 1), 80)


async def test_what_servers_spent_is_listed_by_server_and_model(database_url: str) -> None:
    async with await Database.open(database_url) as database:
        table = UsageTable(database)
        await table.add(
            {
                SpentKey(date(2026, 10, 31), GUILD, 1, "live"): Spent(tokens_in=1),
                SpentKey(date(2026, 11, 1), GUILD, 1, "live"): Spent(tokens_in=2),
                SpentKey(date(2026, 11, 2), GUILD, 2, "live"): Spent(tokens_in=4),
                SpentKey(date(2026, 11, 2), 2, 0, "text"): Spent(tokens_out=8),
            }
        )
        assert await table.by_guild(MONTH) == {
            GUILD: {"live": Spent(tokens_in=6)},
            2: {"text": Spent(tokens_out=8)},
        }


async def test_a_database_of_an_earlier_step_counts_what_was_spent_this_month(
    database_url: str,
) -> None:
    async with await Database.open(database_url) as database:
        async with database.reading() as connection:
            today = (await connection.execute(text("SELECT CURRENT_DATE"))).scalar_one()
        month = date.fromisoformat(str(today)).replace(day=1)
        await UsageTable(database).add(
            {
                SpentKey(month, GUILD, 1, "live"): Spent(tokens_in=2),
                SpentKey(month, 2, 1, "live"): Spent(tokens_in=3, connects=1),
                SpentKey(date(2025, 1, 1), GUILD, 1, "live"): Spent(tokens_in=100),
            }
        )
        async with database.transaction() as connection:
            for table in (
                "guild_names",
                "host_grants",
                "account_usage",
                "account_warnings",
                "voices",
                "processes",
                "budgets",
                "identifies",
            ):
                await connection.execute(text(f"DROP TABLE IF EXISTS {table}"))
            if database.dialect == "postgresql":
                await connection.execute(text("DROP FUNCTION IF EXISTS parley_look"))
            await connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    async with await Database.open(database_url) as database:
        months = await HostTable(database).add_to_month(month, {})
        assert months == {"live": Spent(tokens_in=5, connects=1)}
