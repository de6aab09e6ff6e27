"""The UDP port of the voice server: address discovery, keepalives, and audio from clients."""

import asyncio
import struct
from collections.abc import Callable
from typing import Any, Protocol, cast

from bot.clock import Clock, Timer
from bot.errors import MalformedError
from bot.loopback.voice import rtp
from bot.loopback.voice.faults import Faults
from bot.loopback.voice.session import Address, VoiceSession

_DISCOVERY = struct.Struct(">HHI64sH")  # 1 or 2, bytes that follow, SSRC, address, port
_REQUEST, _RESPONSE = 1, 2
_KEEPALIVE_BYTES = 8
_RTCP = range(200, 208)
# The real servers are some milliseconds away. An answer within microseconds overtakes clients that
# begin to listen only after they have asked.
_DISTANCE_S = 0.005


class Register(Protocol):
    """The sessions, as the port finds them."""

    def by_ssrc(self, ssrc: int) -> VoiceSession | None:
        """Return the session whose SSRC this is, or None."""

    def by_address(self, address: Address) -> VoiceSession | None:
        """Return the session that sends from there, or None."""

    def was_under_way(self, address: Address) -> bool:
        """Return whether a datagram may have been sent before its session ended."""

    def moved(self, session: VoiceSession, address: Address) -> None:
        """Record that a session sends from there from now on."""


class Forwarder(asyncio.DatagramProtocol):
    """Takes datagrams in, and has the call of their sender relay them.

    Args:
        register: Looks up the senders.
        faults: Whether the server hangs.
        clock: Times answers that are delayed.
        complain: Is told what Discord would refuse.
    """

    def __init__(
        self,
        register: Register,
        *,
        faults: Faults,
        clock: Clock,
        complain: Callable[[str], None],
    ) -> None:
        self._register = register
        self._faults = faults
        self._clock = clock
        self._complain = complain
        self._transport: asyncio.DatagramTransport | None = None
        self._answers: dict[Address, Timer] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket; asyncio calls this."""
        # asyncio's own class is a datagram transport without being a subclass of that, in 3.11.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def send(self, datagram: bytes, address: Address) -> None:
        """Send, unless the port is closed."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(datagram, address)

    def close(self) -> None:
        """Close the port and drop the answers that are due."""
        for timer in self._answers.values():
            timer.cancel()
        self._answers.clear()
        if self._transport is not None:
            self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        """Take a datagram; asyncio calls this."""
        if self._faults.silent:
            return
        if len(data) == _KEEPALIVE_BYTES:
            self.send(data, addr)
            return
        try:
            if len(data) == _DISCOVERY.size and data[:2] == b"\x00\x01":
                self._discover(data, addr)
            elif len(data) > 1 and data[1] not in _RTCP:
                self._audio(data, addr)
        except MalformedError as error:
            self._complain(error.message)

    def _discover(self, data: bytes, address: Address) -> None:
        _, _, ssrc, _, _ = _DISCOVERY.unpack(data)
        session = self._register.by_ssrc(ssrc)
        if session is None:
            raise MalformedError("UDP: discovery for an SSRC that nobody has.")
        self._register.moved(session, address)
        host, port = address
        answer = _DISCOVERY.pack(_RESPONSE, _DISCOVERY.size - 4, ssrc, host.encode(), port)

        def reply() -> None:
            del self._answers[address]
            self.send(answer, address)

        if address not in self._answers:
            self._answers[address] = self._clock.call_at(self._clock.now() + _DISTANCE_S, reply)

    def _audio(self, data: bytes, address: Address) -> None:
        session = self._register.by_address(address)
        if session is None and self._register.was_under_way(address):
            return
        if session is None or session.transport is None:
            raise MalformedError("UDP: audio from an address that no session has.")
        header = rtp.parse_header(data)
        who = f"user {session.user_id}"
        if header.payload_type != rtp.OPUS:
            raise MalformedError(f"UDP: {who} sent payload type {header.payload_type}.")
        if header.ssrc != session.ssrc:
            raise MalformedError(f"UDP: {who} sent with the SSRC {header.ssrc}, not its own.")
        packet = rtp.packet(header, session.transport.open(data, header.size))
        if not session.spoke:
            raise MalformedError(f"UDP: {who} sent audio before op 5.")
        if session.call.seated(session):
            session.call.relay(session.user_id, packet)
