"""The bot's account at Discord: reached by REST alone, so that a running bot keeps its session."""

import ssl
from collections.abc import Callable, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import discord

from bot.client import point_at, trust
from bot.doctor.checks import Diagnosis, fault, ok, warning
from bot.doctor.network import CONNECT_S, Address, UnreachedError, reach, unreached
from bot.errors import SettingsError
from bot.settings import DiscordSettings
from bot.ui.permissions import ASKED_FOR, NAMES

_PORTAL: Final = "https://discord.com/developers/applications"
# As Discord asks for: others may be turned away.
_USER_AGENT: Final = f"DiscordBot (https://github.com/Rapptz/discord.py, {discord.__version__})"
_SLIGHT_S: Final = 5.0
_WRONG_S: Final = 60.0
_FEW_SESSIONS: Final = 50
_SCOPES: Final = ("bot", "applications.commands")
_PRIVILEGED: Final = {
    "Presence": ("gateway_presence", "gateway_presence_limited"),
    "Server Members": ("gateway_guild_members", "gateway_guild_members_limited"),
    "Message Content": ("gateway_message_content", "gateway_message_content_limited"),
}


def asked_for() -> discord.Permissions:
    """Return the permissions that an invitation asks for."""
    return discord.Permissions(**dict.fromkeys(ASKED_FOR, True))


