import asyncio
import threading

from bot.clock import LoopClock
from bot.voice.receiver import Receiver
from tests.unit.voice.voice_call import Desk

ANA = 11


class Ears:
    def __init__(self) -> None:
        self.bytes = 0
        self.ended = asyncio.Event()
        self.threads: set[threading.Thread] = set()

    def heard(self, _user_id: int, pcm: bytes | None, _at: float) -> None:
        self.threads.add(threading.current_thread())
        if pcm is None:
            self.ended.set()
        else:
            self.bytes += len(pcm)


async def test_speech_fed_on_a_socket_thread_comes_out_on_the_event_loop() -> None:
    desk, ears = Desk(ANA), Ears()
    ana = desk.join(ANA, 1001)
    packets = [ana.packet(frame) for frame in ana.tone(440, 50)]
    receiver = Receiver(desk.hearing, desk.figures, LoopClock(), ears.heard)
    receiver.start()

    def feed() -> None:
        for packet in packets:
            receiver.feed(packet)

    feeder = threading.Thread(target=feed)
    feeder.start()
    async with asyncio.timeout(10):
        await ears.ended.wait()
    feeder.join()
    await receiver.close()
    assert ears.bytes == 32_000
    assert ears.threads == {threading.current_thread()}


async def test_nothing_is_delivered_and_no_thread_is_left_after_close() -> None:
    desk, ears = Desk(ANA), Ears()
    ana = desk.join(ANA, 1001)
    receiver = Receiver(desk.hearing, desk.figures, LoopClock(), ears.heard)
    receiver.start()
    for frame in ana.tone(440, 20):
        receiver.feed(ana.packet(frame))
    await receiver.close()
    await receiver.close()
    before = ears.bytes
    receiver.feed(ana.packet(b"\x78"))
    await asyncio.sleep(0)
    assert ears.bytes == before
    assert "voice-receiver" not in {thread.name for thread in threading.enumerate()}


async def test_a_fault_in_one_packet_is_counted_and_the_next_is_heard() -> None:
    desk, ears = Desk(ANA), Ears()
    ana = desk.join(ANA, 1001)
    receiver = Receiver(desk.hearing, desk.figures, LoopClock(), ears.heard)
    receiver.start()

    def fault() -> None:
        raise RuntimeError

    receiver.tell(fault)
    for frame in ana.tone(440, 10):
        receiver.feed(ana.packet(frame))
    async with asyncio.timeout(10):
        await ears.ended.wait()
    await receiver.close()
    assert desk.figures.internal_errors == 1
    assert ears.bytes == 6_400


async def test_what_is_no_audio_does_not_reach_the_worker() -> None:
    desk, ears = Desk(ANA), Ears()
    receiver = Receiver(desk.hearing, desk.figures, LoopClock(), ears.heard)
    for datagram in (b"", bytes(8), bytes(74), b"\x80\xc8" + bytes(30), b"\x80\x65" + bytes(30)):
        receiver.feed(datagram)
    await receiver.close()
    assert desk.figures.foreign == 5


async def test_a_worker_that_fell_behind_drops_the_oldest_and_counts_it() -> None:
    desk, ears = Desk(ANA), Ears()
    receiver = Receiver(desk.hearing, desk.figures, LoopClock(), ears.heard)
    for _ in range(8192 + 10):
        receiver.feed(b"\x80\x78" + bytes(30))
    await receiver.close()
    assert desk.figures.overflowed == 10
