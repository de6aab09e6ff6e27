"""`parley guilds` on the command line, beside a bot that holds the database's lease."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import cli
from bot.domain.access import HostGrant
from bot.domain.spent import Spent, SpentKey
from bot.settings import names
from bot.store.database import Database
from bot.store.host import HostTable
from bot.store.ownership import lease
from bot.store.usage import UsageTable
from bot.wall_clock import machine

FRIENDS, STRANGERS, NAMELESS = 2**62 + 1, 22, 333
MODEL = "qwen3-livetranslate-flash-realtime"
MINUTE = 60 * 16_000


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    given = {
        "DATABASE_URL": "sqlite+aiosqlite:///parley.db",
        "DAILY_MINUTES": "60",
        "ALLOWED_GUILDS": str(FRIENDS),
        "GUEST_DAILY_MINUTES": "5",
        "MONTHLY_MINUTES": "100",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)


class Bot:
    """The database of a bot that runs, and the command beside it."""

    def __init__(self, database: Database, capsys: pytest.CaptureFixture[str]) -> None:
        self.host = HostTable(database)
        self.usage = UsageTable(database)
        self._capsys = capsys

    async def run(self, *arguments: str, status: int = 0) -> str:
        """What the command says, in a thread of its own as it has a loop of its own."""
        try:
            ended = await asyncio.to_thread(cli.main, ["guilds", *arguments])
        except SystemExit as exit_:
            ended = int(str(exit_.code))
        out, err = self._capsys.readouterr()
        assert ended == status, err
        return out if status == 0 else err


@pytest.fixture
async def bot(capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Bot]:
    url = "sqlite+aiosqlite:///parley.db"
    held = await lease.take(url)
    async with await Database.open(url) as database:
        yield Bot(database, capsys)
    await held.close()


async def fill(bot: Bot) -> None:
    today = machine().date()
    used = {
        SpentKey(today, FRIENDS, 1, MODEL): Spent(3 * MINUTE, tokens_in=100_000),
        SpentKey(today.replace(day=1), STRANGERS, 1, MODEL): Spent(2 * MINUTE),
        SpentKey(today, NAMELESS, 1, "unpriced"): Spent(90 * MINUTE // 60, tokens_in=1),
        SpentKey(today.replace(day=1) - timedelta(days=1), FRIENDS, 1, MODEL): Spent(MINUTE),
    }
    await bot.usage.add(used)
    await bot.host.put_names({FRIENDS: "Friends", STRANGERS: "Strange\n\x1b[31mrs"})
    await bot.host.add_to_month(today.replace(day=1), {MODEL: Spent(80 * MINUTE)})


async def test_servers_are_listed_with_use_cost_allowance_and_who_decided(bot: Bot) -> None:
    await fill(bot)
    await bot.host.put_grant(STRANGERS, HostGrant(allowed=False))
    head, *rows, blank, total = (await bot.run()).splitlines()
    assert head.split() == ["ID", "NAME", "STATE", "BY", "TODAY", "MONTH", "COST"]
    friends, strangers, nameless = (row.split("  ") for row in rows)
    assert [cell.strip() for cell in friends if cell] == [
        str(FRIENDS), "Friends", "allowed", "ALLOWED_GUILDS", "3.0 of 60", "3.0", "$1.00",
    ]  # fmt: skip
    assert "\x1b" not in strangers
    assert "denied" in rows[1]
    assert "parley guilds" in rows[1]
    assert [cell.strip() for cell in nameless if cell][:2] == [str(NAMELESS), "guest"]
    assert rows[2].endswith("unknown")
    assert blank == ""
    assert total == (
        f"All servers in {machine():%B %Y}: 80.0 of 100 minutes, $0.00 (estimated), 80% of the "
        "limit."
    )


async def test_the_list_as_json_keeps_ids_whole(bot: Bot) -> None:
    await fill(bot)
    listed = json.loads(await bot.run("--json"))
    assert (listed["minutes"], listed["minutes_limit"], listed["cost_usd_limit"]) == (80, 100, None)
    assert listed["guilds"][0] == {
        "id": str(FRIENDS),
        "name": "Friends",
        "state": "allowed",
        "decided_by": "ALLOWED_GUILDS",
        "daily_minutes": 60,
        "minutes_today": 3,
        "minutes_month": 3,
        "cost_month_usd_estimate": 1,
    }
    assert listed["guilds"][2]["cost_month_usd_estimate"] is None


async def test_a_server_is_allowed_denied_and_reset_while_the_bot_runs(bot: Bot) -> None:
    await fill(bot)
    said = await bot.run("allow", str(STRANGERS), "--daily-minutes", "30")
    assert said.startswith(f"Allow server {STRANGERS} (Strange")
    assert said.endswith(
        ": it is allowed, with 30 minutes a day (by parley guilds). A running bot follows within "
        "10 seconds.\n"
    )
    assert await bot.host.grants() == {STRANGERS: HostGrant(allowed=True, daily_minutes=30)}
    assert "no daily limit" in await bot.run("allow", str(STRANGERS), "--daily-minutes", "0")
    assert "it is denied (by parley guilds)" in await bot.run("deny", str(STRANGERS))
    assert await bot.host.grants() == {STRANGERS: HostGrant(allowed=False)}
    said = await bot.run("reset", str(STRANGERS))
    assert "it is a guest, with 5 minutes a day (by GUEST_DAILY_MINUTES)" in said
    assert await bot.host.grants() == {}
    assert "Nothing was decided for server" in await bot.run("reset", str(STRANGERS))


async def test_what_can_not_be_is_refused_in_one_line(bot: Bot) -> None:
    said = await bot.run("deny", "12345", status=2)
    assert said == (
        "parley: No server with the id 12345 is known: `parley guilds` lists those that are. For "
        "one that has not invited the bot yet, add --in-advance.\n"
    )
    assert await bot.host.grants() == {}
    assert "server 12345: it is denied" in await bot.run("deny", "12345", "--in-advance")
    for bad in ("friends", "-1", "0", str(2**63)):
        assert "is no server's id" in await bot.run("allow", "--", bad, status=2)
    for bad in ("many", "-1", "nan", "1e9"):
        said = await bot.run("allow", "12345", f"--daily-minutes={bad}", status=2)
        assert "is no number of minutes" in said


def test_without_a_database_nothing_is_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["guilds", "allow", "1"]) == 1
    assert "There is no database at parley.db: start the bot once" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
