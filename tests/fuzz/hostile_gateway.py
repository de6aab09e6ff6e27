"""A voice gateway that sends rubbish to the real handlers of the voice link."""

import asyncio
import json
import random
import socket
import threading
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
from discord.errors import ConnectionClosed
from discord.voice_state import ConnectionFlowState

from bot.voice import gateway_events
from bot.voice.discord_internals import Client, ConnectionState, _Gateway
from bot.voice.figures import Figures
from bot.voice.receive.packet_path import PacketPath
from tests.fuzz.mutation import mutated, mutated_json
from tests.unit.loopback.voice.dave_call import DaveCall
from tests.unit.voice.voice_call import DeskKeys

TEXTS: tuple[dict[str, Any], ...] = (
    {"op": 4, "d": {"mode": "aead_aes256_gcm_rtpsize", "secret_key": list(range(32)),
                    "dave_protocol_version": 1}},
    {"op": 5, "d": {"user_id": "11", "ssrc": 1001, "speaking": 1}, "seq": 3},
    {"op": 6, "d": {"t": 1}},
    {"op": 8, "d": {"v": 8, "heartbeat_interval": 13750}},
    {"op": 9, "d": None},
    {"op": 11, "d": {"user_ids": ["11", "22", "33"]}, "seq": 4},
    {"op": 13, "d": {"user_id": "22"}, "seq": 5},
    {"op": 18, "d": {"user_id": "11", "flags": 2}},
    {"op": 21, "d": {"transition_id": 7, "protocol_version": 1}, "seq": 6},
    {"op": 22, "d": {"transition_id": 7}, "seq": 7},
    {"op": 24, "d": {"epoch": 1, "protocol_version": 1}, "seq": 8},
)  # fmt: skip
ROUND = 500  # messages, after which the connection is made anew


class _Wire:
    """The websocket's place: what is sent goes nowhere, what comes is the test's."""

    closed = False
    close_code = None

    def __init__(self) -> None:
        self.next: aiohttp.WSMessage | None = None

    async def receive(self) -> aiohttp.WSMessage:
        assert self.next is not None
        return self.next

    async def send_str(self, text: str) -> None:
        json.loads(text)

    async def send_bytes(self, data: bytes) -> None:
        assert data

    async def close(self, *, code: int = 1000) -> bytes:
        self.closed = code > 0
        return b""


class HostileGateway:
    """Feeds `_Gateway` mutated messages, as discord.py's poller would.

    Attributes:
        thrown: Messages so far.
        skipped: Messages that were counted as senseless and passed over.
        closed: How often the connection was given up and made anew.
        figures: Of the hearing that is told who speaks.
    """

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._binaries = _messages_of_a_group(seed)
        self.thrown = 0
        self.skipped = 0
        self.senseless = 0
        self.closed = 0
        self.figures = Figures()
        self.hearing = PacketPath(DeskKeys(), self.figures)
        self._wire = _Wire()
        self._state: ConnectionState | None = None
        self._gateway: _Gateway | None = None

    # What is told of a connection; see `discord_internals.Observer`

    def socket_changed(self, sock: socket.socket | None) -> None:
        if sock is not None:
            raise AssertionError

    def gateway_message(self, message: Any) -> None:
        event = gateway_events.parse(message)
        if event is None:
            self.senseless += 1
        elif isinstance(event, gateway_events.Ready):
            self.hearing.reset()
        elif not isinstance(event, gateway_events.Other):
            event.apply(self.hearing)

    def gateway_moved(self) -> None:
        return

    def gateway_fault(self) -> None:
        self.skipped += 1

    def gateway_closed(self, code: int) -> None:
        assert isinstance(code, int)

    def removed(self) -> None:
        raise AssertionError

    # The fuzzing

    async def throw(self, count: int) -> None:
        for number in range(count):
            if self._gateway is None or number % ROUND == 0:
                self._connect()
            assert self._gateway is not None
            self._wire.next = self._message()
            self.thrown += 1
            try:
                await self._gateway.poll_event()
            except ConnectionClosed:
                self._again()
            except Exception:
                # What the poller is given up for: a hundred bad ones in a row, nothing less.
                if self._gateway.faults <= 100:
                    raise
                self._again()
            self.hearing.take()

    def _again(self) -> None:
        self.closed += 1
        self._gateway = None

    def close(self) -> None:
        if self._state is not None:
            self._state._socket_reader.stop()
            self._state._socket_reader.join(5)

    def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        if self._state is None:
            user = SimpleNamespace(id=1)
            client = SimpleNamespace(
                loop=loop, user=user, channel=SimpleNamespace(id=2), guild=SimpleNamespace(id=3),
                client=SimpleNamespace(loop=loop), _state=SimpleNamespace(user=user),
            )  # fmt: skip
            self._state = ConnectionState(cast("Client", client), self)
        self._wire = _Wire()
        gateway = _Gateway(cast("Any", self._wire), loop, hook=self._state.hook)
        gateway._connection = self._state
        gateway.secret_key = None
        gateway.thread_id = threading.get_ident()
        gateway._max_heartbeat_timeout = 60.0
        self._state.ws = gateway
        self._state.state = ConnectionFlowState.connected
        # Made by the first hello; what follows is fuzzed.
        gateway._keep_alive = cast("Any", SimpleNamespace(ack=lambda: None))
        self._gateway = gateway

    def _message(self) -> aiohttp.WSMessage:
        dice = self._dice
        kind = dice.randrange(4)
        if kind == 0:
            body = dice.choice(self._binaries)
            data = body if dice.random() < 0.2 else mutated(body, dice)
            return aiohttp.WSMessage(aiohttp.WSMsgType.BINARY, data, None)
        message = dice.choice(TEXTS)
        if kind == 1:
            text = mutated(json.dumps(message).encode(), dice).decode("utf-8", "replace")
        else:
            changed = message if dice.random() < 0.3 else mutated_json(message, dice)
            text = json.dumps(changed)
        return aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, text, None)


def _messages_of_a_group(seed: int) -> list[bytes]:
    """Binary messages of a real group: external sender, proposals, commits, welcomes."""
    seen: list[bytes] = []

    class Recording(DaveCall):
        def _post(self, sends: Any) -> None:
            for send in sends:
                if isinstance(send.body, bytes):
                    seen.append(bytes((0, len(seen) & 255, int(send.op))) + send.body)
            super()._post(sends)

    call = Recording(seed)
    for user_id in (1, 11, 22):
        call.join(user_id)
        call.steps()
    call.leave(22)
    call.steps()
    assert seen
    return seen
