"""One client's stay in a call: its websocket may come and go, its place and its keys remain."""

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from bot.clock import Clock, Timer
from bot.errors import RefusedError
from bot.loopback.voice import rtp
from bot.loopback.voice.call import VoiceCall
from bot.loopback.voice.faults import Faults
from bot.loopback.voice.opcodes import RESUMABLE, Body, Close, Op
from bot.loopback.voice.outbox import Frame, Outbox
from bot.loopback.voice.transport import KEY_BYTES, Transport

Address: TypeAlias = tuple[str, int]

_RESUME_S = 30.0


@dataclass(frozen=True, slots=True)
class Grant:
    """A user's leave to enter a call, as VOICE_SERVER_UPDATE and VOICE_STATE_UPDATE tell it."""

    guild_id: int
    channel_id: int
    user_id: int
    session_id: str
    token: str


class VoiceWire(Protocol):
    """The websocket that a session has at the moment."""

    def send(self, frame: Frame) -> None:
        """Send a message, soon and in order."""

    def close(self, code: int) -> None:
        """Close it when what was sent before is out."""


class VoiceSession:
    """A participant behind a websocket and a UDP port.

    Args:
        grant: The grant by which it identified.
        ssrc: The SSRC of its stream.
        call: The call it will enter with `describe`.
        faults: Decides what its packets look like, and whether anything is sent.
        send: Sends a datagram to an address.
        clock: Times the end of an abandoned session.
        ended: Is called once, when it can no longer be resumed.
    """

    def __init__(
        self,
        grant: Grant,
        ssrc: int,
        call: VoiceCall,
        *,
        faults: Faults,
        send: Callable[[bytes, Address], None],
        clock: Clock,
        ended: Callable[["VoiceSession"], None],
    ) -> None:
        self.grant = grant
        self.user_id = grant.user_id
        self.ssrc = ssrc
        self.call = call
        self.address: Address | None = None
        self.spoke = False  # has sent op 5, without which audio is refused
        self.transport: Transport | None = None
        self._faults = faults
        self._send = send
        self._clock = clock
        self._ended = ended
        self._over = False
        self._outbox = Outbox()
        self._late: deque[Frame] = deque()  # on their way to the client
        self._wire: VoiceWire | None = None
        self._abandoned: Timer | None = None

    @property
    def described(self) -> bool:
        """Whether it has its keys and is in the call."""
        return self.transport is not None

    def describe(self, mode: str) -> None:
        """Choose the encryption, tell the key, and enter the call."""
        key = secrets.token_bytes(KEY_BYTES)
        self.transport = Transport(mode, key)
        self.tell(
            Op.SESSION_DESCRIPTION,
            {
                "mode": mode,
                "secret_key": list(key),
                "audio_codec": "opus",
                "video_codec": "H264",
                "media_session_id": secrets.token_hex(16),
                "dave_protocol_version": self.call.dave_version,
            },
        )
        self.call.enter(self)

    # For the call

    def tell(self, op: Op, body: Body) -> None:
        """Send a message, and keep it for a resume."""
        frame = self._outbox.put(op, body)
        if not self._faults.gateway_ms and not self._late:
            self._deliver(frame)
            return
        self._late.append(frame)
        late = self._clock.now() + self._faults.gateway_ms / 1000
        self._clock.call_at(late, self._arrived)

    def _arrived(self) -> None:
        if self._late:
            self._deliver(self._late.popleft())

    def _deliver(self, frame: Frame) -> None:
        if self._wire is not None:
            self._wire.send(frame)

    def hear(self, sender: int, packet: rtp.Packet) -> None:  # noqa: ARG002 - the SSRC says it
        """Send a packet under this client's key."""
        if self.transport is None or self.address is None or self._faults.silent:
            return
        header, body = rtp.write(
            packet,
            extension=self._faults.header_extension,
            padding=self._faults.padding_bytes(),
        )
        self._send(self.transport.seal(header, body), self.address)

    def ousted(self, code: int) -> None:
        """Close the websocket; nothing is left to resume."""
        self._end()
        if self._wire is not None:
            self._wire.close(code)
            self._wire = None

    # For its websocket

    def attach(self, wire: VoiceWire) -> None:
        """Talk through this websocket; an earlier one is closed."""
        if self._abandoned is not None:
            self._abandoned.cancel()
            self._abandoned = None
        if self._wire is not None:
            self._wire.close(Close.SESSION_INVALID)
        self._wire = wire

    def resume(self, wire: VoiceWire, seq_ack: int) -> None:
        """Go on through a new websocket, with what the client has missed.

        Raises:
            RefusedError: The session has ended, or something it missed is no longer kept.
        """
        missed = self._outbox.after(seq_ack)
        if self._over or missed is None:
            raise RefusedError("voice: resumed a session that is over", Close.SESSION_INVALID)
        self.attach(wire)
        self.tell(Op.RESUMED, None)
        for frame in missed:
            wire.send(frame)

    def seen(self, seq_ack: int) -> None:
        """Record that the client has seen messages up to this number."""
        self._outbox.seen(seq_ack)

    def detached(self, wire: VoiceWire, code: int) -> None:
        """Record that a websocket closed; keep the place for a while if the code allows it."""
        if self._wire is not wire:
            return
        self._wire = None
        if code in RESUMABLE:
            self._abandoned = self._clock.call_at(self._clock.now() + _RESUME_S, self._leave)
        else:
            self._leave()

    def close_wire(self, code: int) -> None:
        """Close the websocket with any code."""
        if self._wire is not None:
            self._wire.close(code)

    def _leave(self) -> None:
        if self.call.seated(self):
            self.call.leave(self.user_id)
        self._end()

    def _end(self) -> None:
        if self._abandoned is not None:
            self._abandoned.cancel()
            self._abandoned = None
        self._late.clear()
        if not self._over:
            self._over = True
            self._ended(self)
