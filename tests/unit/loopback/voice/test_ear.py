"""What a member heard, put where it belongs."""

import numpy as np
import pytest

from bot.audio.opus import SILENCE, Encoder
from bot.loopback.voice.ear import Ear
from bot.loopback.voice.rtp import Packet

SPEAKER, RATE = 1001, 48_000
DAVE_END = bytes(8) + b"\x01\x0c\xfa\xfa"


def frames(seconds: float, hertz: float = 440) -> list[bytes]:
    t = np.arange(int(seconds * 16_000)) / 16_000
    pcm = (8000 * np.sin(2 * np.pi * hertz * t)).astype("<i2").tobytes()
    encoder = Encoder(16_000)
    size = encoder.frame_bytes
    return [encoder.encode(pcm[i : i + size]) for i in range(0, len(pcm), size)]


def packets(sequence: int, opus: list[bytes]) -> list[Packet]:
    return [
        Packet((sequence + i) & 0xFFFF, ((sequence + i) * 960) & 0xFFFF_FFFF, 5, frame)
        for i, frame in enumerate(opus)
    ]


def samples(ear: Ear) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.frombuffer(ear.pcm(SPEAKER), "<i2")


def loud(ear: Ear, start_s: float, end_s: float) -> bool:
    part = samples(ear)[int(start_s * RATE) : int(end_s * RATE)].astype(float)
    return float(np.sqrt(np.mean(part**2))) > 1000


def test_a_spurt_has_no_gaps_however_unevenly_it_arrived() -> None:
    ear = Ear(None)
    for number, packet in enumerate(packets(65_530, frames(0.4))):
        ear.hear(SPEAKER, packet, 10 + number * 0.02 + (0.2 if number % 3 == 1 else 0))
    assert len(samples(ear)) == 19_200
    assert all(loud(ear, at, at + 0.05) for at in np.arange(0.05, 0.35, 0.05))
    assert ear.began_at(SPEAKER) == 10
    assert ear.frames(SPEAKER) == 20
    assert ear.users() == (SPEAKER,)


def test_a_pause_is_as_long_as_it_was() -> None:
    ear = Ear(None)
    spurt = [*frames(0.2), *[SILENCE] * 5]
    for number, packet in enumerate(packets(1, spurt)):
        ear.hear(SPEAKER, packet, 10 + number * 0.02)
    for number, packet in enumerate(packets(16, frames(0.2))):
        ear.hear(SPEAKER, packet, 12 + number * 0.02)
    assert len(samples(ear)) == 105_600
    assert not loud(ear, 0.3, 2.0)
    assert loud(ear, 2.05, 2.15)
    assert ear.frames(SPEAKER) == 20


def test_packets_are_put_in_order_and_a_duplicate_counts_once() -> None:
    in_order, mixed = Ear(None), Ear(None)
    sent = packets(65_534, frames(0.2))
    order = [0, 2, 1, 3, 3, 5, 4, 7, 6, 9, 8, 1]
    for packet in sent:
        in_order.hear(SPEAKER, packet, 10)
    for number in order:
        mixed.hear(SPEAKER, sent[number], 10)
    assert mixed.pcm(SPEAKER) == in_order.pcm(SPEAKER)
    assert mixed.frames(SPEAKER) == 10


def test_lost_packets_leave_their_time() -> None:
    ear = Ear(None)
    sent = packets(1, frames(0.4))
    for number, packet in enumerate(sent):
        if number not in range(8, 11):
            ear.hear(SPEAKER, packet, 10 + number * 0.02)
    assert len(samples(ear)) == 19_200
    assert loud(ear, 0.16, 0.18)  # made up by libopus
    assert loud(ear, 0.3, 0.4)


def test_what_can_not_be_decrypted_and_what_came_plain_is_counted_apart() -> None:
    def refuse(user_id: int, frame: bytes) -> bytes:
        raise ValueError(user_id, frame)

    ear = Ear(refuse)
    ear.hear(SPEAKER, Packet(1, 960, 5, b"sealed" + DAVE_END), 1)
    ear.hear(SPEAKER, Packet(2, 1920, 5, b"plain speech"), 1)
    ear.hear(SPEAKER, Packet(3, 2880, 5, SILENCE), 1)
    assert (ear.failures, ear.unencrypted, ear.frames(SPEAKER)) == (1, 1, 0)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_the_rate_of_the_sound_is_the_callers_choice(rate: int) -> None:
    ear = Ear(None)
    for packet in packets(1, frames(0.2)):
        ear.hear(SPEAKER, packet, 10)
    assert len(ear.pcm(SPEAKER, rate)) == rate // 5 * 2


def test_nothing_was_heard_of_a_stranger() -> None:
    ear = Ear(None)
    assert ear.pcm(5) == b""
    assert ear.began_at(5) is None
    assert ear.frames(5) == 0
