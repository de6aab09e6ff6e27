"""The Discord client: logs in, loads cogs, syncs commands, answers errors, closes cleanly."""

import asyncio
import copy
import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import aiohttp
import discord
import discord.gateway
import discord.http
import yarl
from discord import app_commands
from discord.ext import commands

from bot.chat.http import limits
from bot.domain.meters import UNEXPECTED
from bot.errors import ParleyError, SettingsError
from bot.logs import get_logger
from bot.registration import register
from bot.ui.answers import answer
from bot.ui.command_translator import CommandTranslator
from bot.ui.cooldowns import Cooldowns, PacedTree
from bot.ui.interface import Interface
from bot.words import Text, lines, t
from bot.words.commands import use_ids

log = get_logger(__name__)

_ANSWERED_S = 1.0
_BROKEN_OFF_S = 0.1
# Names that discord.py gives to tasks in which commands, buttons and events are handled.
_HANDLING = ("CommandTree-", "discord-ui-", "discord.py: on_")

VoiceStateChanged = Callable[[discord.Member, discord.VoiceState, discord.VoiceState], None]
GuildChanged = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class DiscordEndpoints:
    """How Discord is reached.

    Attributes:
        api_url: Base of Discord's REST interface.
        gateway_url: Address of the gateway; None asks the REST interface for it.
        ca_file: Certificates to trust besides the system's.
    """

    api_url: str
    gateway_url: str | None
    ca_file: Path | None


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the client tells of Discord's events.

    Attributes:
        voice_state_changed: Told of every change of a member's voice state.
        connected_again: Told when the session with Discord is there again, or a server is: changes
            meanwhile may not have been told.
        guild_joined: Told of each server that invites the bot.
        guild_left: Told of each server that removes it.
        guild_released: Told of each server that is another process's from now on.
        failed: Told of the code of each failure that somebody was answered with, or nobody.
    """

    voice_state_changed: VoiceStateChanged
    connected_again: Callable[[], None]
    guild_joined: GuildChanged
    guild_left: GuildChanged
    guild_released: GuildChanged
    failed: Callable[[str], None]


class Sharding(Protocol):
    """Which shards are this process's."""

    async def begin(self, *, account: int, recommended: int, concurrency: int) -> int:
        """Begin to open shards; return into how many the bot is divided.

        Args:
            account: Id of the bot's account.
            recommended: How many shards Discord recommends.
            concurrency: How many sessions Discord lets be started at once.
        """

    @property
    def queued(self) -> bool:
        """Whether a session waits for its turn, as other processes start theirs."""

    async def identify(self, shard: int) -> None:
        """Wait until a shard's session may be started; cancelled when it may not any more."""


