"""Every private name of discord.py that Parley's voice uses, pinned to 2.7 and held by a test.

discord.py sends voice but has no way to receive it, and its voice connection has faults that a bot
which listens for hours can't live with. Cured here:

- Its reader takes one datagram per `select` and sits up to 30 s in it on a socket that was closed
  under it, after a reconnect and after leaving: it is given nothing to do, and sleeps; the worker
  reads the socket itself.
- An exception in one message of the voice gateway ends the task that reads it, silently: such a
  message is counted and skipped.
- Close code 4015 (the server crashed) hangs in a resume that never ends: it is treated like any
  other lost connection.
- A call that turns on DAVE later (version 0, then op 24) is ignored: the session is made then.
- The answer to IP discovery may come before anyone listens, or get lost: the worker reads from the
  start, as it does through a move, and it is asked for again.
- A failed welcome can make client and server exchange key packages for ever: one at a time.
- A second hello would start a second heartbeat thread, and a transition that is not under way is
  worth a warning each time: both are counted and skipped.
- Transitions that are announced and never executed pile up: the oldest are forgotten.
- After a reconnect a frame goes out unencrypted before the DAVE group is joined: nothing is sent.
- A join that took too long is ended twice, the second time with a wait as long again for an answer
  that went to nobody; and a server that hangs is given ten seconds to say goodbye.
- Being moved while a move is under way is cured in `discord_moves`.
- With a new session of the main gateway voice connections are forgotten: they are told of again.
"""

import asyncio
import contextlib
import socket
import struct
import threading
from typing import Any, Protocol, cast

import discord
from discord.errors import ConnectionClosed
from discord.gateway import DiscordVoiceWebSocket, DiscordWebSocket
from discord.utils import MISSING
from discord.voice_state import ConnectionFlowState, VoiceConnectionState

from bot.logs import get_logger
from bot.voice.discord_moves import MovingState
from bot.voice.people import VoiceChannel
from bot.voice.receive.crypto import AES_GCM, MODES, AesGcm, KeptCipher

log = get_logger(__name__)

DISCORD_PY = "2.7."

_SESSION_DESCRIPTION = 4
_HELLO = 8
_EXECUTE_TRANSITION = 22
_PREPARE_EPOCH = 24
_EXTERNAL_SENDER = 25
_SERVER_CRASHED = 4015
_NO_CLOSE_CODE = 1006
_GOODBYE_S = 2.0
_RECEIVE_BUFFER = 1 << 20  # bytes
_DISCOVERY = struct.Struct(">HHI64sH")
_DISCOVERED = 2
_DISCOVERY_ATTEMPTS = 10
_DISCOVERY_WAIT_S = 0.5
_UPGRADE_S = 10.0  # how long frames on their way when DAVE was turned on may still be plain
_MAX_FAULTS_IN_A_ROW = 100
_MAX_PENDING = 64  # transitions that were announced and not executed
_RECOVERY_S = 1.0
_CANCEL_ATTEMPTS = 20
_CANCEL_WAIT_S = 0.1


class Observer(Protocol):
    """Who is told what happens on a voice connection. None of these may raise."""

    def socket_changed(self, sock: socket.socket | None) -> None:
        """Listen for audio on this socket from now on; None: on none."""

    def gateway_message(self, message: Any) -> None:
        """Take a text message of the voice gateway, from JSON, after discord.py handled it."""

    def gateway_moved(self) -> None:
        """Record that something was handled that may have changed the keys."""

    def gateway_fault(self) -> None:
        """Record that a message of the voice gateway made no sense and was skipped."""

    def gateway_closed(self, code: int) -> None:
        """Record that the voice gateway closed the connection."""

    def removed(self) -> None:
        """Record that somebody took the bot out of its channel, or that the channel is gone."""


