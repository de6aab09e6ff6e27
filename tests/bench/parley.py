"""Our whole receive path: the worker's thread from the socket on, the event loop, frames."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Self, cast

from bot.clock import Clock, LoopClock
from bot.domain.events import SPEECH_RATE
from bot.voice.discord_internals import ConnectionState
from bot.voice.figures import Figures
from bot.voice.live_keys import LiveKeys
from bot.voice.receive import crypto
from bot.voice.receive.packet_path import PacketPath
from bot.voice.receive.receiver import Receiver
from tests.bench.frames import Frames, Sdk
from tests.bench.measure import Cost, cpu_s, resident_kb, settle
from tests.bench.scene import FIRST_SSRC, FRAME_S, TRANSPORT_KEY, Scene

Deliver = Callable[[int, bytes | None, float], None]
_FRAME_SAMPLES = SPEECH_RATE // 50


def keys(scene: Scene) -> LiveKeys:
    """The keys of a connection as the worker reads them, from one that stands still."""
    connection = SimpleNamespace(
        mode=crypto.AES_GCM,
        secret_key=list(TRANSPORT_KEY),
        dave_session=scene.session,
        dave_protocol_version=1,
        dave_pending_transitions={},
        plain_until=0.0,
        voice_client=SimpleNamespace(loop=None),
    )
    return LiveKeys(cast("ConnectionState", connection))


class Burst:
    """Stands for a socket on which packets wait as fast as they are read, then one goes on."""

    def __init__(self, datagrams: list[bytes]) -> None:
        self._datagrams = datagrams
        self.read = 0
        self._readable, self._other = socket.socketpair()
        self._readable.settimeout(0)
        self._other.send(b"\0")

    def dup(self) -> Self:
        """Itself."""
        return self

    def fileno(self) -> int:
        """Of what is always ready to be read."""
        return self._readable.fileno()

    def recv(self, _size: int, /) -> bytes:
        """The next packet."""
        if self.read == len(self._datagrams):
            self._readable.recv(1)  # no more to be read after this, and no byte the second time
            raise BlockingIOError
        self.read += 1
        return self._datagrams[self.read - 1]

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        """What the kernel says of it."""
        return self._readable.getsockopt(level, option, size)

    def close(self) -> None:
        """Nothing is read any more."""
        self._readable.close()
        self._other.close()


class BurstClock(LoopClock):
    """The time at which the packet that was read last would have come."""

    def __init__(self, burst: Burst, a_second: int) -> None:
        super().__init__()
        self._burst = burst
        self._a_second = a_second

    def now(self) -> float:
        """In seconds."""
        return self._burst.read / self._a_second


class Hearer:
    """A receiver in which all members of a scene are known and heard. Made on an event loop."""

    def __init__(self, scene: Scene, deliver: Deliver, clock: Clock) -> None:
        self.figures = Figures()
        hearing = PacketPath(keys(scene), self.figures)
        # Waited for, as looking again and again would be what is measured with one speaker.
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        self.receiver = Receiver(
            hearing,
            self.figures,
            clock,
            deliver,
            self._last,
        )
        self.receiver.start()
        hearing.allowed = frozenset(scene.users)
        self.receiver.tell(partial(hearing.arrive, scene.users))
        for index, user in enumerate(scene.users):
            self.receiver.tell(partial(hearing.announce, FIRST_SSRC + index, user))

    def _last(self, _datagram: bytes) -> None:
        self._loop.call_soon_threadsafe(self._end.set)

    async def heard(self, packets: int) -> None:
        """Wait until so many packets became speech; what was lost shows as a timeout."""
        async with asyncio.timeout(20):
            while self.figures.samples < packets * _FRAME_SAMPLES:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)

    async def ended(self) -> None:
        """Wait for the packet of one byte behind all others."""
        async with asyncio.timeout(20):
            await self._end.wait()
        await asyncio.sleep(0.05)

    def check(self, packets: int) -> None:
        """Nothing was lost on the way: the figures count whole work."""
        if self.figures.samples != packets * _FRAME_SAMPLES or self.figures.lost:
            raise RuntimeError(f"Not all was heard: {self.figures.as_mapping()}")


def saturated(scene: Scene) -> Cost:
    """All packets, as fast as they are heard."""
    return asyncio.run(_saturated(scene))


async def _saturated(scene: Scene) -> Cost:
    frames = {user: Frames(Sdk()) for user in scene.users}

    def deliver(user: int, pcm: bytes | None, _at: float) -> None:
        if pcm is not None:
            frames[user].feed(pcm)

    burst = Burst(scene.datagrams)
    hearer = Hearer(scene, deliver, BurstClock(burst, round(len(scene.users) / FRAME_S)))
    count = len(scene.datagrams)
    settle()
    before = cpu_s()
    hearer.receiver.listen(burst)
    await hearer.heard(count)
    cost = Cost(cpu_s() - before, count)
    hearer.check(count)
    await hearer.receiver.close()
    return cost


def paced(scene: Scene, sock: socket.socket, pipe: Connection) -> None:
    """Hear from a UDP socket until a packet of one byte; send ready, then (cost, kB used)."""
    asyncio.run(_paced(scene, sock, pipe))


async def _paced(scene: Scene, sock: socket.socket, pipe: Connection) -> None:
    frames = {user: Frames(Sdk()) for user in scene.users}

    def deliver(user: int, pcm: bytes | None, _at: float) -> None:
        if pcm is not None:
            frames[user].feed(pcm)

    settle()
    empty_kb = resident_kb()
    hearer = Hearer(scene, deliver, LoopClock())
    sock.settimeout(0)
    hearer.receiver.listen(sock)
    pipe.send("ready")
    before = cpu_s()
    await hearer.ended()
    cost = Cost(cpu_s() - before, hearer.figures.packets)
    used_kb = resident_kb() - empty_kb
    hearer.check(len(scene.datagrams))
    await hearer.receiver.close()
    pipe.send((cost, used_kb))
