import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from bot.clock import LoopClock
from bot.voice.receive.receiver import Receiver
from tests.unit.voice.voice_call import Desk

ANA = 11


class Ears:
    def __init__(self) -> None:
        self.bytes = 0
        self.deliveries = 0
        self.ended = asyncio.Event()
        self.threads: set[threading.Thread] = set()

    def heard(self, _user_id: int, pcm: bytes | None, _at: float) -> None:
        self.threads.add(threading.current_thread())
        if pcm is None:
            self.ended.set()
        else:
            self.bytes += len(pcm)
            self.deliveries += 1

    async def until_the_end(self) -> None:
        async with asyncio.timeout(10):
            await self.ended.wait()


class Wire:
    """A socket that is heard, and the end on which members send."""

    def __init__(self) -> None:
        self.far, self.near = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.near.settimeout(0)

    def send(self, datagrams: Iterable[bytes]) -> None:
        for datagram in datagrams:
            self.far.send(datagram)  # waits for the reader when there are too many

    def close(self) -> None:
        self.far.close()
        self.near.close()


@asynccontextmanager
async def hearing(
    desk: Desk, ears: Ears, foreign: list[bytes] | None = None
) -> AsyncIterator[tuple[Receiver, Wire]]:
    foreign = [] if foreign is None else foreign
    receiver = Receiver(desk.hearing, desk.figures, LoopClock(), ears.heard, foreign.append)
    receiver.start()
    wire = Wire()
    receiver.listen(wire.near)
    try:
        yield receiver, wire
    finally:
        await receiver.close()
        wire.close()


async def until(what: str, desk: Desk, count: int) -> None:
    async with asyncio.timeout(10):
        while getattr(desk.figures, what) < count:  # noqa: ASYNC110 - the figures tell nobody
            await asyncio.sleep(0.005)


async def test_speech_that_comes_on_a_socket_comes_out_on_the_event_loop() -> None:
    desk, ears = Desk(ANA), Ears()
    ana = desk.join(ANA, 1001)
    async with hearing(desk, ears) as (_, wire):
        wire.send(ana.packet(frame) for frame in ana.tone(440, 50))
        await ears.until_the_end()
    assert ears.bytes == 32_000
    assert ears.threads == {threading.current_thread()}
    assert desk.figures.packets == 50


async def test_speech_is_delivered_by_the_tenth_of_a_second_and_its_start_at_once() -> None:
    desk, ears = Desk(ANA), Ears()
    ana = desk.join(ANA, 1001)
    first, *others = [ana.packet(frame) for frame in ana.tone(440, 25)]
    async with hearing(desk, ears) as (_, wire):
        wire.send([first])
        async with asyncio.timeout(10):
            while not ears.bytes:  # noqa: ASYNC110 - the ears only count
                await asyncio.sleep(0.005)
        wire.send(others)
        await ears.until_the_end()
    assert ears.bytes == 16_000
    assert ears.deliveries <= 6


async def test_nothing_is_delivered_and_nothing_is_left_after_close() -> None:
    desk, ears = Desk(ANA), Ears()
    ana = desk.join(ANA, 1001)
    async with hearing(desk, ears) as (receiver, wire):
        wire.send(ana.packet(frame) for frame in ana.tone(440, 20))
        await receiver.close()
        await receiver.close()
        before = ears.bytes
        receiver.listen(wire.near)
        wire.send([ana.packet(b"\x78")])
        await asyncio.sleep(0)
    assert ears.bytes == before
    assert "voice-receiver" not in {thread.name for thread in threading.enumerate()}


async def test_one_that_was_never_started_leaves_no_socket_open() -> None:
    desk, ears = Desk(ANA), Ears()
    receiver = Receiver(desk.hearing, desk.figures, LoopClock(), ears.heard, print)
    wire = Wire()
    receiver.listen(wire.near)
    await receiver.close()
    wire.near.close()
    try:
        wire.far.send(b"anybody there?")
        raise AssertionError("Somebody still reads.")
    except ConnectionError:
        wire.close()


async def test_a_fault_in_one_packet_is_counted_and_the_next_is_heard() -> None:
    desk, ears = Desk(ANA), Ears()
    ana = desk.join(ANA, 1001)

    def fault() -> None:
        raise RuntimeError

    async with hearing(desk, ears) as (receiver, wire):
        receiver.tell(fault)
        wire.send(ana.packet(frame) for frame in ana.tone(440, 10))
        await ears.until_the_end()
    assert desk.figures.internal_errors == 1
    assert ears.bytes == 6_400