class _Gateway(DiscordVoiceWebSocket):
    """The voice gateway's websocket, which no single message can end."""

    faults = 0

    async def close(self, code: int = 1000) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await super().close(code)

    async def poll_event(self) -> None:
        state = cast("ConnectionState", self._connection)
        state.check_current()
        try:
            await super().poll_event()
        except ConnectionClosed as closed:
            state.check_current()
            state.gateway_lost = True
            state.observer.gateway_closed(closed.code)
            if closed.code == _SERVER_CRASHED:
                closed.code = _NO_CLOSE_CODE
            raise
        except TimeoutError:
            state.check_current()
            state.gateway_lost = True
            state.observer.gateway_closed(_NO_CLOSE_CODE)
            raise
        except Exception as error:
            # During the handshake discord.py itself tries again. Of a closed websocket the next
            # reading says why, as when an answer is not sent in the middle of a move.
            self.faults += 1
            settled = state.is_connected() or self.ws.closed
            if not settled or self.faults > _MAX_FAULTS_IN_A_ROW:
                raise
            log.debug("a voice gateway message was skipped", error=type(error).__name__)
            state.observer.gateway_fault()
        else:
            self.faults = 0
            state.observer.gateway_moved()

    async def received_message(self, msg: Any) -> None:
        state = cast("ConnectionState", self._connection)
        if self._repeats(msg["op"], msg["d"]):
            state.observer.gateway_fault()
            return
        before = state.dave_protocol_version
        had_session = state.dave_session is not None
        await super().received_message(msg)
        op, data = msg["op"], msg["d"]
        if op == _PREPARE_EPOCH and not had_session and data["epoch"] == 1:
            state.dave_protocol_version = data["protocol_version"]
            await state.reinit_dave_session()
            state.restore_external_sender()
        pending = state.dave_pending_transitions
        while len(pending) > _MAX_PENDING:
            del pending[next(iter(pending))]  # the oldest, which nobody will execute any more
        if op == _SESSION_DESCRIPTION:
            state.gateway_lost = False
        elif not before and state.dave_protocol_version:
            state.plain_until = self.loop.time() + _UPGRADE_S

    def _repeats(self, op: int, data: Any) -> bool:
        if op == _HELLO:
            return self._keep_alive is not None or self.ws.closed
        pending = cast("ConnectionState", self._connection).dave_pending_transitions
        return op == _EXECUTE_TRANSITION and data["transition_id"] not in pending

    async def received_binary_message(self, msg: bytes) -> None:
        state = cast("ConnectionState", self._connection)
        if state.dave_session is None and msg[2] == _EXTERNAL_SENDER:
            state.external_sender = msg[3:]
        await super().received_binary_message(msg)
        if msg[2] == _EXTERNAL_SENDER:
            state.external_sender = msg[3:]  # it was a good one

    async def discover_ip(self) -> tuple[str, int]:
        """Ask the server for our address, until it answers (5 s).

        Raises:
            TimeoutError: It does not.
        """
        state = cast("ConnectionState", self._connection)
        state.discovered = self.loop.create_future()
        request = _DISCOVERY.pack(1, 70, state.ssrc, b"", 0)
        for _ in range(_DISCOVERY_ATTEMPTS):
            await self.loop.sock_sendall(state.socket, request)
            await asyncio.wait({state.discovered}, timeout=_DISCOVERY_WAIT_S)
            if state.discovered.done():
                return state.discovered.result()
        raise TimeoutError


