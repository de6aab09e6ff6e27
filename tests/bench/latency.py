"""How much later than its last packet each 100 ms of speech reaches the service.

The whole way: UDP, our worker, the event loop, the real conversation and the
real SDK, a websocket, and the service's end of it in another process. A chunk is due when the last
of its five packets is sent; what is beyond that is added by us, by the kernel and by the service's
own reading. The first second is left out: connections are made in it.
"""

import asyncio
import socket
import time
from functools import partial
from multiprocessing.connection import Connection

from bot.clock import LoopClock
from bot.domain.events import ConversationEvent, ConversationRequest
from tests.bench.measure import Child, listening_socket, send_paced
from tests.bench.parley import Hearer
from tests.bench.scene import Scene
from tests.integration.translation.translation_service import CHUNK, Service, Session
from tests.support.live_translate import live_translate

_PACKETS = 5  # of a chunk
_SKIPPED = 10  # chunks


def latencies_ms(scene: Scene) -> list[float]:
    """Of every chunk of every member, in milliseconds."""
    sock = listening_socket()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bot = Child(partial(_bot, scene, sock, port))
    service = Child(partial(_serve, port))
    try:
        service.result()
        bot.pipe.send("go")
        bot.result()
        sent = send_paced(scene.datagrams, len(scene.users), sock.getsockname())
        bot.result()
        service.pipe.send("end")
        arrived = service.result()
    finally:
        sock.close()
        bot.end()
        service.end()
    assert isinstance(arrived, dict)
    found = []
    for index, user in enumerate(scene.users):
        times = arrived[str(user)]
        for number, at in enumerate(times[_SKIPPED:], _SKIPPED):
            last = (number * _PACKETS + _PACKETS - 1) * len(scene.users) + index
            if last < len(sent):
                found.append((at - sent[last]) * 1e3)
    return found


def _serve(port: int, pipe: Connection) -> None:
    asyncio.run(_served(port, pipe))


async def _served(port: int, pipe: Connection) -> None:
    arrived: dict[str, list[float]] = {}

    async def script(session: Session) -> None:
        times = arrived.setdefault(session.headers["Authorization"].split("-")[-1], [])
        await session.begin()
        async for event in session.events():
            if event["type"] == "input_audio_buffer.append":
                times.append(time.monotonic())
                session.audio.clear()

    async with Service(script, port=port):
        pipe.send(CHUNK)
        while not pipe.poll():  # noqa: ASYNC110 - a pipe, at the end of it all
            await asyncio.sleep(0.05)
        pipe.send(arrived)


def _bot(scene: Scene, sock: socket.socket, port: int, pipe: Connection) -> None:
    pipe.recv()
    asyncio.run(_interpret(scene, sock, port, pipe))


def _ignore(_event: ConversationEvent) -> None: ...


async def _interpret(scene: Scene, sock: socket.socket, port: int, pipe: Connection) -> None:
    conversations = {}
    interpreters = []
    for user in scene.users:
        interpreter = live_translate(
            url=f"ws://127.0.0.1:{port}/api-ws/v1/realtime",
            api_key=f"sk-{user}",
            model="qwen3-livetranslate-flash-realtime",
            clock=LoopClock(),
            idle_s=60.0,
            connects_per_minute=100_000,
        )
        request = ConversationRequest(speaker_id=user, target="en", spoken=False)
        conversations[user] = interpreter.converse(request, _ignore)
        interpreters.append(interpreter)

    def deliver(user: int, pcm: bytes | None, _at: float) -> None:
        if pcm is None:
            conversations[user].fell_silent()
        else:
            conversations[user].feed(pcm)

    hearer = Hearer(scene, deliver, LoopClock())
    sock.settimeout(0)
    hearer.receiver.listen(sock)
    pipe.send("ready")
    await hearer.ended()
    hearer.check(len(scene.datagrams))
    pipe.send("heard")
    await asyncio.gather(*(conversation.close() for conversation in conversations.values()))
    await asyncio.gather(*(interpreter.close() for interpreter in interpreters))
    await hearer.receiver.close()
