"""All that the bot needs, on loopback and well, for tests that break one thing of it."""

import socket
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from bot import settings
from bot.clock import LoopClock
from bot.doctor.checks import Examined, Mark, examine
from bot.doctor.plan import DoctorOptions, Plan
from bot.doctor.reading import read_settings
from bot.engine.config import EngineConfig
from bot.engine.scripted import scripted
from bot.engine.server import EngineServer
from bot.loopback import Bot, Guild, LoopbackDiscord, Permissions, Role, Switches
from bot.page.server import PageServer
from bot.ui.permissions import ASKED_FOR
from bot.web.health import Health, HealthServer

SECRET = "sk-of-these-tests-alone"


@dataclass
class Clinic:
    """What a doctor is called to.

    Attributes:
        env: What stands in `.env`, line by line.
        environment: The variables of the process.
        late_s: How far this machine's clock is behind.
        trust: The certificates that are trusted for the page.
        stack: Closes what a test opens.
    """

    discord: LoopbackDiscord
    bot: Bot
    guild: Guild
    role: Role
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    stack: AsyncExitStack
    env: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    late_s: float = 0.0
    trust: ssl.SSLContext | None = None

    @property
    def env_file(self) -> Path:
        return self.folder / ".env"

    @property
    def database(self) -> Path:
        return self.folder / "parley.db"

    @property
    def database_url(self) -> str:
        return f"sqlite+aiosqlite:///{self.database}"

    def set(self, name: str, value: str | None) -> None:
        """Set a variable in `.env` to something else, or take it away."""
        self.env = [line for line in self.env if not line.startswith(f"{name}=")]
        if value is not None:
            self.env.append(f"{name}={value}")

    def value(self, name: str) -> str:
        (line,) = (line for line in self.env if line.startswith(f"{name}="))
        return line.partition("=")[2]

    def set_outside(self, name: str, value: str) -> None:
        """Set a variable of the process."""
        self.environment[name] = value
        self.monkeypatch.setenv(name, value)

    async def examined(self, options: DoctorOptions | None = None) -> list[Examined]:
        self.env_file.write_text("\n".join(self.env) + "\n", encoding="utf-8")
        read = read_settings(self.env_file, self.environment)
        plan = Plan(
            read,
            options or DoctorOptions(),
            wall=lambda: time.time() - self.late_s,  # noqa: TID251 - the clock that is checked
            trust=self.trust,
        )
        async with plan:
            return [found async for found in examine(plan.checks(), frozenset(read.wrong))]


def wrong(found: list[Examined]) -> list[Examined]:
    """Those of them that are faults or warnings."""
    return [one for one in found if one.diagnosis.mark in {Mark.FAULT, Mark.WARNING}]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def serve(clinic: Clinic, handler: web.Application, tls: ssl.SSLContext | None = None) -> int:
    """Serve an application until the end of the test; its port."""
    runner = web.AppRunner(handler, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    clinic.stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    return int(runner.addresses[0][1])


async def health_server(clinic: Clinic) -> None:
    """Answer on HEALTH_PORT as a bot does."""

    async def well() -> Health:
        return True, {}

    port = int(clinic.value("HEALTH_PORT"))
    server = HealthServer("127.0.0.1", port, well, lambda _: (b"", "text/plain"))
    await server.start()
    clinic.stack.push_async_callback(server.close)


async def page_server(clinic: Clinic, public_url: str = "") -> str:
    """Serve the page as a bot does; its own address, whose port becomes WEB_PORT.

    Args:
        clinic: What has it from then on.
        public_url: How people are to reach it; empty: at its own address.
    """
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    server = PageServer(
        public_url or own, "127.0.0.1", port, secret=b"x", clock=LoopClock(), wall=lambda: 0.0
    )
    await server.start()
    clinic.stack.push_async_callback(server.close)
    clinic.set("WEB_PORT", str(port))
    return own


@asynccontextmanager
async def clinic(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Clinic]:
    """Everything as it should be."""
    for name in settings.names():
        monkeypatch.delenv(name, raising=False)
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(LoopbackDiscord())
        engine = await stack.enter_async_context(EngineServer(EngineConfig(), made_of=scripted([])))
        bot = discord.add_bot("Parley")
        bot.switches = Switches()
        guild = discord.add_guild("Village")
        guild.add_voice_channel("Lounge")
        guild.add_text_channel("captions")
        role = guild.invite(bot, asked_for())
        here = Clinic(discord, bot, guild, role, folder, monkeypatch, stack)
        here.env = [
            f"DISCORD_TOKEN={bot.token}",
            f"DISCORD_API_URL={discord.api_url}",
            f"DASHSCOPE_URL={engine.url}",
            f"DASHSCOPE_API_KEY={SECRET}",
            f"DATABASE_URL={here.database_url}",
            f"HEALTH_PORT={free_port()}",
        ]
        here.env_file.touch(mode=0o600)
        yield here


def asked_for() -> Permissions:
    """What the invitation asks for."""
    wanted = Permissions(0)
    for name in ASKED_FOR:
        wanted |= Permissions[name.upper()]
    return wanted