class ConnectionState(MovingState):
    """discord.py's voice connection, whose socket is read by the observer."""

    def __init__(self, client: "Client", observer: Observer) -> None:
        self.observer = observer
        self.plain_until = 0.0  # loop time
        self.external_sender: bytes | None = None
        self.gateway_lost = False  # since its close, until there is a new session
        self.discovered: asyncio.Future[tuple[str, int]] | None = None
        self._recovering_until = 0.0  # loop time
        super().__init__(client, hook=self._message)

    async def _message(self, _socket: DiscordVoiceWebSocket, message: Any) -> None:
        self.observer.gateway_message(message)

    def restore_external_sender(self) -> None:
        """Tell a session that was made anew who the server is, which is said only once."""
        if self.dave_session is not None and self.external_sender is not None:
            self.dave_session.set_external_sender(self.external_sender)

    async def _recover_from_invalid_commit(self, transition_id: int) -> None:
        # A welcome for the key package before the newest is on its way then; to answer that with
        # yet another key package would never end.
        now = self.voice_client.loop.time()
        if now < self._recovering_until:
            return
        self._recovering_until = now + _RECOVERY_S
        await super()._recover_from_invalid_commit(transition_id)
        self.restore_external_sender()

    def _create_socket(self) -> None:
        super()._create_socket()
        # As much as the system grants: what comes while others run waits there.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self.observer.socket_changed(self.socket)

    def foreign(self, data: bytes) -> None:
        """Take a datagram that is no audio; from any thread."""
        if len(data) == _DISCOVERY.size:
            kind, _, _, raw, port = _DISCOVERY.unpack(data)
            address = raw.split(b"\0", 1)[0]
            if kind == _DISCOVERED and address.isascii():
                loop = self.voice_client.loop
                loop.call_soon_threadsafe(self._settle, address.decode("ascii"), port)

    def _settle(self, address: str, port: int) -> None:
        if self.discovered is not None and not self.discovered.done():
            self.discovered.set_result((address, port))

    async def disconnect(  # noqa: D102 - theirs
        self, *, force: bool = True, cleanup: bool = True, wait: bool = False
    ) -> None:
        self.check_current()
        if force or self.is_connected():
            self.observer.socket_changed(None)
        # Without a voice state no answer comes: the bot was removed, or never got in. And after a
        # first disconnect the answer goes to nobody.
        registered = self.voice_client._state._get_voice_client(self.guild.id)  # noqa: SLF001
        wait = wait and self.self_voice_state is not None and registered is self.voice_client
        await super().disconnect(force=force, cleanup=cleanup, wait=wait)

    async def soft_disconnect(  # noqa: D102 - theirs
        self, *, with_state: ConnectionFlowState = ConnectionFlowState.got_both_voice_updates
    ) -> None:
        self.check_current()
        self.observer.socket_changed(None)
        await super().soft_disconnect(with_state=with_state)

    async def _connect_websocket(self, resume: bool) -> DiscordVoiceWebSocket:  # noqa: FBT001 - theirs
        self.check_current()
        seq_ack = -1 if self.ws is MISSING else self.ws.seq_ack
        gateway = await _Gateway.from_connection_state(
            self, resume=resume, hook=self.hook, seq_ack=seq_ack
        )
        if not self.is_current():
            await gateway.close()
            self.check_current()
        self.state = ConnectionFlowState.websocket_connected
        return gateway

    async def _voice_disconnect(self) -> None:
        # discord.py sets it after sending, when the answer may be here.
        self._expecting_disconnect = True
        await super()._voice_disconnect()

    async def voice_state_update(self, data: Any) -> None:  # noqa: D102 - theirs
        expected = self._expecting_disconnect
        await super().voice_state_update(data)
        if data["channel_id"] is None and not expected:
            self.observer.removed()

    # For the rest of Parley

    @property
    def poller_ended(self) -> bool:
        """Whether the task that reads the voice gateway is gone, after which nothing recovers."""
        return self._runner is not None and self._runner.done()

    @property
    def trying(self) -> bool:
        """Whether a task of discord.py's is there that may connect it."""
        return any(task and not task.done() for task in (self._runner, self._connector))

    @property
    def encrypted(self) -> bool:
        """Whether what is sent now can be read by the call, and by nobody else."""
        return (
            self.is_connected()
            and not self.gateway_lost
            and (self.dave_protocol_version == 0 or self.can_encrypt)
        )

    def threads(self) -> list[threading.Thread]:
        """Return the threads of this connection that still run."""
        threads: list[threading.Thread | None] = [self._socket_reader, self.voice_client._player]  # noqa: SLF001 - this module is for them
        if self.ws is not MISSING:
            threads.append(self.ws._keep_alive)  # noqa: SLF001
        return [thread for thread in threads if thread is not None and thread.is_alive()]

    def stop_polling(self) -> list[asyncio.Task[Any]]:
        """Cancel discord.py's own tasks on this connection; returns those to wait for."""
        tasks = [task for task in (self._runner, self._connector) if task and not task.done()]
        for task in tasks:
            task.cancel()
        return tasks


