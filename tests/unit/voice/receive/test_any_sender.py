"""Nothing is taken for granted of a sender: packets of any length, numbers that begin anew, pauses,
streams that go on though nothing is said, clocks that run fast, networks that stand still.
"""

import pytest

from bot.audio.opus import SILENCE
from bot.voice.receive.jitter import Ended, Gap, JitterBuffer, Lost, Play, Restarted
from tests.unit.voice.voice_call import Desk, Talker

ANA = 11
LENGTHS = (2.5, 5, 10, 20, 40, 60, 80, 100, 120)  # ms
SPEECH = b"\x78speech"


def speak(desk: Desk, talker: Talker, frames: int) -> None:
    for frame in talker.tone(440, frames):
        desk.take(talker.packet(frame), talker.ms / 1000)


def stage(ms: float = 20.0) -> tuple[Desk, Talker]:
    desk = Desk(ANA)
    desk.keys.session = None
    desk.keys.dave_version = 0
    return desk, desk.join(ANA, 1001, ms=ms)


@pytest.mark.parametrize("ms", LENGTHS)
def test_packets_of_any_length_are_heard_and_counted_in_full(ms: float) -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001, ms=ms)
    speak(desk, ana, round(2400 / ms))
    desk.wait(1.0)
    assert desk.seconds(ANA) == pytest.approx(2.4)
    assert desk.figures.as_mapping()["heard_s"] == pytest.approx(2.4)
    assert desk.figures.lost == 0
    assert len(desk.ends) == 1


@pytest.mark.parametrize("encrypted", [True, False])
@pytest.mark.parametrize("ms", LENGTHS)
def test_what_is_lost_of_packets_of_any_length_keeps_its_time_and_breaks_no_sentence(
    ms: float, *, encrypted: bool
) -> None:
    desk = Desk(ANA)
    if not encrypted:
        desk.keys.session, desk.keys.dave_version = None, 0
    ana = desk.join(ANA, 1001, ms=ms)
    count = round(4800 / ms)
    for index, frame in enumerate(ana.tone(440, count)):
        datagram = ana.packet(frame)
        lost = 0 < index < count - 1 and (index % 10 == 3 or index in (14, 15, 16))
        desk.take(None if lost else datagram, ms / 1000)
    desk.wait(1.0)
    assert desk.seconds(ANA) == pytest.approx(4.8)
    assert len(desk.ends) == 1


@pytest.mark.parametrize("ms", [2.5, 10, 60, 120])
def test_one_lost_packet_of_any_length_is_restored_and_the_decoder_goes_on(ms: float) -> None:
    samples = round(ms * 48)
    buffer = JitterBuffer()
    for index in (0, 1, 2, 4):
        buffer.push(index, index * samples, SPEECH, samples, index * ms / 1000)
    pieces = buffer.pull(5 * ms / 1000 + 0.1)
    assert Lost(SPEECH, samples, 4 * ms / 1000) in pieces
    assert not [piece for piece in pieces if isinstance(piece, Gap)]


def test_a_sender_that_begins_anew_within_reach_of_its_old_numbers_is_heard_after_a_pause() -> None:
    desk, ana = stage()
    speak(desk, ana, 50)
    desk.wait(10.0)
    ana.sequence -= 50
    ana.timestamp -= 50 * 960
    speak(desk, ana, 50)
    desk.wait(1.0)
    assert desk.seconds(ANA) == pytest.approx(2.0)
    assert desk.figures.late == 0
    assert len(desk.ends) == 2


@pytest.mark.parametrize(("back", "ahead"), [(30, 1 << 20), (30, 0x4000_0000), (20_000, 5_000)])
def test_a_sender_that_begins_anew_in_mid_sentence_loses_nothing(back: int, ahead: int) -> None:
    desk, ana = stage()
    speak(desk, ana, 50)
    ana.sequence = (ana.sequence - back) & 0xFFFF
    ana.timestamp = (ana.timestamp + ahead) & 0xFFFF_FFFF
    speak(desk, ana, 50)
    desk.wait(1.0)
    assert desk.seconds(ANA) == pytest.approx(2.0)
    assert desk.figures.restarts == 1


def test_the_first_packets_after_a_new_beginning_may_change_places_or_be_lost() -> None:
    for arrivals in ((1, 0, 2, 3), (0, 2, 3), (2, 0, 1, 3)):
        buffer = JitterBuffer()
        for index in range(3):
            buffer.push(index, index * 960, SPEECH, 960, index * 0.02)
        buffer.pull(0.04)
        pieces = []
        for place, index in enumerate(arrivals):
            at = 0.06 + place * 0.02
            buffer.push(30_000 + index, 7_000_000 + index * 960, SPEECH + bytes([index]), 960, at)
            pieces += buffer.pull(at)
        pieces += buffer.pull(0.3)
        assert isinstance(pieces[0], Restarted)
        played = [piece.packet[-1] for piece in pieces if isinstance(piece, Play)]
        assert played == sorted(arrivals)


