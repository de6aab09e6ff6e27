"""A client of the voice gateway, written from Discord's documentation with aiohttp and davey."""

import asyncio
import json
import ssl
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.loopback.voice import VoiceServer, rtp
from bot.loopback.voice.membership import DaveySession, Membership
from bot.loopback.voice.opcodes import Body, Op
from bot.loopback.voice.transport import AES, Transport
from bot.tasks import TaskOwner

GUILD, CHANNEL, BOT, ANA, BEN = 7000, 555, 9000, 1001, 1002
SESSION = "session-of-the-main-gateway"
WAIT_S = 10


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens on the other side of a socket and tells nobody."""
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.005)


class _Port(asyncio.DatagramProtocol):
    def __init__(self, client: "VoiceClient") -> None:
        self._client = client

    def datagram_received(self, data: bytes, addr: Any) -> None:
        del addr
        self._client.datagram(data)


class VoiceClient:
    """One connection; what it received stands in lists."""

    def __init__(
        self, server: VoiceServer, *, user_id: int = BOT, channel_id: int = CHANNEL
    ) -> None:
        self.server = server
        self.user_id = user_id
        self.channel_id = channel_id
        self.token = server.admit(
            guild_id=GUILD, channel_id=channel_id, user_id=user_id, session_id=SESSION
        )
        self.messages: list[tuple[int, Body, int | None]] = []
        self.datagrams: list[bytes] = []
        self.packets: list[rtp.Packet] = []
        self.seq_ack = -1
        self.close_code: int | None = None
        self.mode = AES
        self.membership = Membership(user_id, DaveySession(user_id, channel_id))
        self.transport: Transport | None = None
        self.ready: dict[str, Any] = {}
        self._changed = asyncio.Condition()
        self._tasks = TaskOwner("test client")

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._http = aiohttp.ClientSession()
        self.udp, _ = await loop.create_datagram_endpoint(
            lambda: _Port(self), local_addr=("127.0.0.1", 0)
        )
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.udp.close()
        await self.socket.close()
        await self._tasks.close()
        await self._http.close()

    async def open(self) -> None:
        """A new websocket; wait for Hello."""
        trust = ssl.create_default_context(cafile=str(self.server.ca_file))
        url = f"wss://{self.server.endpoint}/?v=8"
        self.close_code = None
        self.socket = await self._http.ws_connect(url, ssl=trust)
        self._tasks.start(self._read(self.socket), "reader")
        await self.wait(Op.HELLO)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                seq, op = struct.unpack_from(">HB", message.data)
                await self._take(op, message.data[3:], seq)
            else:
                data = json.loads(message.data)
                await self._take(data["op"], data["d"], data.get("seq"))
        if socket is self.socket:
            self.close_code = socket.close_code
        async with self._changed:
            self._changed.notify_all()

    async def _take(self, op: int, body: Body, seq: int | None) -> None:
        self.seq_ack = self.seq_ack if seq is None else seq
        if op == Op.SESSION_DESCRIPTION:
            assert not isinstance(body, bytes | None)
            self.transport = Transport(body["mode"], bytes(body["secret_key"]))
            if body["dave_protocol_version"]:
                await self._answer(self.membership.start())
        await self._answer(self.membership.receive(Op(op), body))
        async with self._changed:
            self.messages.append((op, body, seq))
            self._changed.notify_all()

    async def _answer(self, answers: list[tuple[Op, Body]]) -> None:
        for op, body in answers:
            if isinstance(body, bytes):
                await self.socket.send_bytes(bytes([op]) + body)
            else:
                await self.send(op, body)

    async def send(self, op: int, body: Body | object) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": body}))

    async def wait(self, op: Op, times: int = 1) -> Any:
        """The body of the newest message of this kind, once so many have come."""

        def bodies() -> list[Body]:
            return [body for one, body, _ in self.messages if one == op]

        async with asyncio.timeout(WAIT_S), self._changed:
            await self._changed.wait_for(lambda: len(bodies()) >= times)
        return bodies()[-1]

    async def closed(self) -> int | None:
        """The code with which the server closed the websocket."""
        async with asyncio.timeout(WAIT_S), self._changed:
            await self._changed.wait_for(lambda: self.close_code is not None)
        return self.close_code

    def identity(self, **changes: object) -> dict[str, object]:
        return {
            "server_id": str(GUILD),
            "user_id": str(self.user_id),
            "session_id": SESSION,
            "token": self.token,
            "max_dave_protocol_version": 1,
        } | changes

    async def join(self, mode: str = AES) -> None:
        """Identify, discover the address, select the protocol."""
        await self.send(Op.IDENTIFY, self.identity())
        self.ready = await self.wait(Op.READY)
        self.udp.sendto(struct.pack(">HHI66x", 1, 70, self.ready["ssrc"]), self.address)
        await self.received(1)
        (port,) = struct.unpack(">H", self.datagrams[0][-2:])
        data = {"address": "127.0.0.1", "port": port, "mode": mode}
        await self.send(Op.SELECT_PROTOCOL, {"protocol": "udp", "data": data})
        await self.wait(Op.SESSION_DESCRIPTION)
        await self.send(Op.SPEAKING, {"speaking": 0, "delay": 0, "ssrc": self.ready["ssrc"]})

    @property
    def address(self) -> tuple[str, int]:
        return self.ready["ip"], self.ready["port"]

    def datagram(self, data: bytes) -> None:
        self.datagrams.append(data)
        if self.transport is not None and data[0] >> 6 == 2:
            header = rtp.parse_header(data)
            self.packets.append(rtp.packet(header, self.transport.open(data, header.size)))

    async def received(self, count: int) -> None:
        """Wait for so many datagrams."""
        await until(lambda: len(self.datagrams) >= count)

    def talk(self, frame: bytes, sequence: int = 1, **changes: int) -> None:
        """Send one packet of audio as it is."""
        assert self.transport is not None
        ssrc = changes.get("ssrc", self.ready["ssrc"])
        header, body = rtp.write(rtp.Packet(sequence, sequence * rtp.TICKS, ssrc, frame))
        if "payload_type" in changes:
            header = header[:1] + bytes([changes["payload_type"]]) + header[2:]
        self.udp.sendto(self.transport.seal(header, body), self.address)