class Client(discord.VoiceClient):
    """A voice client that also listens, prefers AES-GCM and sends nothing unencrypted."""

    supported_modes = MODES  # type: ignore[assignment] # discord.py's own list lacks AES-GCM

    def __init__(
        self, client: discord.Client, channel: discord.abc.Connectable, observer: Observer
    ) -> None:
        self._observer = observer
        self._kept = KeptCipher()
        super().__init__(client, channel)

    def create_connection_state(self) -> VoiceConnectionState:  # noqa: D102 - theirs
        return ConnectionState(self, self._observer)

    @property
    def connection(self) -> ConnectionState:
        """The connection below, typed."""
        return cast("ConnectionState", self._connection)

    def send_audio_packet(self, data: bytes, *, encode: bool = True) -> None:
        """Send a frame, if the call can read it now and nobody else; drop it if not."""
        if self.connection.encrypted:
            super().send_audio_packet(data, encode=encode)

    def _encrypt_aead_aes256_gcm_rtpsize(self, header: bytes, data: bytes) -> bytes:
        cipher = self._kept.get(AES_GCM, self.secret_key)
        if not isinstance(cipher, AesGcm):
            raise TypeError
        counter = self._incr_nonce
        self.checked_add("_incr_nonce", 1, 0xFFFFFFFF)
        return cipher.seal(bytes(header), bytes(data), counter)


def adopt(client: Client, channel: VoiceChannel) -> None:
    """Have discord.py tell a voice client of its voice states again, by the objects of now."""
    state, guild = client._state, channel.guild  # noqa: SLF001 - this module is for them
    if client.is_connected() and state._get_voice_client(guild.id) is None:  # noqa: SLF001
        state._add_voice_client(guild.id, client)  # noqa: SLF001
    client.channel = channel


def gateway_up(client: discord.Client, guild: discord.Guild) -> bool:
    """Return whether the main gateway can be asked for anything of this server."""
    # Not there before the first connection, whatever discord.py's types say.
    websocket: DiscordWebSocket | None = client._get_websocket(guild.id)  # noqa: SLF001
    return websocket is not None and websocket.open and websocket.session_id is not None


async def leave(client: Client, timeout_s: float) -> None:
    """Leave voice and end the connection's tasks and threads, whatever state it is in."""
    connection = client.connection
    loop = asyncio.get_running_loop()
    threads = connection.threads()  # discord.py forgets its player when it stops it
    for _ in range(_CANCEL_ATTEMPTS):
        # Again, as wait_for of Python 3.11 loses a cancellation that meets the awaited result.
        if not (tasks := connection.stop_polling()):
            break
        await asyncio.wait(tasks, timeout=_CANCEL_WAIT_S)
    client.stop()
    deadline = loop.time() + timeout_s
    try:
        async with asyncio.timeout_at(deadline):
            await connection.disconnect(force=True, wait=True)
    except (TimeoutError, discord.DiscordException, OSError) as error:
        log.warning("leaving voice failed", error=type(error).__name__)
    finally:
        client.cleanup()
    # Of its voice state this client may be told no more, and who joins before it is gone would be
    # taken for thrown out.
    while connection.self_voice_state is not None and loop.time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    deadline = loop.time() + timeout_s
    # They are ending; threads have no event of their end, and joining would block the loop.
    while any(thread.is_alive() for thread in threads) and loop.time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    if left := [thread for thread in threads if thread.is_alive()]:
        log.error("threads outlive their voice connection", count=len(left))
