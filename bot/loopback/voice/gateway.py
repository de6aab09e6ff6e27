"""The voice gateway, version 8: one websocket, from Hello to its close."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from bot.clock import Clock, Timer
from bot.errors import MalformedError, RefusedError
from bot.loopback.voice.faults import Faults
from bot.loopback.voice.opcodes import Close, Op
from bot.loopback.voice.outbox import Frame, text
from bot.loopback.voice.session import VoiceSession
from bot.loopback.voice.tls import HOST
from bot.loopback.voice.transport import MODES
from bot.tasks import TaskOwner

HEARTBEAT_MS = 13_750

_PATIENCE = 1.5  # heartbeat intervals without one
_UNSENT = 1024  # messages waiting for a client that does not read
_CLOSE_S = 2.0
_IGNORED = frozenset({12, 15})  # video, and which streams the client wants
_BINARY = frozenset({Op.KEY_PACKAGE, Op.COMMIT_WELCOME})


class Reception(Protocol):
    """Who may come in, as the gateway sees the server."""

    udp_port: int

    def identify(self, server_id: str, user_id: str, session_id: str, token: str) -> VoiceSession:
        """Open a new session. Raises RefusedError."""

    def find(self, server_id: str, session_id: str, token: str) -> VoiceSession:
        """Return the session to resume. Raises RefusedError."""


def _field(body: Any, name: str, kind: type) -> Any:
    """Return a value of a payload; a missing one, or of another type, is a bad request."""
    value = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise RefusedError(f"voice: a payload has no proper {name}", Close.BAD_REQUEST)
    return value


class VoiceGatewayConnection:
    """One client's websocket.

    Args:
        socket: The prepared websocket.
        reception: Decides who may come in.
        faults: Whether the server hangs.
        clock: Times the heartbeats.
        complain: Is told what Discord would refuse.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        reception: Reception,
        *,
        faults: Faults,
        clock: Clock,
        complain: Callable[[str], None],
    ) -> None:
        self._socket = socket
        self._reception = reception
        self._faults = faults
        self._clock = clock
        self._complain = complain
        self._unsent: asyncio.Queue[Frame | int] = asyncio.Queue(_UNSENT)
        self._session: VoiceSession | None = None
        self._close_code: int | None = None
        self._deadline: Timer | None = None

    # Sending

    def send(self, frame: Frame) -> None:
        """Send a message, soon and in order; a client that does not read is cut off."""
        if self._close_code is not None:
            return
        try:
            self._unsent.put_nowait(frame)
        except asyncio.QueueFull:
            while not self._unsent.empty():
                self._unsent.get_nowait()
            self._complain("voice: a client does not read its websocket")
            self.close(Close.SESSION_TIMEOUT)

    def close(self, code: int) -> None:
        """Close the websocket when what was sent before is out."""
        if self._close_code is not None:
            return
        if self._unsent.full():
            self._unsent.get_nowait()
        self._unsent.put_nowait(code)
        self._close_code = code

    async def _write(self) -> None:
        while True:
            item = await self._unsent.get()
            await self._faults.awake()
            try:
                if isinstance(item, int):
                    await self._socket.close(code=item)
                    return
                if isinstance(item, bytes):
                    await self._socket.send_bytes(item)
                else:
                    await self._socket.send_str(item)
            except ConnectionError:
                return  # the reader sees the same and cleans up

    # Receiving

    async def serve(self) -> None:
        """Talk to the client until either side closes."""
        tasks = TaskOwner("voice gateway")
        writer = None
        try:
            writer = tasks.start(self._write(), "writer")
            self.send(text(Op.HELLO, {"v": 8, "heartbeat_interval": HEARTBEAT_MS}))
            self._expect_heartbeat()
            async for message in self._socket:
                await self._faults.awake()
                try:
                    self._receive(message.type, message.data)
                except RefusedError as error:
                    self._complain(error.message)
                    self.close(error.close_code)
                except MalformedError as error:
                    self._complain(error.message)
                    self.close(Close.BAD_REQUEST)
        finally:
            if self._deadline is not None:
                self._deadline.cancel()
            code = self._close_code or self._socket.close_code or 1006
            if self._session is not None:
                self._session.detached(self, code)
            if writer is not None and self._close_code is not None:
                # aiohttp ends the reading before the close frame is out.
                await asyncio.wait([writer], timeout=2 * _CLOSE_S)
            await tasks.close()

    def _expect_heartbeat(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        when = self._clock.now() + _PATIENCE * HEARTBEAT_MS / 1000
        self._deadline = self._clock.call_at(when, self._missed_heartbeat)

    def _missed_heartbeat(self) -> None:
        if self._faults.silent:
            self._expect_heartbeat()
            return
        self._complain("voice: no heartbeat came")
        self.close(Close.SESSION_TIMEOUT)

    def _receive(self, kind: WSMsgType, data: Any) -> None:
        if self._close_code is not None:
            return
        if kind is WSMsgType.BINARY:
            self._binary(data)
            return
        try:
            message = json.loads(data)
            number, body = message["op"], message.get("d")
        except (ValueError, TypeError, KeyError, AttributeError):
            raise RefusedError(
                "voice: a message is no JSON with an op", Close.DECODE_FAILED
            ) from None
        if number in _IGNORED:
            return
        handlers: dict[int, Callable[[Any], None]] = {
            Op.IDENTIFY: self._identify,
            Op.RESUME: self._resume,
            Op.HEARTBEAT: self._heartbeat,
            Op.SELECT_PROTOCOL: self._select,
            Op.SPEAKING: self._speaking,
            Op.TRANSITION_READY: self._transition_ready,
            Op.INVALID_COMMIT_WELCOME: self._invalid,
        }
        handler = handlers.get(number) if isinstance(number, int) else None
        if handler is None:
            raise RefusedError(f"voice: unknown op {number!r}", Close.UNKNOWN_OPCODE)
        handler(body)

    def _binary(self, data: bytes) -> None:
        if not data or data[0] not in _BINARY:
            raise RefusedError("voice: unknown binary op", Close.UNKNOWN_OPCODE)
        session = self._seated()
        session.call.dave(session.user_id, Op(data[0]), data[1:])

    def _identified(self) -> VoiceSession:
        if self._session is None:
            raise RefusedError("voice: a payload before identify", Close.NOT_AUTHENTICATED)
        return self._session

    def _seated(self) -> VoiceSession:
        session = self._identified()
        if not session.call.seated(session):
            raise RefusedError("voice: a payload before the protocol", Close.NOT_AUTHENTICATED)
        return session

    def _identify(self, body: Any) -> None:
        self._not_twice()
        names = ("server_id", "user_id", "session_id", "token")
        session = self._reception.identify(*(str(_field(body, name, str)) for name in names))
        version = body.get("max_dave_protocol_version", 0)
        if not isinstance(version, int) or version < session.call.dave_version:
            session.ousted(Close.DAVE_REQUIRED)
            raise RefusedError("voice: no DAVE in an encrypted channel", Close.DAVE_REQUIRED)
        self._session = session
        session.attach(self)
        session.tell(
            Op.READY,
            {
                "ssrc": session.ssrc,
                "ip": HOST,
                "port": self._reception.udp_port,
                "modes": list(MODES),
                "experiments": [],
                "streams": [],
            },
        )

    def _resume(self, body: Any) -> None:
        self._not_twice()
        names = ("server_id", "session_id", "token")
        session = self._reception.find(*(str(_field(body, name, str)) for name in names))
        seq_ack = body.get("seq_ack", -1)
        session.resume(self, seq_ack if isinstance(seq_ack, int) else -1)
        self._session = session

    def _not_twice(self) -> None:
        if self._session is not None:
            raise RefusedError("voice: identified twice", Close.ALREADY_AUTHENTICATED)

    def _heartbeat(self, body: Any) -> None:
        if not isinstance(body, Mapping) or "t" not in body:
            # Seen on the real gateway: the form of earlier versions is not acknowledged, and the
            # client times out.
            self._complain("voice: a heartbeat is not in the form of version 8")
            return
        self._expect_heartbeat()
        seq_ack = body.get("seq_ack", -1)
        if self._session is not None and isinstance(seq_ack, int):
            self._session.seen(seq_ack)
        self.send(text(Op.HEARTBEAT_ACK, {"t": body["t"]}))

    def _select(self, body: Any) -> None:
        session = self._identified()
        if _field(body, "protocol", str) != "udp":
            raise RefusedError("voice: a protocol other than udp", Close.UNKNOWN_PROTOCOL)
        data = _field(body, "data", dict)
        mode = _field(data, "mode", str)
        if mode not in MODES:
            raise RefusedError("voice: an unknown encryption mode", Close.UNKNOWN_MODE)
        if session.described:
            raise RefusedError("voice: selected the protocol twice", Close.ALREADY_AUTHENTICATED)
        if session.address is None:
            session.address = _field(data, "address", str), _field(data, "port", int)
        session.describe(mode)

    def _speaking(self, body: Any) -> None:
        session = self._seated()
        flags = _field(body, "speaking", int)
        if body.get("ssrc", session.ssrc) != session.ssrc:
            self._complain(f"voice: user {session.user_id} spoke with another's SSRC")
            return
        session.spoke = True
        session.call.speaking(session.user_id, flags)

    def _transition_ready(self, body: Any) -> None:
        self._about_transition(Op.TRANSITION_READY, body)

    def _invalid(self, body: Any) -> None:
        self._about_transition(Op.INVALID_COMMIT_WELCOME, body)

    def _about_transition(self, op: Op, body: Any) -> None:
        session = self._seated()
        transition_id = _field(body, "transition_id", int)
        session.call.dave(session.user_id, op, {"transition_id": transition_id})


async def accept(
    request: web.Request,
    make: Callable[[web.WebSocketResponse], VoiceGatewayConnection],
) -> web.WebSocketResponse:
    """Serve one request for a websocket."""
    socket = web.WebSocketResponse(timeout=_CLOSE_S)
    await socket.prepare(request)
    connection = make(socket)
    if request.query.get("v") != "8":
        await socket.close(code=Close.UNKNOWN_PROTOCOL)
        return socket
    await connection.serve()
    return socket
