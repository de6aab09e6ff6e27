"""Our whole receive path: discord.py's socket thread, our worker, the event loop, frames."""

import asyncio
import gc
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection

import davey
from discord.voice_state import SocketReader

from bot.clock import LoopClock
from bot.voice import crypto
from bot.voice.figures import Figures
from bot.voice.hearing import Hearing
from bot.voice.receiver import Receiver
from tests.bench.frames import Frames, Lean, Writer
from tests.bench.measure import Cost, cpu_s, resident_kb
from tests.bench.scene import FIRST_SSRC, TRANSPORT_KEY, Scene

Deliver = Callable[[int, bytes | None, float], None]
_BURST = 1_000  # packets fed at once: far fewer than the receiver's queue holds


@dataclass(slots=True)
class BenchKeys:
    """A connection's keys as the worker reads them."""

    session: davey.DaveSession
    secret_key: list[int]
    mode: str | None = crypto.AES_GCM
    dave_version: int = 1
    plain_allowed: bool = False


class Hearer:
    """A receiver in which all members of a scene are known and heard. Made on an event loop."""

    def __init__(self, scene: Scene, deliver: Deliver) -> None:
        self.figures = Figures()
        hearing = Hearing(BenchKeys(scene.session, list(TRANSPORT_KEY)), self.figures)
        self.receiver = Receiver(hearing, self.figures, LoopClock(), deliver)
        self.receiver.start()
        hearing.allowed = frozenset(scene.users)
        self.receiver.tell(partial(hearing.arrive, scene.users))
        for index, user in enumerate(scene.users):
            self.receiver.tell(partial(hearing.announce, FIRST_SSRC + index, user))

    async def heard(self, packets: int) -> None:
        """Wait until so many packets became speech; what was lost shows as a timeout."""
        async with asyncio.timeout(10):
            while self.figures.frames < packets:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.005)

    def check(self, packets: int) -> None:
        """Nothing was lost on the way: the figures count whole work."""
        if self.figures.frames != packets or self.figures.lost:
            raise RuntimeError(f"Not all was heard: {self.figures.as_mapping()}")


def saturated(scene: Scene, writer: Callable[[], Writer] = Lean) -> Cost:
    """All packets, as fast as they are heard."""
    return asyncio.run(_saturated(scene, writer))


async def _saturated(scene: Scene, writer: Callable[[], Writer]) -> Cost:
    frames = {user: Frames(writer()) for user in scene.users}

    def deliver(user: int, pcm: bytes | None, _at: float) -> None:
        if pcm is not None:
            frames[user].feed(pcm)

    hearer = Hearer(scene, deliver)
    gc.collect()
    before = cpu_s()
    fed = 0
    for start in range(0, len(scene.datagrams), _BURST):
        burst = scene.datagrams[start : start + _BURST]
        for datagram in burst:
            hearer.receiver.feed(datagram)
        fed += len(burst)
        await hearer.heard(fed)
    cost = Cost(cpu_s() - before, fed)
    hearer.check(fed)
    await hearer.receiver.close()
    return cost


class _State:
    """What discord.py's reader asks of a voice connection."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(0)
        self.socket = sock


def paced(scene: Scene, sock: socket.socket, pipe: Connection) -> None:
    """Hear from a UDP socket until a packet of one byte; send ready, then (cost, kB used)."""
    asyncio.run(_paced(scene, sock, pipe))


def read_socket(sock: socket.socket, take: Callable[[bytes], None]) -> SocketReader:
    """discord.py's own thread, reading this socket."""
    reader = SocketReader(_State(sock), start_paused=False)  # type: ignore[arg-type]
    reader.register(take)
    reader.start()
    return reader


async def _paced(scene: Scene, sock: socket.socket, pipe: Connection) -> None:
    frames = {user: Frames(Lean()) for user in scene.users}
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def deliver(user: int, pcm: bytes | None, _at: float) -> None:
        if pcm is not None:
            frames[user].feed(pcm)

    gc.collect()
    empty_kb = resident_kb()
    hearer = Hearer(scene, deliver)

    def take(datagram: bytes) -> None:
        if len(datagram) == 1:
            loop.call_soon_threadsafe(ended.set)
        else:
            hearer.receiver.feed(datagram)

    reader = read_socket(sock, take)
    pipe.send("ready")
    before = cpu_s()
    await ended.wait()
    await asyncio.sleep(0.05)
    cost = Cost(cpu_s() - before, hearer.figures.packets)
    used_kb = resident_kb() - empty_kb
    hearer.check(len(scene.datagrams))
    await hearer.receiver.close()
    reader.stop()
    pipe.send((cost, used_kb))
