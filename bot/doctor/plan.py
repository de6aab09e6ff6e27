"""Every check, with what it needs, in the order in which they are shown."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Self

from bot.doctor import account, env_file, machine, process, service
from bot.doctor.checks import Check, Found, skipped
from bot.doctor.database import DatabaseChecks
from bot.doctor.discord_account import DiscordAccount
from bot.doctor.page import PageChecks
from bot.doctor.reading import SettingsRead
from bot.doctor.servers import servers
from bot.store.look import folder_of

_SERVERS_S: Final = 120.0
_CONVERSATION_S: Final = 20.0  # more than it waits for by itself


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """What is asked for.

    Attributes:
        json: As JSON.
        spends: Whether the service may be spoken to, which costs a little.
        servers: Ids of servers to look at.
        all_servers: Look at all of them.
    """

    json: bool = False
    spends: bool = True
    servers: tuple[int, ...] = ()
    all_servers: bool = False


class Plan:
    """What is to be checked.

    Args:
        read: The settings.
        options: What is asked for.
        wall: Seconds since 1970.
        trust: The certificates that are trusted for the page; None: the system's.
    """

    def __init__(
        self,
        read: SettingsRead,
        options: DoctorOptions,
        *,
        wall: Callable[[], float],
        trust: ssl.SSLContext | None = None,
    ) -> None:
        config = read.config
        self._read = read
        self._options = options
        self._discord = DiscordAccount(config.discord, wall, limited=config.usage.limited)
        self._database = DatabaseChecks(config.database_url)
        self._page = PageChecks(config.page, wall, trust)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._discord.close()

    def checks(self) -> Sequence[Check]:
        """Return all checks."""
        return [
            *self._machine(),
            *self._settings(),
            *self._of_discord(),
            *self._service(),
            *self._of_database(),
            *self._process(),
            *self._of_page(),
        ]

    def _machine(self) -> list[Check]:
        wanted = machine.wanted()
        folder = (folder_of(self._read.config.database_url) or Path()).absolute()
        return [
            Check("This machine", "Python", partial(machine.python, wanted)),
            Check("This machine", "libraries", partial(machine.libraries, wanted)),
            Check("This machine", "libopus", machine.libopus),
            Check("This machine", "DAVE", machine.encryption),
            Check(
                "This machine",
                "disk",
                partial(machine.disk, folder),
                settings=("DATABASE_URL",),
            ),
        ]

    def _settings(self) -> list[Check]:
        read = self._read
        return [
            Check(
                "Settings",
                "each setting",
                partial(env_file.settings, read.given, read.wrong, read.unreadable),
            ),
            Check("Settings", "names", partial(env_file.names, read.given)),
            Check(
                "Settings",
                "account limits",
                partial(account.limits, read.config),
                settings=(
                    "DASHSCOPE_URL",
                    "LIVETRANSLATE_MODEL",
                    "LIVETRANSLATE_CONNECTS_PER_MINUTE",
                    "LIVETRANSLATE_OPEN_CONVERSATIONS",
                    "LIVETRANSLATE_TOKENS_PER_MINUTE",
                    "TEXT_REQUESTS_PER_MINUTE",
                    "FAN_OUT",
                    "MAX_LANGUAGES",
                ),
            ),
            Check(
                "Settings",
                "prices",
                partial(account.prices, read.config),
                settings=(
                    "PRICES",
                    "DASHSCOPE_URL",
                    "LIVETRANSLATE_MODEL",
                    "TEXT_MODEL",
                    "TTS_MODEL",
                ),
            ),
        ]

    def _of_discord(self) -> list[Check]:
        discord = self._discord
        reached = ("Discord",)
        logged_in = ("token",)
        return [
            Check(
                "Discord",
                "Discord",
                discord.reached,
                settings=("DISCORD_API_URL", "DISCORD_CA_FILE"),
            ),
            Check("Discord", "clock", discord.clock, needs=reached),
            Check("Discord", "token", discord.token, needs=reached, settings=("DISCORD_TOKEN",)),
            Check("Discord", "application", discord.application, needs=logged_in),
            Check("Discord", "installation", discord.installing, needs=logged_in),
            Check("Discord", "intents", discord.intents, needs=logged_in),
            Check(
                "Discord",
                "gateway",
                discord.sessions,
                needs=logged_in,
                settings=("DISCORD_GATEWAY_URL",),
            ),
            Check("Discord", "servers", self._servers, needs=logged_in, within_s=_SERVERS_S),
        ]

    async def _servers(self) -> Found:
        options = self._options
        if not options.servers and not options.all_servers:
            return skipped("Not asked for: --server ID looks at one, --servers at all.")
        return await servers(self._discord, () if options.all_servers else options.servers)

    def _service(self) -> list[Check]:
        config = self._read.config
        return [
            Check(
                "Translation service",
                "service",
                partial(service.reached, config.translation.url),
                settings=("DASHSCOPE_URL",),
            ),
            Check(
                "Translation service",
                "key and model",
                partial(service.spoken_to, config, spends=self._options.spends),
                needs=("service",),
                within_s=_CONVERSATION_S,
                settings=(
                    "DASHSCOPE_API_KEY",
                    "LIVETRANSLATE_MODEL",
                    "LIVETRANSLATE_SILENCE_MS",
                ),
            ),
        ]

    def _of_database(self) -> list[Check]:
        return [
            Check("Database", "database", self._database.reached, settings=("DATABASE_URL",)),
            Check("Database", "tables", self._database.migrations, needs=("database",)),
        ]

    def _process(self) -> list[Check]:
        config = self._read.config
        health = ("HEALTH_HOST", "HEALTH_PORT")
        page = ("PUBLIC_URL", "WEB_HOST", "WEB_PORT")
        return [
            Check("The bot", "running", self._running, needs=("database",), settings=health),
            Check(
                "The bot",
                "health port",
                partial(process.health_port, config.health),
                settings=health,
            ),
            Check(
                "The bot",
                "web port",
                partial(process.web_port, config.page, config.health),
                settings=(*page, *health),
            ),
        ]

    async def _running(self) -> Found:
        seen = self._database.seen
        health = self._read.config.health
        return await process.running(health, held=seen.held, shared=seen.kind == "PostgreSQL")

    def _of_page(self) -> list[Check]:
        page = ("PUBLIC_URL", "WEB_HOST", "WEB_PORT")
        if self._read.config.page.public_url is None and "PUBLIC_URL" not in self._read.wrong:
            return []
        return [
            Check("The page", "address", self._page.found, settings=page),
            Check("The page", "answer", self._page.answered, needs=("address",), settings=page),
        ]