class DiscordAccount:
    """What is asked of Discord. Its checks are to be run in the order of their needs.

    Args:
        config: How Discord is reached.
        wall: Seconds since 1970.
        limited: Whether there is a limit to what a server may have translated.
    """

    def __init__(
        self, config: DiscordSettings, wall: Callable[[], float], *, limited: bool
    ) -> None:
        self._config = config
        self._limited = limited
        self._wall = wall
        self._host = urlsplit(config.api_url).hostname or ""
        self._trust: ssl.SSLContext | None = None
        self._ahead_s: float | None = None  # of this machine's clock
        self._client: discord.Client | None = None
        self._application: discord.AppInfo | None = None

    @property
    def client(self) -> discord.Client:
        """The client, once `token` was found good."""
        if self._client is None:
            raise RuntimeError("not logged in")
        return self._client

    async def close(self) -> None:
        """End its connections. Idempotent."""
        if self._client is not None:
            await self._client.close()

    async def reached(self) -> Diagnosis:
        """Check that Discord's interface answers."""
        try:
            self._trust = trust(self._config.ca_file)
        except SettingsError as error:
            return fault(str(error), "Name a PEM file in DISCORD_CA_FILE, or remove the setting.")
        try:
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(ssl=self._trust),
                    timeout=aiohttp.ClientTimeout(total=CONNECT_S),
                    headers={"User-Agent": _USER_AGENT},
                ) as session,
                session.get(f"{self._config.api_url}/gateway") as response,
            ):
                self._heard(response.headers.get("Date", ""))
                status = response.status
        except (aiohttp.ClientError, OSError) as error:
            why = unreached(error, self._host, "DISCORD_API_URL")
            return fault(why.line, why.cure)
        if status != 200:
            return fault(*self._failing(status))
        return ok(f"{self._host} answers.")

    def _failing(self, status: int) -> tuple[str, str]:
        if status >= 500:
            return (
                f"{self._host} fails (HTTP {status}).",
                "Wait: https://discordstatus.com says how Discord is.",
            )
        if status == 429:
            return (
                f"{self._host} takes no more requests from this machine for now (HTTP 429).",
                "Wait an hour, and look for what sends so many: a bot that restarts in a loop?",
            )
        return (
            f"{self._host} is no Discord (HTTP {status}).",
            "Correct DISCORD_API_URL; by default it is https://discord.com/api/v10.",
        )

    def _heard(self, date: str) -> None:
        try:
            there = parsedate_to_datetime(date).timestamp()
        except (ValueError, OverflowError):
            return
        # It has whole seconds: on average the answer was made half a second later.
        self._ahead_s = self._wall() - (there + 0.5)

    async def clock(self) -> Diagnosis:
        """Check this machine's clock against Discord's."""
        ahead = self._ahead_s
        if ahead is None:
            return warning("Discord did not say what time it is.", "Check the clock yourself.")
        off = abs(ahead)
        if off < _SLIGHT_S:
            return ok("Agrees with Discord's.")
        said = f"{_duration(off)} {'ahead of' if ahead > 0 else 'behind'} Discord's."
        cure = (
            "Turn on time synchronisation: timedatectl set-ntp true, or chrony. A container has "
            "the clock of its host."
        )
        return fault(said, cure) if off >= _WRONG_S else warning(said, cure)

    async def token(self) -> Diagnosis:
        """Log in with the token, without a session on the gateway."""
        point_at(self._config.api_url, None)
        token = self._config.token.get_secret_value()
        self._client = discord.Client(
            intents=discord.Intents(guilds=True),  # never told to the gateway
            connector=aiohttp.TCPConnector(limit=0, ssl=self._trust or True),
        )
        try:
            await self._client.login(token)
        except discord.LoginFailure:
            hint = "" if token.count(".") >= 2 else " What is set has not the form of a token."
            return fault(
                "Discord refuses DISCORD_TOKEN.",
                f"Copy it again from the Bot page of your application at {_PORTAL} (Reset "
                f"Token).{hint}",
            )
        except discord.HTTPException as error:
            return fault(*self._failing(error.status))
        except (aiohttp.ClientError, OSError) as error:
            why = unreached(error, self._host, "DISCORD_API_URL")
            return fault(why.line, why.cure)
        self._application = self._client.application
        servers = self._app.approximate_guild_count
        return ok(
            f"Logged in as {self._client.user}, application {self._app.id}; in {servers} "
            f"{'server' if servers == 1 else 'servers'}."
        )

    @property
    def _app(self) -> discord.AppInfo:
        if self._application is None:
            raise RuntimeError("not logged in")
        return self._application

    async def application(self) -> list[Diagnosis]:
        """Check the application's switches."""
        app, page = self._app, f"{_PORTAL}/{self._app.id}"
        found = []
        if app.bot_require_code_grant:
            found.append(
                fault(
                    "Requires OAuth2 Code Grant is on: no link can add the bot to a server.",
                    f"Turn it off: {page}/bot",
                )
            )
        if app.interactions_endpoint_url:
            found.append(
                fault(
                    "An Interactions Endpoint URL is set: no command reaches the bot.",
                    f"Clear it: {page}/information",
                )
            )
        if app.bot_public and not self._limited:
            found.append(
                warning(
                    "Anyone can add the bot to their server, and no server has a limit.",
                    "Set ALLOWED_GUILDS or GUEST_DAILY_MINUTES, or turn off Public Bot: "
                    f"{page}/bot",
                )
            )
        return found or [
            ok(f"{'Anyone' if app.bot_public else 'Only its owner'} can add it to servers.")
        ]

    async def installing(self) -> Diagnosis:
        """Check what Discord's own Add App button asks for."""
        page = f"{_PORTAL}/{self._app.id}/installation"
        guilds = self._app.guild_integration_config
        if guilds is None and self._app.user_integration_config is not None:
            return fault(
                "It can be installed for users alone, not in servers.",
                f"Turn on Guild Install: {page}",
            )
        params = (guilds and guilds.oauth2_install_params) or self._app.install_params
        if params is None:
            return ok("No default install settings: invite it with the link in the README.")
        scopes = [scope for scope in _SCOPES if scope not in params.scopes]
        if scopes:
            return fault(
                f"The default install settings lack the scope {' and '.join(scopes)}: who adds it "
                f"by the Add App button gets no bot or no commands.",
                f"Add it under Default Install Settings: {page}",
            )
        lacking = missing(params.permissions)
        if lacking and not params.permissions.administrator:
            return warning(
                f"The default install settings lack {', '.join(lacking)}.",
                f"Add them under Default Install Settings: {page}",
            )
        return ok("The default install settings ask for all that is needed.")

    async def intents(self) -> Diagnosis:
        """Check the privileged intents, of which none is needed."""
        flags = self._app.flags
        on = [name for name, both in _PRIVILEGED.items() if any(getattr(flags, f) for f in both)]
        if on:
            return warning(
                f"On and not needed: {', '.join(on)} Intent.",
                f"Turn it off: {_PORTAL}/{self._app.id}/bot",
            )
        return ok("No privileged one is on, and none is needed.")

    async def sessions(self) -> Diagnosis:
        """Check how often the bot may still begin a session today, and that its gateway answers."""
        # discord.py hands out the limits by this alone.
        shards, url, limits = await self.client.http.get_bot_gateway()
        address = urlsplit(self._config.gateway_url or url)
        left = limits["remaining"]
        if not left:
            back = timedelta(seconds=limits["reset_after"] // 1000)
            return fault(
                f"All {limits['total']} sessions of today are used up; there are more in {back}.",
                "Find out why the bot begins so many: its log says so at each start.",
            )
        tls = address.scheme == "wss"
        host = address.hostname or ""
        setting = "DISCORD_GATEWAY_URL" if self._config.gateway_url else "the network"
        try:
            await reach(
                Address(host, address.port or (443 if tls else 80), tls, setting), self._trust
            )
            await self._hello(address.geturl())
        except UnreachedError as error:
            return fault(error.line, error.cure)
        said = f"{host} answers; {left} of {limits['total']} sessions left today, {shards} shards."
        if left < _FEW_SESSIONS:
            return warning(said, "Find out why the bot begins so many: its log says so.")
        return ok(said.replace("1 shards", "1 shard"))

    async def _hello(self, url: str) -> None:
        """Wait for the gateway's first message, which it sends to everybody."""
        host = urlsplit(url).hostname or ""
        try:
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(ssl=self._trust or True)
                ) as session,
                session.ws_connect(f"{url}?v=10&encoding=json") as socket,
            ):
                hello: Any = await socket.receive_json(timeout=5.0)
        except (aiohttp.ClientError, OSError, TypeError, ValueError):
            hello = None
        if not isinstance(hello, dict) or hello.get("op") != 10:
            raise UnreachedError(
                f"{host} opens no websocket of Discord's.",
                "Let the firewall or proxy pass websockets, or correct DISCORD_GATEWAY_URL.",
            )

    def invitation(self) -> str:
        """Return the link that adds the bot to a server."""
        return discord.utils.oauth_url(self._app.id, permissions=asked_for(), scopes=_SCOPES)


def missing(granted: discord.Permissions) -> Sequence[str]:
    """Return the names of the permissions that Parley asks for and that are not granted."""
    return [str(NAMES[name]) for name in NAMES if name in ASKED_FOR and not getattr(granted, name)]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else str(timedelta(seconds=round(seconds)))