async def test_another_socket_takes_the_place_of_the_first_which_may_be_closed() -> None:
    desk, ears = Desk(ANA), Ears()
    ana = desk.join(ANA, 1001)
    packets = [ana.packet(frame) for frame in ana.tone(440, 20)]
    async with hearing(desk, ears) as (receiver, wire):
        wire.send(packets[:10])
        await until("packets", desk, 10)
        wire.near.close()
        second = Wire()
        receiver.listen(second.near)
        second.near.close()
        second.send(packets[10:])
        await ears.until_the_end()
        second.close()
    assert ears.bytes == 12_800


async def test_without_a_socket_time_still_passes() -> None:
    desk, ears = Desk(ANA), Ears()
    ana = desk.join(ANA, 1001)
    async with hearing(desk, ears) as (receiver, wire):
        wire.send(ana.packet(frame) for frame in ana.tone(440, 7))
        await until("packets", desk, 7)
        receiver.listen(None)
        await ears.until_the_end()
    assert ears.bytes == 4_480


class Interrupted:
    """The end that the thread is woken by; calls `meanwhile` while the thread reads it, once."""

    def __init__(self, woken: socket.socket, *, before: bool) -> None:
        self._woken = woken
        self._before = before
        self.meanwhile: Callable[[], None] | None = None

    def fileno(self) -> int:
        return self._woken.fileno()

    def close(self) -> None:
        self._woken.close()

    def recv(self, size: int) -> bytes:
        if self._before:
            self._interrupt()
        read = self._woken.recv(size)
        if not self._before:
            self._interrupt()
        return read

    def _interrupt(self) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()


@pytest.mark.parametrize("before", [True, False])
async def test_what_is_told_while_the_thread_wakes_up_is_heard_and_the_next_too(
    before: bool,  # noqa: FBT001 - the moment
) -> None:
    desk, ears = Desk(ANA), Ears()
    receiver = Receiver(desk.hearing, desk.figures, LoopClock(), ears.heard, print)
    woken = Interrupted(receiver._woken, before=before)
    receiver._woken = cast("socket.socket", woken)
    told = [threading.Event() for _ in range(3)]
    woken.meanwhile = lambda: receiver.tell(told[1].set)
    receiver.start()
    for event in (told[0], told[1], told[2]):
        if event is not told[1]:
            receiver.tell(event.set)
        assert await asyncio.to_thread(event.wait, 10)
    async with asyncio.timeout(10):
        await receiver.close()


async def test_a_socket_whose_readings_fail_is_counted_and_heard_again() -> None:
    desk, ears = Desk(ANA), Ears()
    ana = desk.join(ANA, 1001)
    receiver = Receiver(desk.hearing, desk.figures, LoopClock(), ears.heard, print)
    receiver.start()
    far, near = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    far.bind(("127.0.0.1", 0))
    near.bind(("127.0.0.1", 0))
    near.connect(far.getsockname())
    near.settimeout(0)
    receiver.listen(near)
    address = far.getsockname()
    far.close()
    near.send(b"nobody there")  # the answer is an error of the next reading
    await until("socket_errors", desk, 1)
    far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    far.bind(address)
    for frame in ana.tone(440, 10):
        far.sendto(ana.packet(frame), near.getsockname())
    await ears.until_the_end()
    await receiver.close()
    near.close()
    far.close()
    assert ears.bytes == 6_400


async def test_what_is_no_audio_is_counted_and_handed_to_whoever_wants_it() -> None:
    desk, ears = Desk(ANA), Ears()
    others: list[bytes] = [
        b"",
        bytes(8),
        bytes(74),
        b"\x80\xc8" + bytes(30),
        b"\x80\x65" + bytes(30),
    ]
    foreign: list[bytes] = []
    async with hearing(desk, ears, foreign) as (_, wire):
        wire.send(others)
        await until("foreign", desk, 5)
    assert foreign == others
    assert desk.figures.malformed == 0


async def test_what_is_told_while_packets_wait_unread_is_done_at_once() -> None:
    desk, ears = Desk(ANA), Ears()
    ana = desk.join(ANA, 1001)
    done = threading.Event()
    rests: list[float] = []
    rest, tick = desk.hearing.rest, desk.hearing.tick

    def longer(now: float) -> float:
        rests.append(rest(now))
        return 30.0 if rests[-1] > 0 else rests[-1]

    desk.hearing.rest = longer  # type: ignore[method-assign]
    desk.hearing.tick = lambda now: (tick(now), None)[1]  # type: ignore[method-assign]
    async with hearing(desk, ears) as (receiver, wire):
        for frame in ana.tone(440, 30):
            wire.send([ana.packet(frame)])
            await asyncio.sleep(0.02)
            if rests and rests[-1] > 0:
                break
        assert rests[-1] > 0
        receiver.tell(done.set)
        assert await asyncio.to_thread(done.wait, 10)
