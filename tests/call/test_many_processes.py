"""Three bot processes on one PostgreSQL, and six shards: killed, and the database started anew."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.loopback import Bot, Channel, Guild, LoopbackDiscord, Person
from tests.integration.translation.translation_service import Service, Session, listen
from tests.support.listening_service import hum
from tests.support.many_processes import bot_processes
from tests.support.postgres import Postgres

SHARDS, CONCURRENCY = 6, 3
CONNECTS = 9  # a minute: fewer than what the rooms of all processes would make
BACK = "I'm back after a restart."
RESUMED_S = 30.0


@dataclass(frozen=True, slots=True)
class Village:
    """A server in one shard."""

    guild: Guild
    lounge: Channel
    captions: Channel
    host: Person

    @property
    def backs(self) -> int:
        return sum(BACK in message.content for message in self.captions.messages)


class World:
    """Six servers, one in each shard, and what was seen of the bot's processes."""

    def __init__(self, discord: LoopbackDiscord) -> None:
        starts = discord.session_starts
        starts.shards, starts.max_concurrency, starts.strict = SHARDS, CONCURRENCY, True
        self.discord = discord
        self.account: Bot = discord.add_bot("Parley")
        self.villages: dict[int, Village] = {}
        self.connects: list[float] = []
        self.twice: list[list[int]] = []  # shards that were open more than once
        discord.subscribe(lambda _: self._look())

    def _look(self) -> None:
        shards = self.discord.gateway.shards(self.account)
        if len(shards) != len(set(shards)):
            self.twice.append(shards)

    async def populate(self) -> None:
        while len(self.villages) < SHARDS:
            await asyncio.sleep(0.001)  # an id is of its millisecond, and so is its shard
            guild = self.discord.add_guild("Village")
            shard = (guild.id >> 22) % SHARDS
            if shard in self.villages:
                continue
            guild.invite(self.account)
            lounge, captions = guild.add_voice_channel("Lounge"), guild.add_text_channel("captions")
            host = guild.add_person("Host", admin=True)
            await host.join(lounge)
            self.villages[shard] = Village(guild, lounge, captions, host)

    async def serve(self, session: Session) -> None:
        self.connects.append(time.monotonic())
        await listen(session)

    async def until(self, predicate: Callable[[], bool], within_s: float, what: str) -> float:
        began = time.monotonic()
        while not predicate():
            assert time.monotonic() - began < within_s, f"{what} in {within_s:.0f} s"
            await asyncio.sleep(0.05)
        return time.monotonic() - began

    def owned_once(self) -> bool:
        return self.discord.gateway.shards(self.account) == list(range(SHARDS))

    def present(self, shard: int) -> bool:
        there = self.discord.voice.participants(self.villages[shard].lounge.id)
        return self.account.id in there

    async def speak(self) -> None:
        """Everybody says something, for which each room needs a conversation."""
        words = hum(0, 0.6)
        await asyncio.gather(*(one.host.speak(words) for one in self.villages.values()))

    def most_connects_in_a_minute(self) -> int:
        times = self.connects
        return max(sum(at <= other < at + 60 for other in times) for at in times)


def logged(folder: Path, words: str, *numbers: int) -> int:
    """How often processes logged something."""
    files = [folder / str(number) / "log.txt" for number in numbers]
    return sum(file.read_text().count(words) for file in files if file.exists())


def owned(postgres: Postgres) -> list[int]:
    """How many shards each process owns, by its locks."""
    found = postgres.sql(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1885434483"
        " GROUP BY pid"
    )
    return [int(row) for row in found.split() if row.isdigit()]


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    with postgres.database() as address:
        yield address


@pytest.mark.timeout(180)
async def test_rooms_are_resumed_whichever_processes_are_killed(
    tmp_path: Path, postgres: Postgres, postgres_url: str
) -> None:
    async with LoopbackDiscord() as discord:
        world = World(discord)
        await world.populate()
        async with Service(world.serve) as service:
            with bot_processes() as bots:
                env = {
                    "DISCORD_TOKEN": world.account.token,
                    "DISCORD_API_URL": discord.api_url,
                    "DISCORD_GATEWAY_URL": discord.gateway_url,
                    "DISCORD_CA_FILE": str(discord.ca_file),
                    "DASHSCOPE_URL": service.url,
                    "DATABASE_URL": postgres_url,
                    "LIVETRANSLATE_CONNECTS_PER_MINUTE": str(CONNECTS),
                    "HEALTH_PORT": "0",
                }
                began = time.monotonic()

                def said(what: str) -> None:
                    print(f"{time.monotonic() - began:5.1f} s: {what}")  # noqa: T201 - figures

                pids = [bots.start(tmp_path / str(n), env) for n in range(3)]

                def all_open() -> bool:
                    ready = logged(tmp_path, ": ready", 0, 1, 2)
                    return ready >= SHARDS and world.owned_once() and owned(postgres) == [2] * 3

                await world.until(all_open, 60, "all shards are open, two in each process")
                said("all shards are open")
                await asyncio.gather(
                    *(
                        one.host.command("translate start", {"to": "en"}, channel=one.captions)
                        for one in world.villages.values()
                    )
                )
                await world.until(
                    lambda: all(world.present(shard) for shard in range(SHARDS)), 20, "rooms start"
                )
                await world.speak()
                await asyncio.sleep(1.0)  # what runs is on its way into the database
                said("all rooms run")

                async def resumed(shards: set[int], backs: dict[int, int]) -> float:
                    def back() -> bool:
                        return world.owned_once() and all(
                            world.villages[shard].backs > backs[shard] and world.present(shard)
                            for shard in shards
                        )

                    return await world.until(back, RESUMED_S, f"rooms of {shards} are resumed")

                def backs() -> dict[int, int]:
                    return {shard: one.backs for shard, one in world.villages.items()}

                # One is killed.
                before = backs()
                bots.kill(pids[0])
                await world.until(lambda: not world.owned_once(), 5, "shards are lost")
                lost = set(range(SHARDS)) - set(discord.gateway.shards(world.account))
                assert len(lost) == SHARDS // 3
                took = await resumed(lost, before)
                said(f"resumed {took:.1f} s after one was killed")
                pids[0] = bots.start(tmp_path / "3", env)  # as who watches it does
                await world.speak()
                await world.until(
                    lambda: logged(tmp_path, "run: translating", 3) == 1, 30, "it waits"
                )

                # The database is started anew: rooms go on, and nobody loses a shard.
                before = backs()
                await asyncio.to_thread(postgres.stop)
                await asyncio.sleep(1.0)
                await asyncio.to_thread(postgres.start)
                await world.speak()
                await asyncio.sleep(4.0)
                assert world.owned_once()
                assert backs() == before
                assert all(world.present(shard) for shard in range(SHARDS))
                said("the database was started anew")

                # The two that own all shards are killed at once.
                bots.kill(pids[1], pids[2])
                took = await resumed(set(range(SHARDS)), before)
                said(f"resumed {took:.1f} s after two were killed")
                await world.speak()
                await asyncio.sleep(2.0)
                assert world.owned_once()
    assert world.twice == []
    assert [one for one in discord.session_starts.made if not one.taken] == []
    assert CONNECTS - 2 <= world.most_connects_in_a_minute() <= CONNECTS
    assert logged(tmp_path, "Traceback", 0, 1, 2, 3) == 0
    assert discord.complaints == []
