from hypothesis import given
from hypothesis import strategies as st

from bot.engine.session.endpoint import Endpointer, Paused, Resumed, Started, Stopped

WINDOW = 512  # 32 ms


def endpointer(silence_ms: int = 800, max_ms: int = 25_000) -> Endpointer:
    return Endpointer(WINDOW, 0.5, silence_ms, max_ms)


def test_speech_begins_with_the_first_of_three_windows_and_ends_with_the_first_silent_one() -> None:
    ears = endpointer()
    found = ears.feed([0.0] * 10 + [0.9] * 20 + [0.0] * 25)
    assert found == [Started(10 * WINDOW), Paused(30 * WINDOW), Stopped(30 * WINDOW)]
    assert not ears.speaking


def test_a_click_is_no_speech() -> None:
    assert endpointer().feed([0.9, 0.9, 0.0] * 20) == []


def test_speech_that_goes_on_after_a_pause_resumes() -> None:
    found = endpointer().feed([0.9] * 10 + [0.0] * 10 + [0.9] * 10 + [0.0] * 25)
    assert found == [
        Started(0),
        Paused(10 * WINDOW),
        Resumed(),
        Paused(30 * WINDOW),
        Stopped(30 * WINDOW),
    ]


def test_a_probability_between_the_two_thresholds_ends_nothing() -> None:
    assert endpointer().feed([0.9] * 3 + [0.4] * 200) == [Started(0)]


def test_the_silence_that_ends_speech_is_the_one_asked_for() -> None:
    for silence_ms, windows in ((200, 7), (6000, 188)):
        ears = endpointer(silence_ms)
        ears.feed([0.9] * 10 + [0.0] * (windows - 1))
        assert ears.speaking
        assert ears.feed([0.0])[-1] == Stopped(10 * WINDOW)


def test_speech_without_end_is_cut_and_begins_anew() -> None:
    found = endpointer(max_ms=3200).feed([0.9] * 150)
    assert found[:3] == [Started(0), Stopped(100 * WINDOW), Started(100 * WINDOW)]


def test_stopping_by_hand_ends_speech_where_it_fell_silent_or_where_it_is() -> None:
    ears = endpointer()
    ears.feed([0.9] * 10 + [0.0] * 3)
    assert ears.stop() == [Stopped(10 * WINDOW)]
    assert ears.stop() == []
    ears.feed([0.9] * 5)
    assert ears.stop() == [Stopped(18 * WINDOW)]


@given(st.lists(st.floats(0, 1), max_size=400), st.integers(1, 40))
def test_boundaries_alternate_and_do_not_depend_on_how_the_sound_is_cut(
    probabilities: list[float], size: int
) -> None:
    whole = endpointer(400, 2000).feed(probabilities)
    ears = endpointer(400, 2000)
    parts = [
        boundary
        for start in range(0, len(probabilities), size)
        for boundary in ears.feed(probabilities[start : start + size])
    ]
    assert parts == whole
    edges = [each for each in whole if isinstance(each, Started | Stopped)]
    assert all(isinstance(each, Started) == (place % 2 == 0) for place, each in enumerate(edges))
    samples = [each.sample for each in edges]
    assert samples == sorted(samples)
