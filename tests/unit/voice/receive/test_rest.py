"""For how long packets may wait unread: never beyond the one that completes a chunk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.voice.voice_call import Desk, Talker

ANA, BEN = 11, 22
CHUNK_S = 0.1


def speak(desk: Desk, talker: Talker, frames: int) -> None:
    for frame in talker.tone(440, frames):
        desk.take(talker.packet(frame))


def chunk_end(desk: Desk, ana: Talker) -> None:
    """Speak until a chunk is whole; time stands at the arrival of its last packet."""
    speak(desk, ana, 25)
    desk.hearing.packet(ana.packet(ana.tone(440, 1)[0]), desk.now)


def test_while_nobody_speaks_no_packet_waits() -> None:
    desk = Desk(ANA)
    assert desk.hearing.rest(desk.now) == 0
    ana = desk.join(ANA, 1001)
    speak(desk, ana, 25)
    desk.wait(1.0)
    assert len(desk.ends) == 1
    assert desk.hearing.rest(desk.now) == 0


@pytest.mark.parametrize("ms", [10.0, 20.0, 40.0, 60.0])
def test_packets_wait_until_shortly_before_the_one_that_completes_a_chunk(ms: float) -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001, ms=ms)
    rest_until = 0.0
    waited = 0
    for frame in ana.tone(440, 100):
        before = desk.seconds(ANA)
        waited += desk.now < rest_until
        desk.hearing.packet(ana.packet(frame), desk.now)
        rest = desk.hearing.rest(desk.now)
        desk.wait(0)
        if desk.seconds(ANA) > before:
            assert desk.now >= rest_until
        rest_until = desk.now + rest
        desk.wait(ms / 1000)
    assert waited >= {10.0: 80, 20.0: 70, 40.0: 40, 60.0: 2}[ms]


def test_a_packet_that_comes_late_puts_the_next_chunk_off_by_little() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    speak(desk, ana, 25)
    desk.wait(0.05)
    desk.hearing.packet(ana.packet(ana.tone(440, 1)[0]), desk.now)
    assert 0 < desk.hearing.rest(desk.now) < CHUNK_S - 0.03


def test_words_that_began_while_packets_waited_are_not_put_off_further() -> None:
    desk = Desk(ANA, BEN)
    ana, ben = desk.join(ANA, 1001), desk.join(BEN, 1002)
    chunk_end(desk, ana)
    desk.now += 0.08
    desk.hearing.rested(0.08)
    desk.hearing.packet(ben.packet(ben.tone(300, 1)[0]), desk.now)
    desk.hearing.tick(desk.now + 0.04)  # the first packet of a stream waits for one before it
    assert desk.hearing.rest(desk.now + 0.04) < 0


@given(members=st.integers(1, 400))
def test_never_more_wait_than_the_socket_has_room_for(members: int) -> None:
    packets_a_second = 50 * members
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    chunk_end(desk, ana)
    stream = next(iter(desk.hearing._streams.values()))
    for other in range(1, members):
        desk.hearing._streams[-other] = stream
    assert desk.hearing.rest(desk.now) * packets_a_second <= 100 + 1e-6
