"""How loud people are, and how the bot's voice follows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.voice.playback.level import Leveller, SpeechLevel, Talkers
from bot.voice.playback.mixer import Mixer
from bot.voice.playback.track import Track
from tests.support.sounds import db, frame_levels, pcm_of, sine, sound, spoken


def noise(level_db: float, seconds: float = 0.1) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    made = np.random.default_rng(1).standard_normal(int(seconds * 16_000))
    return np.asarray(made * 10 ** (level_db / 20), np.float32)


def heard(level: SpeechLevel, level_db: float, seconds: float) -> None:
    for _ in range(round(seconds * 10)):
        level.hear(noise(level_db), 0.1)


def test_a_level_is_known_only_after_some_speech() -> None:
    level = SpeechLevel()
    heard(level, -60, 10)
    assert level.db is None
    heard(level, -25, 0.3)
    assert level.db is None
    heard(level, -25, 0.3)
    assert level.db == pytest.approx(-25, abs=0.3)


def test_pauses_do_not_count_and_a_change_is_followed_slowly() -> None:
    level = SpeechLevel()
    heard(level, -20, 10)
    heard(level, -55, 60)
    assert level.db == pytest.approx(-20, abs=0.3)
    heard(level, -32, 2)
    assert level.db is not None
    assert -25 < level.db < -21
    heard(level, -32, 40)
    assert level.db == pytest.approx(-32, abs=0.5)


def test_a_level_set_by_one_shout_comes_down_again() -> None:
    level = SpeechLevel()
    heard(level, -5, 1)
    heard(level, -32, 200)
    assert level.db == pytest.approx(-32, abs=1)


@given(st.lists(st.floats(-100, 0), max_size=100), st.lists(st.floats(-100, 0), max_size=100))
@settings(deadline=None, max_examples=30)
def test_the_gain_is_bounded_and_slow_whatever_is_heard(
    people: list[float], voice: list[float]
) -> None:
    leveller = Leveller()
    last = leveller.gain(0.0)
    for index in range(max(len(people), len(voice))):
        if index < len(people):
            leveller.people.hear(noise(people[index]), 0.1)
        if index < len(voice):
            leveller.voice.hear(noise(voice[index]), 0.1)
        gain = leveller.gain(0.02)
        assert 0.25 <= gain <= 4.0
        assert abs(20 * np.log10(gain / last)) <= 0.0601
        last = gain


@pytest.mark.parametrize(("people_db", "reached_db"), [(-30, -30), (-20, -20), (-60, None)])
def test_the_voice_is_brought_to_what_people_speak_at(
    people_db: float, reached_db: float | None
) -> None:
    mixer = Mixer()
    source = sound(spoken())
    voice_db = db(source[np.abs(source) > 0.02])
    for _ in range(50):
        mixer.level.people.hear(noise(people_db), 0.1)
    out = b""
    for _ in range(4):  # utterances
        track = Track()
        mixer.add(track)
        samples = track.add(spoken())
        for at in range(0, len(samples), 2_400):
            mixer.level.voice.hear(samples[at : at + 2_400], 0.1)
        track.end()
        track.start()
        out = b""
        while (frame := mixer.next(due=True)) is not None:
            out += frame
    measured = SpeechLevel()
    for at in range(0, len(out), 4_800):
        measured.hear(np.asarray(sound(out[at : at + 4_800]), np.float32), 0.1)
    assert measured.db is not None
    if reached_db is None:
        assert db(sound(out)) == pytest.approx(db(source), abs=0.1), voice_db
    else:
        assert measured.db == pytest.approx(reached_db, abs=1.5)


def test_a_gain_that_moves_makes_no_steps() -> None:
    mixer = Mixer()
    track = Track()
    mixer.add(track)
    track.add(pcm_of(sine(300, 3.0)))
    track.start()
    frames = []
    for index in range(100):
        if index == 20:
            for _ in range(20):
                mixer.level.people.hear(noise(-35), 0.1)
                mixer.level.voice.hear(noise(-15), 0.1)
        frames.append(sound(mixer.next(due=True) or b""))
    levels = frame_levels(np.concatenate(frames))[2:]
    assert np.abs(np.diff(levels)).max() < 0.3
    assert levels[-1] < levels[0] - 4


def test_somebody_speaks_after_a_moment_and_a_moment_longer() -> None:
    talkers = Talkers()
    talkers.spoke(1, 10.0, 0.1)
    assert not talkers.speaking(10.0)
    talkers.spoke(2, 10.1, 0.1)
    talkers.spoke(2, 10.2, 0.1)
    assert not talkers.speaking(10.2), "two who cough are nobody who speaks"
    talkers.spoke(1, 10.2, 0.1)
    talkers.spoke(1, 10.3, 0.1)
    assert talkers.speaking(10.3)
    assert talkers.speaking(10.5)
    assert not talkers.speaking(10.95)
    talkers.spoke(3, 11.0, 0.3)
    talkers.left(3)
    assert not talkers.speaking(11.0)
