"""The voice server: its sockets, its calls, and who may enter them."""

import asyncio
import secrets
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web

from bot.clock import Clock, LoopClock
from bot.errors import LoopbackError
from bot.loopback.voice import dave, tls
from bot.loopback.voice.call import VoiceCall
from bot.loopback.voice.faults import Faults
from bot.loopback.voice.forwarding import Forwarder
from bot.loopback.voice.gateway import VoiceGatewayConnection, accept
from bot.loopback.voice.member import NewSession, VoiceMember
from bot.loopback.voice.membership import DaveySession
from bot.loopback.voice.opcodes import Close
from bot.loopback.voice.session import Grant, VoiceSession
from bot.loopback.voice.sessions import Sessions


class VoiceServer:
    """Voice for one loopback Discord: gateway over TLS, UDP, and members in this process.

    Args:
        complain: Is told, in one line, what a client did that Discord would refuse.
        spoke: Is told which user began (True) or ended to speak.

    Attributes:
        endpoint: "127.0.0.1:PORT", once started.
        ca_file: PEM of the authority to trust, until closed.
        faults: What goes wrong, and how often.
    """

    def __init__(
        self,
        *,
        complain: Callable[[str], None],
        spoke: Callable[[int, bool], None] = lambda _user_id, _on: None,
    ) -> None:
        self.endpoint = ""
        self.ca_file = Path()
        self.faults = Faults()
        self._complain = complain
        self._spoke = spoke
        self._calls: dict[int, VoiceCall] = {}
        self._dave: dict[int, int] = {}
        self._members: dict[tuple[int, int], VoiceMember] = {}
        self._sessions = Sessions(self._open_session)
        self._next_ssrc = secrets.randbelow(1 << 20)
        self._stack = AsyncExitStack()
        self._clock: Clock | None = None
        self._forwarder: Forwarder | None = None

    async def start(self) -> None:
        """Open the sockets, on ports of the system's choice."""
        self._clock = LoopClock()
        async with AsyncExitStack() as stack:
            folder = Path(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="loopback-voice-"))
            )
            context, self.ca_file = tls.make(folder)
            app = web.Application()
            app.router.add_get("/", self._accept)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.TCPSite(runner, tls.HOST, 0, ssl_context=context).start()
            self.endpoint = f"{tls.HOST}:{runner.addresses[0][1]}"
            self._forwarder = Forwarder(
                self._sessions, faults=self.faults, clock=self._clock, complain=self._complain
            )
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self._started_forwarder, local_addr=(tls.HOST, 0)
            )
            stack.callback(self._forwarder.close)
            self._sessions.udp_port = transport.get_extra_info("sockname")[1]
            self._stack = stack.pop_all()

    async def close(self) -> None:
        """Put everybody out and close the sockets. Idempotent."""
        self.faults.silent = False
        for call in list(self._calls.values()):
            for user_id in call.participants():
                call.leave(user_id, Close.DISCONNECTED)
            call.close()
        self._calls.clear()
        for session in self._sessions.all():
            session.ousted(Close.DISCONNECTED)
        await self._stack.aclose()

    # For the rest of the loopback Discord

    def admit(self, *, guild_id: int, channel_id: int, user_id: int, session_id: str) -> str:
        """Let a user's client into a channel's call; the token of its VOICE_SERVER_UPDATE."""
        return self._sessions.admit(guild_id, channel_id, user_id, session_id)

    def expel(self, channel_id: int, user_id: int, code: int = Close.DISCONNECTED) -> None:
        """Take out a user who left, was moved or kicked, and close their websocket."""
        self._sessions.revoke(channel_id, user_id)
        if (call := self._calls.get(channel_id)) is not None:
            call.leave(user_id, code)
        for session in self._sessions.all():
            if (session.call.channel_id, session.user_id) == (channel_id, user_id):
                session.ousted(code)
        self._tidy(channel_id)

    def enter(
        self, channel_id: int, user_id: int, new_session: NewSession = DaveySession
    ) -> VoiceMember:
        """Let a member of this process join a call.

        Raises:
            LoopbackError: It is in that call already.
        """
        key = channel_id, user_id
        if key in self._members:
            raise LoopbackError(f"Member {user_id} is in voice channel {channel_id} already.")
        member = VoiceMember(
            user_id, self._ssrc(), self._call(channel_id), lambda: self._left(key), new_session
        )
        self._members[key] = member
        return member

    def set_dave(self, channel_id: int, version: int) -> None:
        """Choose a channel's encryption: 1, or 0 for a stage channel, which has none.

        Raises:
            LoopbackError: Somebody is in the channel, or there is no such version.
        """
        if version not in {0, dave.VERSION}:
            raise LoopbackError(f"There is no DAVE version {version}.")
        if self.participants(channel_id):
            raise LoopbackError("A call's encryption is chosen before anybody is in it.")
        self._calls.pop(channel_id, None)
        self._dave[channel_id] = version

    def participants(self, channel_id: int) -> tuple[int, ...]:
        """Return the users in a channel's call."""
        call = self._calls.get(channel_id)
        return call.participants() if call else ()

    def close_client(self, channel_id: int, user_id: int, code: int) -> None:
        """Close a client's websocket with any code, and do nothing else.

        Raises:
            LoopbackError: It has no session there.
        """
        for session in self._sessions.all():
            if (session.call.channel_id, session.user_id) == (channel_id, user_id):
                session.close_wire(code)
                return
        raise LoopbackError(f"User {user_id} has no voice session in {channel_id}.")

    # Private

    @property
    def _started_clock(self) -> Clock:
        if self._clock is None:
            raise LoopbackError("The voice server was not started.")
        return self._clock

    @property
    def _started_forwarder(self) -> Forwarder:
        if self._forwarder is None:
            raise LoopbackError("The voice server was not started.")
        return self._forwarder

    def _ssrc(self) -> int:
        self._next_ssrc += 1
        return self._next_ssrc

    def _call(self, channel_id: int) -> VoiceCall:
        if channel_id not in self._calls:
            self._calls[channel_id] = VoiceCall(
                channel_id,
                self._dave.get(channel_id, dave.VERSION),
                faults=self.faults,
                clock=self._started_clock,
                complain=self._complain,
                spoke=self._spoke,
            )
        return self._calls[channel_id]

    def _tidy(self, channel_id: int) -> None:
        call = self._calls.get(channel_id)
        idle = all(one.call is not call for one in self._sessions.all())
        if call is not None and idle and not call.participants():
            call.close()
            del self._calls[channel_id]

    def _left(self, key: tuple[int, int]) -> None:
        self._members.pop(key, None)
        self._tidy(key[0])

    def _open_session(self, grant: Grant) -> VoiceSession:
        for earlier in self._sessions.all():
            if earlier.user_id == grant.user_id and earlier.grant.guild_id == grant.guild_id:
                earlier.call.leave(earlier.user_id, Close.SESSION_INVALID)
                earlier.ousted(Close.SESSION_INVALID)
        return VoiceSession(
            grant,
            self._ssrc(),
            self._call(grant.channel_id),
            faults=self.faults,
            send=self._started_forwarder.send,
            clock=self._started_clock,
            ended=self._session_ended,
        )

    def _session_ended(self, session: VoiceSession) -> None:
        self._sessions.ended(session)
        self._tidy(session.call.channel_id)

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        def make(socket: web.WebSocketResponse) -> VoiceGatewayConnection:
            return VoiceGatewayConnection(
                socket,
                self._sessions,
                faults=self.faults,
                clock=self._started_clock,
                complain=self._complain,
            )

        return await accept(request, make)