class ParleyBot(commands.AutoShardedBot):
    """A bot without privileged intents. It is made first; `install` gives it what it answers with.

    Args:
        endpoints: How Discord is reached.
        http_trace: Sees each request to Discord, and its answer as it arrives.

    Attributes:
        cooldowns: How often anything may be used.
    """

    cooldowns: Cooldowns
    _event_handlers: Handlers
    _sharding: Sharding
    _gateway: yarl.URL

    def __init__(self, endpoints: DiscordEndpoints, http_trace: aiohttp.TraceConfig) -> None:
        point_at(endpoints.api_url, endpoints.gateway_url)
        discord.gateway.GatewayRatelimiter = SteadyRatelimiter  # type: ignore[misc] # likewise
        http_trace.on_request_end.append(self._answered)
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=PacedTree,
            intents=discord.Intents(guilds=True, voice_states=True, webhooks=True),
            allowed_mentions=discord.AllowedMentions.none(),
            connector=aiohttp.TCPConnector(limit=0, ssl=trust(endpoints.ca_file)),
            http_trace=http_trace,
            shard_connect_timeout=None,  # a session may wait for its turn among many processes'
        )
        self._gateway_url = endpoints.gateway_url
        self._ready_once = asyncio.Event()
        self._open_shards: set[int] = set()
        self._ready_shards: set[int] = set()
        self._closed_once = asyncio.Event()
        self.tree.error(self._command_failed)

    async def install(
        self,
        interface: Interface,
        *,
        sharding: Sharding,
        handlers: Handlers,
        cooldowns: Cooldowns,
    ) -> None:
        """Take on what answers people. To be called once, before the login.

        Args:
            interface: Answers people.
            sharding: Opens the shards of this process.
            handlers: Told of Discord's events.
            cooldowns: How often anything may be used.
        """
        self.cooldowns = cooldowns
        self._sharding = sharding
        self._event_handlers = handlers
        for cog in interface.cogs:
            await self.add_cog(cog)
        for view in interface.views:
            self.add_view(view)
        self.add_dynamic_items(*interface.buttons)

    async def _answered(
        self,
        _session: aiohttp.ClientSession,
        _context: SimpleNamespace,
        end: aiohttp.TraceRequestEndParams,
    ) -> None:
        """End each pause that Discord wants of all requests.

        While one request waits it out, discord.py holds up all others; were that one cancelled,
        they would never go out again.
        """
        headers = end.response.headers
        if end.response.status == HTTPStatus.TOO_MANY_REQUESTS and "X-RateLimit-Global" in headers:
            wait_s = limits.read(end.response.status, headers).wait_s
            self.loop.call_later(wait_s, self.http._global_over.set)  # noqa: SLF001 - there is no other way

    async def setup_hook(self) -> None:
        """Tell Discord the commands."""
        await self.tree.set_translator(CommandTranslator())
        if self.application_id is not None:  # known since the login
            use_ids(await register(self.tree, self.application_id))

    # Shards

    async def launch_shards(self) -> None:
        """Begin to open the shards of this process, one after the other and for as long as it runs.

        discord.py would open all of them before it looks after any.
        """
        recommended, url, limits = await self.http.get_bot_gateway()
        self._gateway = yarl.URL(self._gateway_url or url)
        self.shard_count = self._connection.shard_count = await self._sharding.begin(
            account=self.application_id or 0,  # known since the login
            recommended=recommended,
            concurrency=limits["max_concurrency"],
        )

    async def open_shard(self, shard: int) -> None:
        """Start a shard's session; tries again until it is there."""
        self._open_shards.add(shard)
        await self.launch_shard(self._gateway, shard)

    async def close_shard(self, shard: int) -> None:
        """End a shard's session. Idempotent."""
        self._open_shards.discard(shard)
        self._ready_shards.discard(shard)
        if (session := self.get_shard(shard)) is not None:
            await session.disconnect()

    def forget_shard(self, shard: int) -> None:
        """Know the servers of a shard no more."""
        for guild in [guild for guild in self.guilds if guild.shard_id == shard]:
            self._event_handlers.guild_released(guild.id)
            self._connection._remove_guild(guild)  # noqa: SLF001 - there is no other way
        self.dispatch("shard_released", shard)

    @property
    def queued(self) -> bool:
        """Whether it is not ready because a session waits for its turn."""
        return self._sharding.queued

    def nothing_to_open(self) -> None:
        """Be ready, as other processes have all shards: this one waits for one to become free."""
        self._ready_once.set()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for this session's turn among those of all processes."""
        del initial
        await self._sharding.identify(shard_id or 0)

    async def on_shard_ready(self, shard_id: int) -> None:
        """Log it, and tell that the session is there again."""
        if not await self._still_owned(shard_id):
            return
        self._ready_shards.add(shard_id)
        self._ready_once.set()
        self._event_handlers.connected_again()
        log.info("ready", shard=shard_id, servers=len(self.guilds))

    async def on_shard_resumed(self, shard_id: int) -> None:
        """Tell that the session is there again."""
        if await self._still_owned(shard_id):
            self._event_handlers.connected_again()

    async def _still_owned(self, shard: int) -> bool:
        """Return whether a shard is to be open; if not, discord.py opened it again by itself."""
        if shard in self._open_shards:
            return True
        await self.close_shard(shard)
        self.forget_shard(shard)
        return False

    def is_ready(self) -> bool:
        """Return whether it has been ready, for the shards that it had then."""
        return self._ready_once.is_set()

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Tell listeners of a voice state as it came: discord.py's own changes before they run."""
        if event == "voice_state_update":
            member, before, after = args
            args = member, before, copy.copy(after)
        super().dispatch(event, *args, **kwargs)

    async def on_guild_available(self, _: discord.Guild) -> None:
        """Tell that a server is there again."""
        self._event_handlers.connected_again()

    async def ready(self) -> None:
        """Wait until the bot is logged in and knows its servers; may be called before login."""
        await self._ready_once.wait()

    async def closed(self) -> None:
        """Wait until the client has ended."""
        await self._closed_once.wait()

    async def finish(self) -> None:
        """Let what people asked for be answered, and break off what takes longer than a moment."""
        try:
            if asked := _under_way():
                await asyncio.wait(asked, timeout=_ANSWERED_S)
        finally:
            left = _under_way()
            for task in left:
                log.warning("cancelled because the bot is stopping", task=task.get_name())
                task.cancel()
            if left:
                await asyncio.wait(left, timeout=_BROKEN_OFF_S)

    async def close(self) -> None:
        """End the session. Idempotent."""
        try:
            await super().close()
        finally:  # a gateway that does not answer keeps no connection open
            use_ids({})
            self._closed_once.set()
            await self.http.close()

    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Tell the voice links."""
        self._event_handlers.voice_state_changed(member, before, after)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Tell that a server invited the bot."""
        self._event_handlers.guild_joined(guild.id)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Tell that a server removed the bot; Discord names none here that is out of order."""
        self._event_handlers.guild_left(guild.id)

    def is_in(self, guild_id: int) -> bool | None:
        """Return whether it is in a server; None while this process does not know."""
        if self.get_guild(guild_id) is not None:
            return True
        shard = (guild_id >> 22) % (self.shard_count or 1)
        return False if shard in self._ready_shards else None

    def guild_names(self) -> dict[int, str]:
        """Return the names of the servers it is in, as far as they are known."""
        return {guild.id: guild.name for guild in self.guilds if guild.name}

    async def on_error(self, event_method: str, /, *_: Any, **__: Any) -> None:
        """Log it without the event, which holds what people wrote."""
        self._event_handlers.failed(UNEXPECTED)
        log.exception("event failed", what=event_method)  # noqa: LOG004 - called while handling it

    async def _command_failed(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError
    ) -> None:
        cause = error.__cause__ if isinstance(error, app_commands.CommandInvokeError) else error
        number = secrets.token_hex(4)  # in the log too, so that a host finds what people report
        said: str
        if isinstance(cause, ParleyError):
            said = lines((cause.message, f"-# {number}"))
            self._event_handlers.failed(cause.code)
            log.info("command refused", number=number, code=cause.code)
        elif (refusal := _refusal(cause)) is not None:
            said = lines((refusal, f"-# {number}"))
            log.info("command refused", number=number, error=type(cause).__name__)
        else:
            said = t(
                "Something went wrong. The bot's log has the details under {number}.", number=number
            )
            self._event_handlers.failed(UNEXPECTED)
            log.error("command failed", number=number, exc_info=cause)
        await answer(interaction, said)


def _under_way() -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() if task.get_name().startswith(_HANDLING)}


def _refusal(error: BaseException | None) -> Text | None:
    """Return a sentence for what discord.py refuses by itself; None for other errors."""
    match error:
        case app_commands.NoPrivateMessage():
            return t("This only works in a server.")
        case app_commands.CheckFailure():
            return t("You can't use this command here.")
        case app_commands.TransformerError():
            return t("I don't understand “{value}”.", value=str(error.value)[:40])
        case app_commands.CommandSignatureMismatch() | app_commands.CommandNotFound():
            return t("This command has just changed. Try again in a minute.")
        case _:
            return None


def point_at(api_url: str, gateway_url: str | None) -> None:
    """Have discord.py reach Discord at these addresses from now on."""
    # It has no option for its addresses; both are attributes of classes.
    discord.http.Route.BASE = api_url
    if gateway_url is not None:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


class SteadyRatelimiter(discord.gateway.GatewayRatelimiter):
    """discord.py's, which goes by the date: a clock that is set back does not make it wait for it.

    It would join no voice channel until the clock reads again what it read before.
    """

    def is_ratelimited(self) -> bool:
        """Return whether the next message would wait."""
        self._begin_anew()
        return super().is_ratelimited()

    def get_delay(self) -> float:
        """Return how many seconds the next message waits."""
        self._begin_anew()
        return super().get_delay()

    def _begin_anew(self) -> None:
        if self.window > time.time():  # noqa: TID251 - the clock that it goes by
            self.window = 0.0


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Return the system's certificates, and those of a file.

    Raises:
        SettingsError: The file holds none, or can't be read.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except ssl.SSLError as error:
            raise SettingsError(f"DISCORD_CA_FILE: {ca_file} holds no certificates.") from error
        except OSError as error:
            raise SettingsError(
                f"DISCORD_CA_FILE: {ca_file} can't be read: {error.strerror}."
            ) from error
    return context