def test_after_a_pause_of_hours_speech_goes_on_without_what_was_in_between() -> None:
    desk, ana = stage()
    speak(desk, ana, 50)
    for hours in (1, 13, 30):
        desk.wait(1.0)
        desk.now += hours * 3600
        ana.timestamp = (ana.timestamp + hours * 3600 * 48_000) & 0xFFFF_FFFF
        speak(desk, ana, 50)
    desk.wait(1.0)
    assert desk.seconds(ANA) == pytest.approx(4.0)
    assert len(desk.ends) == 4


def test_a_camera_that_is_on_makes_no_speech_and_hides_none() -> None:
    desk = Desk(ANA)
    ana = desk.join(ANA, 1001)
    for _ in range(3):
        for _ in range(100):
            desk.take(ana.packet(SILENCE))
        speak(desk, ana, 25)
    for _ in range(10):
        desk.take(ana.packet(SILENCE))
    assert desk.seconds(ANA) == pytest.approx(1.5)
    assert len(desk.ends) == 3


def test_discontinuous_transmission_is_silence_and_no_speech() -> None:
    desk, ana = stage()
    speak(desk, ana, 50)
    for _ in range(25):  # a packet without sound each 400 ms, as encoders send them
        ana.timestamp = (ana.timestamp + 380 * 48) & 0xFFFF_FFFF
        desk.wait(0.38)
        desk.take(ana.packet(b"\x78"))
    assert desk.seconds(ANA) == pytest.approx(1.0)
    assert len(desk.ends) == 1
    ana.timestamp = (ana.timestamp + 380 * 48) & 0xFFFF_FFFF
    speak(desk, ana, 50)
    desk.wait(1.0)
    assert desk.seconds(ANA) == pytest.approx(2.0)


def test_a_short_pause_of_discontinuous_transmission_keeps_its_time() -> None:
    desk, ana = stage()
    speak(desk, ana, 50)
    desk.take(ana.packet(b"\x78"))
    ana.timestamp = (ana.timestamp + 80 * 48) & 0xFFFF_FFFF
    desk.wait(0.08)
    speak(desk, ana, 50)
    desk.wait(1.0)
    assert desk.seconds(ANA) == pytest.approx(2.1)
    assert len(desk.ends) == 1


def test_a_clock_that_runs_fast_costs_nothing_of_an_open_microphone() -> None:
    desk, ana = stage(ms=120)
    frame = ana.tone(440, 1)[0]
    for _ in range(6000):  # twelve minutes, after which a clock that is 0.6 % fast is 4 s ahead
        desk.hearing.packet(ana.packet(frame), desk.now)
        desk.now += 0.12 * 0.994
    desk.wait(1.0)
    assert desk.figures.excess == 0
    assert desk.seconds(ANA) == pytest.approx(720.0)


def packets(buffer: JitterBuffer, arrivals: list[tuple[float, int]]) -> list[int]:
    """What is played, by number, of packets of 20 ms that arrive so."""
    pieces = []
    now = 0.0
    for at, index in sorted(arrivals):
        while now + 0.01 < at:
            now += 0.01
            pieces += buffer.pull(now)
        if not buffer.wants(index & 0xFFFF, index * 960, at):
            buffer.refuse(index & 0xFFFF, at)
        buffer.push(index & 0xFFFF, index * 960, SPEECH + index.to_bytes(2, "big"), 960, at)
        pieces += buffer.pull(at)
    pieces += buffer.pull(now + 2.0)
    return [int.from_bytes(piece.packet[-2:], "big") for piece in pieces if isinstance(piece, Play)]


@pytest.mark.parametrize("jitter_s", [0.1, 0.3, 0.9])
def test_a_network_with_jitter_is_waited_for_once_it_has_shown_itself(jitter_s: float) -> None:
    buffer = JitterBuffer()
    late = [(index, jitter_s if index % 7 == 3 else 0.0) for index in range(500)]
    played = packets(buffer, [(index * 0.02 + delay, index) for index, delay in late])
    assert played == sorted(played)
    missing = set(range(500)) - set(played)
    assert len(missing) <= 1 + jitter_s / 0.14  # those that were late before the first came


def test_packets_that_are_lost_and_not_late_make_nobody_wait_longer() -> None:
    buffer = JitterBuffer()
    packets(buffer, [(index * 0.02, index) for index in range(500) if index % 7 != 3])
    assert buffer.window == pytest.approx(0.06)


def test_a_network_that_stands_still_again_and_again_breaks_one_sentence_at_most() -> None:
    buffer = JitterBuffer()
    ends = 0
    for burst in range(20):
        at = 1.0 + burst * 0.6  # 600 ms of speech at once, then nothing
        for index in range(burst * 30, burst * 30 + 30):
            assert buffer.push(index, index * 960, SPEECH, 960, at)
        for step in range(60):
            ends += sum(isinstance(one, Ended) for one in buffer.pull(at + step * 0.01))
    assert ends == 1
