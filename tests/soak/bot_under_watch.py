"""Starts the bot of a soak, asks what it holds open, and reads its database and log."""

import asyncio
import json
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bot.loopback import Bot, LoopbackDiscord
from tests.call.test_run import UNUSED_ENGINE
from tests.support.call import Place
from tests.support.page import free_port

ROOT = Path(__file__).parents[2]
# Five connections to the database, each with a thread of aiosqlite's and three files; SQLite keeps
# the file of one that was closed while another has a lock.
_POOL = 6
_OF_POOL = ("(_connection_worker_thread)", "parley.db", "parley.db-wal", "parley.db-shm")


@dataclass(frozen=True, slots=True)
class Held:
    """What the bot's process holds open.

    Attributes:
        at: Loop second.
        tasks: By name.
        threads: By name.
        files: Descriptors, by what they are of.
        rooms: Rooms that run.
        objects: Objects that the collector knows, by their type.
        blocks: Of Python's memory that are in use, whatever is in them.
        kb: Memory that is its own.
        in_use_kb: What is in use of it: the rest are gaps between, in pages that can't be returned.
        rows: Rows by table.
    """

    at: float
    tasks: Counter[str]
    threads: Counter[str]
    files: Counter[str]
    rooms: int
    objects: Counter[str]
    blocks: int
    kb: int
    in_use_kb: int
    rows: dict[str, int]

    def beyond(self, before: "Held", most_rows: Mapping[str, int]) -> list[str]:
        """Return what is more than it was before, a line each.

        Args:
            before: What there was.
            most_rows: How many rows tables may have whatever happens, by table.
        """
        found = [f"task {name} x{count}" for name, count in (self.tasks - before.tasks).items()]
        for kind, now, then in (
            ("thread", self.threads, before.threads),
            ("file", self.files, before.files),
        ):
            most = then | Counter(dict.fromkeys(_OF_POOL, _POOL))
            # A request may be under way, and its connection is kept for the next one.
            most += Counter(dict.fromkeys((name for name in now if "socket to" in name), 2))
            found += [f"{kind} {name} x{count}" for name, count in (now - most).items()]
        if self.rooms > before.rooms:
            found.append(f"{self.rooms} rooms")
        found += [
            f"{rows - before.rows.get(table, 0)} more rows in {table}"
            for table, rows in self.rows.items()
            if rows > max(before.rows.get(table, 0), most_rows.get(table, 0))
        ]
        return found


def environment(discord: LoopbackDiscord, account: Bot, url: str, folder: Path) -> dict[str, str]:
    """Return the settings of the bot."""
    guild = discord.add_guild("Nowhere")  # whose channels `Place` wants
    channel = guild.add_text_channel("nothing")
    env = Place(discord, guild, channel, channel, account).env(folder, url or UNUSED_ENGINE)
    port = free_port()
    return env | {
        "LIVETRANSLATE_SILENCE_MS": "300",
        "LIVETRANSLATE_OPEN_CONVERSATIONS": "200",
        "LIVETRANSLATE_TOKENS_PER_MINUTE": "100000000",
        "TEXT_REQUESTS_PER_MINUTE": "1200",
        "PUBLIC_URL": f"http://localhost:{port}",
        "WEB_PORT": str(port),
    }


class WatchedBot:
    """The process; an async context that ends it.

    Args:
        env: Its settings.
        folder: Where its database is, and its log is written.
    """

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self._env = env
        self._folder = folder
        self.log = folder / "bot.log"

    async def __aenter__(self) -> Self:
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.soak.bot",
                cwd=ROOT,
                # The C library has it all, and counts it.
                env={**self._env, "PATH": os.defpath, "PYTHONMALLOC": "malloc"},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(60.0):
            ready = await self._process.stdout.readline()
        assert ready == b"ready\n", self.log.read_text(encoding="utf-8")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(30.0):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            raise

    async def held(self) -> Held:
        """Return what it holds open now."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(b"\n")
        async with asyncio.timeout(30.0):
            said = json.loads(await self._process.stdout.readline())
        return Held(
            asyncio.get_running_loop().time(),
            tasks=Counter[str](said["tasks"]),
            threads=Counter[str](said["threads"]),
            files=Counter[str](said["files"]),
            rooms=said["rooms"],
            objects=Counter[str](said["objects"]),
            blocks=said["blocks"],
            kb=said["kb"],
            in_use_kb=said["in_use_kb"],
            rows=self._rows(),
        )

    def _rows(self) -> dict[str, int]:
        path = f"file:{self._folder / 'parley.db'}?mode=ro"
        with closing(sqlite3.connect(path, uri=True, timeout=10)) as file:
            names = file.execute("select name from sqlite_master where type = 'table'").fetchall()
            counts = {}
            for (name,) in names:
                ((count,),) = file.execute(f'select count(*) from "{name}"').fetchall()  # noqa: S608 - the database's own names
                counts[name] = count
        return counts
