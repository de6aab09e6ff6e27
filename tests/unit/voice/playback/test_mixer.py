"""Tracks mixed to frames: no clicks, no clipping, nothing lost, all of it without a clock."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.voice.playback.mixer import MAX_TRACKS, Mixer
from bot.voice.playback.track import Track
from tests.support.sounds import (
    FRAME,
    Sound,
    db,
    frame_levels,
    gaps,
    lag,
    pcm_of,
    roughness,
    sine,
    sound,
    spoken,
)

DELAY = 60  # samples that the limiter keeps


def started(mixer: Mixer, pcm: bytes = b"", *, gain: float = 1.0, ended: bool = False) -> Track:
    track = Track(gain=gain)
    mixer.add(track)
    track.add(pcm)
    if ended:
        track.end()
    track.start()
    return track


def mixed(mixer: Mixer, frames: int = 10_000) -> Sound:
    """What comes out until there is nothing more, each frame when it is due."""
    parts = []
    for _ in range(frames):
        frame = mixer.next(due=True)
        if frame is None:
            break
        parts.append(sound(frame))
    return np.concatenate(parts) if parts else np.zeros(0)


def test_what_comes_out_is_what_went_in_but_for_its_edges() -> None:
    pcm = spoken()
    mixer = Mixer()
    track = started(mixer, pcm, ended=True)
    out = mixed(mixer)
    source = sound(pcm)
    assert np.allclose(out[DELAY:][120 : len(source) - 120], source[120:-120], atol=1e-4)
    assert len(out) - len(source) <= 2 * FRAME
    assert track.over
    assert mixer.tracks == []


@given(st.lists(st.integers(1, 9_000), min_size=1, max_size=40))
@settings(deadline=None)
def test_pieces_of_any_length_even_of_half_samples_join_without_a_seam(cuts: list[int]) -> None:
    pcm = pcm_of(sine(440, 1.0))
    mixer, whole = Mixer(), Mixer()
    track = started(mixer)
    at = 0
    for cut in cuts:
        track.add(pcm[at : at + cut])
        at += cut
    at = min(at, len(pcm)) // 2 * 2
    track.end()
    started(whole, pcm[:at], ended=True)
    assert np.array_equal(mixed(mixer), mixed(whole))


@given(st.integers(1, 5_000), st.floats(0.02, 1))
@settings(deadline=None)
def test_starts_and_ends_are_faded_whatever_is_there(samples: int, amplitude: float) -> None:
    mixer = Mixer()
    started(mixer, pcm_of(np.full(samples, amplitude)), ended=True)
    out = np.concatenate((np.zeros(2), mixed(mixer), np.zeros(2)))
    assert np.abs(np.diff(out)).max() <= amplitude / min(100, samples / 2) + 1e-3


def test_silence_in_is_silence_out() -> None:
    mixer = Mixer()
    started(mixer, bytes(FRAME * 2 * 20), ended=True)
    assert not mixed(mixer).any()
    assert Mixer().next(due=True) is None


def test_a_frame_that_is_short_waits_until_it_is_due() -> None:
    mixer = Mixer()
    track = started(mixer, pcm_of(sine(300, 0.33)))
    for _ in range(16):
        assert mixer.next(due=False) is not None
    assert mixer.next(due=False) is None
    track.add(pcm_of(sine(300, 0.03)))
    assert mixer.next(due=False) is not None
    assert mixer.underruns == 0


def test_where_it_runs_dry_it_fades_out_and_in_again_and_loses_nothing() -> None:
    mixer = Mixer()
    tone = sine(300, 1.0)
    pcm = pcm_of(tone)
    track = started(mixer, pcm[:24_010])
    before = mixed(mixer)
    assert mixer.underruns == 1
    assert mixer.next(due=True) is None
    track.add(pcm[24_010:25_000])
    assert mixer.next(due=True) is None, "some more is waited for, so that it does not stutter"
    track.add(pcm[25_000:])
    track.end()
    after = mixed(mixer)
    out = np.concatenate((before, np.zeros(FRAME * 3), after, np.zeros(2)))
    assert roughness(out) < 2.5 * roughness(tone)
    quieter = np.abs(frame_levels(before[FRAME:-FRAME]) - db(tone))
    assert quieter.max() < 0.5
    audible = sum(np.abs(part).sum() for part in (before, after))
    assert audible == pytest.approx(np.abs(tone).sum(), rel=0.02)


def test_a_late_start_with_little_voice_is_slower_until_there_is_plenty() -> None:
    mixer = Mixer()
    pcm = spoken()
    track = started(mixer, pcm[:4_800])  # 100 ms
    out, sent = [], 4_800
    for frame in range(400):
        # In real time, but for a stall of 300 ms.
        if not 125 <= frame < 140:
            upto = min(len(pcm), 4_800 + (frame + 1) * FRAME * 2)
            track.add(pcm[sent:upto])
            sent = upto
        if sent == len(pcm):
            track.end()
        mixing = mixer.next(due=True)
        if mixing is not None:
            out.append(sound(mixing))
    assert mixer.underruns == 0
    assert gaps(np.concatenate(out)) < 0.02


def test_a_dropped_track_is_silent_within_a_frame_and_without_a_click() -> None:
    mixer = Mixer()
    tone = sine(300, 2.0)
    track = started(mixer, pcm_of(tone))
    before = np.concatenate([sound(mixer.next(due=True) or b"") for _ in range(10)])
    track.drop()
    after = mixed(mixer)
    assert len(after) <= 2 * FRAME
    assert track.over
    out = np.concatenate((before, after, np.zeros(2)))
    assert roughness(out[FRAME:]) < 1.5 * roughness(tone)


def test_what_is_dropped_before_it_was_heard_is_never_heard() -> None:
    mixer = Mixer()
    track = started(mixer, spoken())
    track.drop()
    assert track.over
    assert mixer.next(due=True) is None


def test_a_held_track_goes_on_where_it_was() -> None:
    mixer = Mixer()
    source = sound(spoken())
    track = started(mixer, spoken(), ended=True)
    before = np.concatenate([sound(mixer.next(due=True) or b"") for _ in range(50)])
    track.hold(on=True)
    fading = mixed(mixer)
    assert len(fading) <= 2 * FRAME
    assert mixer.next(due=True) is None
    assert not track.over
    track.hold(on=False)
    after = mixed(mixer)
    assert len(before) + len(fading) + len(after) - len(source) <= 5 * FRAME
    # A later part is where it has to be, behind the pause.
    at, likeness = lag(source[48_000:60_000], after)
    assert likeness > 0.999
    assert at == 48_000 + 60 - 51 * FRAME


def test_one_that_is_held_before_its_first_sound_makes_none() -> None:
    mixer = Mixer()
    track = started(mixer, spoken())
    track.hold(on=True)
    assert mixer.next(due=True) is None
    track.hold(on=False)
    assert mixer.next(due=True) is not None


def test_a_new_gain_is_reached_gently() -> None:
    mixer = Mixer()
    track = started(mixer, pcm_of(sine(300, 2.0)))
    for _ in range(5):
        mixer.next(due=True)
    track.set_gain(0.5)
    out = np.concatenate([sound(mixer.next(due=True) or b"") for _ in range(20)])
    levels = frame_levels(out)
    assert np.abs(np.diff(levels)).max() < 1.5
    assert levels[-1] - levels[0] == pytest.approx(-6, abs=0.5)


@given(
    st.lists(st.tuples(st.floats(100, 4_000), st.floats(0.1, 1.0)), min_size=1, max_size=6),
    st.floats(0.2, 2.0),
)
@settings(deadline=None, max_examples=40)
def test_a_sum_of_voices_never_clips_and_has_no_steps(
    tones: list[tuple[float, float]], gain: float
) -> None:
    mixer = Mixer()
    for hertz, amplitude in tones:
        started(mixer, pcm_of(sine(hertz, 0.5, amplitude)), gain=gain, ended=True)
    out = mixed(mixer)
    assert np.abs(out).max() <= 0.9
    plain = gain * np.sum([sine(hertz, 0.5, amplitude) for hertz, amplitude in tones], axis=0)
    change = (frame_levels(out[DELAY:])[1:24] - frame_levels(plain)[1:24])[
        frame_levels(plain)[1:24] > -40
    ]
    assert np.abs(np.diff(change)).max(initial=0) < 6


def test_a_burst_in_a_quiet_voice_is_limited_before_its_peak() -> None:
    mixer = Mixer()
    quiet = sine(300, 1.0, 0.3)
    quiet[12_000:12_240] += sine(1_000, 0.01, 0.69)
    started(mixer, pcm_of(quiet), gain=2.0, ended=True)
    out = mixed(mixer)
    assert np.abs(out).max() <= 0.9
    assert np.abs(out[2_000:10_000]).max() == pytest.approx(0.6, abs=0.01), "only there"


def test_of_too_many_tracks_the_oldest_gives_way() -> None:
    mixer = Mixer()
    tracks = [started(mixer, spoken()) for _ in range(MAX_TRACKS)]
    mixer.next(due=True)
    started(mixer, spoken())
    mixer.next(due=True)
    assert tracks[0].over
    assert not tracks[1].over


def test_no_more_than_a_minute_is_queued() -> None:
    track = Track()
    for _ in range(100):
        track.add(bytes(48_000))
    assert 60 <= track.left_s() <= 61.1
    assert track.refused_s == pytest.approx(100 - track.left_s())


@pytest.mark.parametrize("rate", [1.05, 1.15, 1.25])
def test_at_another_rate_it_takes_less_time_at_the_same_pitch(rate: float) -> None:
    mixer = Mixer()
    started(mixer, pcm_of(sine(220, 3.0)), ended=True).set_rate(rate)
    out = mixed(mixer)
    assert len(out) / 24_000 == pytest.approx(3.0 / rate, rel=0.03)
    middle = out[12_000:36_000]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == pytest.approx(220, abs=2)
    assert gaps(out) < 0.005


def test_a_rate_changes_in_the_middle_without_a_click() -> None:
    mixer = Mixer()
    source = sound(spoken())
    track = started(mixer, spoken(), ended=True)
    parts = []
    for index in range(10_000):
        if index % 25 == 10:
            track.set_rate([1.0, 1.25, 1.1, 1.0][index // 25 % 4])
        frame = mixer.next(due=True)
        if frame is None:
            break
        parts.append(sound(frame))
    assert roughness(np.concatenate(parts)) <= 1.2 * roughness(source)
