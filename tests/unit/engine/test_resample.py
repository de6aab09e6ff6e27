import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.engine.models.resample import Resampler, resample
from bot.engine.scripted import tone


@pytest.mark.parametrize(("source", "target"), [(22_050, 24_000), (8000, 16_000), (24_000, 16_000)])
def test_a_tone_comes_out_as_the_same_tone(source: int, target: int) -> None:
    got = np.frombuffer(resample(tone(1000, 0.5, source), source, target), "<i2")
    wanted = np.frombuffer(tone(1000, 0.5, target), "<i2")
    assert len(got) == len(wanted)
    middle = slice(100, -100)
    assert np.abs(got[middle].astype(int) - wanted[middle]).max() <= 3


def test_what_the_new_rate_can_not_hold_is_gone() -> None:
    got = np.frombuffer(resample(tone(11_000, 0.5, 24_000), 24_000, 16_000), "<i2")
    assert np.abs(got[200:-200]).max() < 20


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 900), max_size=12), st.sampled_from([(22_050, 24_000), (8000, 16_000)])
)
def test_many_pieces_come_out_as_one(pieces: list[int], rates: tuple[int, int]) -> None:
    sound = tone(440, sum(pieces) / rates[0], rates[0])
    resampler = Resampler(*rates)
    out, start = b"", 0
    for piece in pieces:
        out += resampler.feed(sound[start : start + piece * 2])
        start += piece * 2
    assert out + resampler.feed(sound[start:]) + resampler.flush() == resample(sound, *rates)
