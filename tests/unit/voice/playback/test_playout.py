import math
from array import array
from itertools import pairwise

from bot.audio.opus import Decoder
from bot.voice.playback.playout import AHEAD, Playout

RATE = 24_000


def tone(seconds: float) -> bytes:
    samples = int(RATE * seconds)
    return array(
        "h", (int(8000 * math.sin(2 * math.pi * 500 * i / RATE)) for i in range(samples))
    ).tobytes()


def popped(playout: Playout) -> list[bytes]:
    frames: list[bytes] = []
    while True:
        playout.encode(8)
        frame = playout.pop()
        if frame is None:
            return frames
        frames.append(frame)


def test_pieces_of_any_length_join_without_a_seam() -> None:
    whole, cut = Playout(), Playout()
    pcm = tone(1.0)
    whole.add(pcm)
    for start in range(0, len(pcm), 1001):
        cut.add(pcm[start : start + 1001])
    frames = popped(cut)
    assert frames == popped(whole)
    assert len(frames) == 50


def test_no_more_is_encoded_than_half_a_second_ahead() -> None:
    playout = Playout()
    playout.add(tone(2.0))
    while playout.encode(8):
        pass
    assert playout.ready == AHEAD
    assert playout.queued_s() == 2.0


def test_a_tail_is_padded_only_when_it_is_about_to_be_due() -> None:
    playout = Playout()
    playout.add(tone(0.11))
    playout.encode(8)
    playout.pad()
    assert playout.ready == 5
    for _ in range(3):
        playout.pop()
    playout.pad()
    assert playout.ready == 3
    assert playout.queued_s() == 0.06


def test_beyond_a_minute_the_oldest_whole_piece_goes() -> None:
    playout = Playout()
    for _ in range(7):
        playout.add(tone(10.0))
    assert playout.queued_s() == 60.0
    assert playout.dropped_s == 10.0


def test_clear_drops_everything_and_what_comes_then_sounds_as_at_first() -> None:
    playout, fresh = Playout(), Playout()
    playout.add(tone(3.0))
    playout.encode(8)
    playout.clear()
    assert playout.queued_s() == 0.0
    assert playout.pop() is None
    playout.add(tone(0.5))
    fresh.add(tone(0.5))
    assert popped(playout) == popped(fresh)


def test_what_comes_out_sounds_like_what_went_in() -> None:
    playout = Playout()
    playout.add(tone(1.0))
    decoder = Decoder(RATE)
    heard = array("h", b"".join(decoder.decode(frame) for frame in popped(playout)))
    crossings = sum(1 for a, b in pairwise(heard) if (a < 0) != (b < 0))
    assert abs(crossings / 2 - 500) < 10
