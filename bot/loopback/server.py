"""The whole loopback Discord behind one object: `async with LoopbackDiscord() as discord`."""

import errno
import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.clock import LoopClock
from bot.errors import LoopbackError
from bot.loopback.backend import Backend
from bot.loopback.gateway.server import Gateway
from bot.loopback.people.guild import Guild
from bot.loopback.people.waiting import until
from bot.loopback.rest.body import FILE_LIMIT
from bot.loopback.rest.limits import Limits
from bot.loopback.rest.message_form import FILES_LIMIT
from bot.loopback.rest.server import Refused429, RestServer
from bot.loopback.rest.trouble import RestTrouble
from bot.loopback.state.chat import Chat
from bot.loopback.state.entities import Bot
from bot.loopback.state.intents import NONE, Intents
from bot.loopback.state.interactions import Interactions
from bot.loopback.state.observation import Complaint, Observation, PersonSpeaking
from bot.loopback.state.session_starts import SessionStarts
from bot.loopback.state.snowflake import wall_clock
from bot.loopback.state.voice_states import VoiceStates
from bot.loopback.state.world import World
from bot.loopback.voice import VoiceServer
from bot.tasks import TaskOwner

HOST = "127.0.0.1"


class LoopbackDiscord:
    """A Discord on this machine. To be made on a running event loop.

    Args:
        port: Port of the API and the gateway; 0 uses any that is free.
        make_voice: Makes the voice server.

    Attributes:
        voice: The voice server, with its knobs for trouble.
        gateway: The main gateway, with its intervals.
        limits: The rate limits, to be changed or switched off.
    """

    def __init__(
        self, port: int = 0, *, make_voice: Callable[..., VoiceServer] = VoiceServer
    ) -> None:
        self._wanted_port = port
        self._port = 0
        self._world = World(LoopClock(), wall_clock)
        self._tasks = TaskOwner("loopback")
        self.voice = make_voice(complain=self._complain_voice, spoke=self._someone_spoke)
        chat = Chat(self._world)
        self._backend = Backend(
            self._world,
            chat,
            VoiceStates(self._world, self.voice),
            Interactions(self._world, chat),
        )
        self.limits = Limits(lambda: wall_clock().timestamp())
        self.gateway = Gateway(self._backend, lambda: self.gateway_url, self._tasks)
        self._rest = RestServer(self._backend, self.limits, lambda: self.gateway_url)
        self._runner: web.AppRunner | None = None

    def _complain_voice(self, message: str) -> None:
        self._world.complain("VOICE", "", message=message)

    def _someone_spoke(self, user_id: int, on: bool) -> None:  # noqa: FBT001 - the callback's form
        world = self._world
        world.observers.notify(PersonSpeaking(world.clock.now(), world.users[user_id], on))

    # Start and end

    async def start(self) -> None:
        """Open all sockets and begin to serve.

        Raises:
            LoopbackError: The port is taken.
        """
        app = web.Application(client_max_size=FILE_LIMIT * (FILES_LIMIT + 1))
        app.router.add_get("/gateway", self.gateway.handle)
        app.router.add_get("/gateway/", self.gateway.handle)
        app.router.add_get(
            r"/attachments/{channel_id:\d+}/{attachment_id:\d+}/{filename}", self._rest.attachment
        )
        app.router.add_route("*", "/{path:.*}", self._rest.handle)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, HOST, self._wanted_port)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            if error.errno == errno.EADDRINUSE:
                raise LoopbackError(f"Port {self._wanted_port} on {HOST} is taken.") from None
            raise
        self._runner = runner
        self._port = runner.addresses[0][1]
        self._world.files_url = f"http://{HOST}:{self._port}/attachments"
        await self.voice.start()

    async def close(self) -> None:
        """Close all sockets and end all tasks. Idempotent."""
        await self.gateway.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
            await self.voice.close()
        await self._tasks.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    # Addresses

    @property
    def port(self) -> int:
        """The port of the API and the gateway."""
        return self._port

    @property
    def api_url(self) -> str:
        """The API's address, with its version."""
        return f"http://{HOST}:{self._port}/api/v10"

    @property
    def gateway_url(self) -> str:
        """The main gateway's address."""
        return f"ws://{HOST}:{self._port}/gateway"

    @property
    def ca_file(self) -> Path:
        """The certificate to trust for voice, as PEM."""
        return self.voice.ca_file

    # Servers and bots

    @property
    def session_starts(self) -> SessionStarts:
        """Into how many shards bots are to be divided, and each identify."""
        return self._world.session_starts

    def add_guild(self, name: str, *, locale: str = "en-US") -> Guild:
        """Add a server, with an owner who takes no part."""
        return Guild(self._backend, self.voice, self._world.new_guild(name, locale))

    def add_bot(self, name: str, *, privileged: Intents = NONE) -> Bot:
        """Add an application with a bot account and a token.

        Args:
            name: The name of application and account.
            privileged: The privileged intents that its owner has switched on.
        """
        return self._world.new_bot(name, privileged)

    # What tests observe

    @property
    def complaints(self) -> list[Complaint]:
        """All that a client did and Discord refuses, rate limits apart; oldest first."""
        return self._world.complaints

    @property
    def rate_limited(self) -> list[Refused429]:
        """All requests that were answered 429; oldest first."""
        return self._rest.rate_limited

    def subscribe(self, callback: Callable[[Observation], None]) -> Callable[[], None]:
        """Call back on each thing that happens until the returned function is called."""
        return self._world.observers.subscribe(callback)

    async def until(
        self, predicate: Callable[[], bool], timeout_s: float = 10.0, what: str = "it"
    ) -> None:
        """Wait until something holds on this Discord.

        Raises:
            LoopbackError: `what` did not happen in time.
        """
        sentence = f"Waited {timeout_s:g} s and {what} did not happen."
        await until(self._world.observers, predicate, timeout_s, sentence)

    async def gateway_connected(self, bot: Bot, timeout_s: float = 20.0) -> None:
        """Wait until a bot has identified and was told of its guilds.

        Raises:
            LoopbackError: It did not in time.
        """
        await self.until(
            lambda: self.gateway.is_connected(bot), timeout_s, f"{bot.name}'s connection"
        )

    # Faults on demand

    def close_gateway(self, bot: Bot, code: int, *, resumable: bool = True) -> None:
        """Close a bot's gateway with a code; without `resumable` its session is gone too."""
        self.gateway.close_link(bot, code, resumable=resumable)

    def freeze_gateway(self, bot: Bot) -> None:
        """Let a bot's gateway fall silent in both directions."""
        self.gateway.freeze(bot, on=True)

    def thaw_gateway(self, bot: Bot) -> None:
        """Let a frozen gateway go on where it stood."""
        self.gateway.freeze(bot, on=False)

    def set_distance(self, seconds: float) -> None:
        """Let each request to the API take so long on its way, and its answer as long again."""
        self._rest.distance_s = seconds

    def fail_next(self, method: str, path_pattern: str, status: int, times: int = 1) -> RestTrouble:
        """Answer the next requests with an HTTP status, whatever they ask.

        Args:
            method: The HTTP method, as "POST".
            path_pattern: Regular expression, found anywhere in the path below `/api/v10`.
            status: The HTTP status, as 500.
            times: How many requests.
        """
        trouble = RestTrouble(method, re.compile(path_pattern), status=status, left=times)
        self._rest.troubles.order(trouble)
        return trouble

    def trouble(
        self,
        path_pattern: str,
        *,
        guild: Guild | None = None,
        method: str = "",
        status: int = 0,
        delay_s: float = 0.0,
        retry_after_s: float = 1.0,
    ) -> RestTrouble:
        """Refuse requests, or let them wait, until the trouble that is returned ends.

        Args:
            path_pattern: Regular expression, found anywhere in the path below `/api/v10`.
            guild: Only those about this guild, its channels and webhooks; None: all.
            method: HTTP method, as "POST"; empty for any.
            status: The answer; 0 answers as ever, only later.
            delay_s: How long the answer is delayed.
            retry_after_s: What a 429 says.
        """
        trouble = RestTrouble(
            method,
            re.compile(path_pattern),
            None if guild is None else guild.id,
            status,
            delay_s,
            retry_after_s,
        )
        self._rest.troubles.order(trouble)
        return trouble
