"""A whole call: the loopback Discord, an engine process, and the bot between them."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot import settings
from bot.app import App, running
from bot.chat.rendering.reading import Read, read
from bot.loopback import Bot, Channel, Guild, LoopbackDiscord, Message, Person, ReceivedAnswer
from tests.support import machine

ROOT = Path(__file__).parents[2]
ANSWERED_WITHIN_S = 1.0  # every command; Discord gives up after three


@contextmanager
def engine_process() -> Iterator[str]:
    """`parley engine` in a process of its own; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "engine", "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        row = process.stdout.readline()
        assert "DASHSCOPE_URL=" in row, "the engine did not start"
        yield row.strip().partition("DASHSCOPE_URL=")[2]
    finally:
        process.terminate()
        process.communicate(timeout=20)


@dataclass(frozen=True, slots=True)
class Place:
    """A server with a bot in it."""

    discord: LoopbackDiscord
    guild: Guild
    lounge: Channel
    captions: Channel
    account: Bot

    def env(self, folder: Path, engine_url: str) -> dict[str, str]:
        """The settings with which a bot runs here."""
        return {
            "DISCORD_TOKEN": self.account.token,
            "DISCORD_API_URL": self.discord.api_url,
            "DISCORD_GATEWAY_URL": self.discord.gateway_url,
            "DISCORD_CA_FILE": str(self.discord.ca_file),
            "DASHSCOPE_URL": engine_url,
            "DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'parley.db'}",
            "LIVETRANSLATE_CONNECTS_PER_MINUTE": "1000",
            "HEALTH_PORT": "0",
        }

    def said(self) -> list["Said"]:
        """The captions that stand, oldest first."""
        return [
            Said(message, read(message.content))
            for message in self.captions.messages
            if message.webhook_id is not None and not message.deleted
        ]

    async def captioned(self, *names: str, within_s: float = 30.0) -> None:
        """Wait until each of these has as many final captions as named here."""
        wanted = sorted(names)

        def final() -> list[str]:
            return sorted(s.message.author_name for s in self.said() if s.words.final)

        await self.until(lambda: final() == wanted, within_s, f"captions of {wanted}")

    async def until(self, predicate: Callable[[], bool], within_s: float, what: str) -> None:
        """Wait until something seen on this Discord makes the predicate true."""
        changed = asyncio.Event()
        unsubscribe = self.discord.subscribe(lambda _: changed.set())
        try:
            async with asyncio.timeout(within_s):
                while not predicate():
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            texts = [(s.message.author_name, s.message.content) for s in self.said()]
            raise AssertionError(f"{what} did not come; there is {texts}") from None
        finally:
            unsubscribe()


@dataclass(frozen=True, slots=True)
class Said:
    """A caption as it stands."""

    message: Message
    words: Read


@asynccontextmanager
async def place() -> AsyncIterator[Place]:
    """A Discord with one server, a voice channel, a text channel and an invited bot."""
    async with LoopbackDiscord() as discord:
        guild = discord.add_guild("Parley")
        captions = guild.add_text_channel("captions")
        lounge = guild.add_voice_channel("Lounge")
        account = discord.add_bot("Parley")
        guild.invite(account)
        yield Place(discord, guild, lounge, captions, account)


@asynccontextmanager
async def bot_at(where: Place, folder: Path, engine_url: str, **more: str) -> AsyncIterator[App]:
    """The bot, logged in there."""
    given = where.env(folder, engine_url) | more
    async with running(settings.load(None, given=given)) as app:
        yield app


async def notice_of(where: Place) -> Message:
    """The room's notice with its buttons."""
    found = [m for m in where.captions.messages if m.components and not m.deleted]
    assert found, "no notice stands"
    return found[-1]


async def ask(person: Person, where: Place, command: str, **options: Any) -> ReceivedAnswer:
    """What is answered to a command, in time and seen by who asked alone."""
    before = machine.share()
    answer = await person.command(command, options, channel=where.captions)
    waited_s = machine.share().since(before).waited_s
    assert answer.answered_after_s < ANSWERED_WITHIN_S + waited_s, command
    assert answer.ephemeral, command
    return answer


async def stop(person: Person, where: Place) -> ReceivedAnswer:
    """What is answered to a stop, confirmed where others are heard."""
    asked = await person.command("translate stop", {}, channel=where.captions)
    if not asked.components:
        return asked
    confirmed = await person.press(asked, "Stop for everyone")
    await confirmed.until(lambda now: now.content == "Translation has stopped.", 30.0)
    return confirmed


async def enter(person: Person, where: Place) -> Person:
    """Into the lounge."""
    await person.join(where.lounge)
    return person


@dataclass(frozen=True, slots=True)
class Open:
    """What this process holds open."""

    threads: frozenset[str]
    sockets: int
    tasks: frozenset[str]


def open_now() -> Open:
    """Threads, sockets and tasks; asyncio's own pool of threads is the loop's, not ours."""
    threads = frozenset(
        f"{thread.name}" for thread in threading.enumerate() if "asyncio_" not in thread.name
    )
    here = asyncio.current_task()
    tasks = frozenset(task.get_name() for task in asyncio.all_tasks() if task is not here)
    return Open(threads, _sockets(), tasks)


def _sockets() -> int:
    folder = Path("/proc/self/fd")
    if not folder.exists():
        return 0  # only Linux tells
    count = 0
    for entry in folder.iterdir():
        try:
            count += str(entry.readlink()).startswith("socket:")
        except FileNotFoundError:
            continue  # the listing's own
    return count
