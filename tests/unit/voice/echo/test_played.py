import numpy as np

from bot.audio.opus import SILENCE
from bot.voice.echo.played import PlayedVoice
from bot.voice.echo.spectra import HOP, spectra
from tests.support.echoes import BEGINS_AT, RATE, Now, decoded, encoded, recorded

FRAMES = encoded(recorded("en_librivox_0880"))
FIRST = round(BEGINS_AT * RATE / HOP)


def play(voice: PlayedVoice, now: Now, frames: list[bytes], at: float) -> None:
    for number, frame in enumerate(frames):
        now.at = at + number * 0.02
        voice.sent(frame)


def test_what_was_played_stands_at_its_time_as_listeners_decode_it() -> None:
    now = Now()
    voice = PlayedVoice(now)
    play(voice, now, FRAMES[:100], BEGINS_AT)
    found, audible = voice.hops(FIRST, 100)
    expected = spectra(decoded(FRAMES[:100]).astype(np.float32))[:100]
    assert np.abs(found - expected).max() < 1.0
    assert audible.any()


def test_it_stands_there_whether_it_is_asked_for_at_once_or_later() -> None:
    now, piecemeal = Now(), PlayedVoice(Now())
    piecemeal._now = now
    for number, frame in enumerate(FRAMES[:120]):
        now.at = BEGINS_AT + number * 0.02
        piecemeal.sent(frame)
        piecemeal.hops(FIRST + number, 10)
    again = PlayedVoice(now)
    play(again, now, FRAMES[:120], BEGINS_AT)
    assert np.array_equal(piecemeal.hops(FIRST, 140)[0], again.hops(FIRST, 140)[0])


def test_a_player_that_wakes_up_unevenly_makes_no_gap() -> None:
    even, uneven, now = PlayedVoice(Now()), PlayedVoice(Now()), Now()
    even._now = uneven._now = now
    play(even, now, FRAMES[:60], BEGINS_AT)
    for number, frame in enumerate(FRAMES[:60]):
        now.at = BEGINS_AT + number * 0.02 + (0.3 if 20 < number < 35 else 0.0)
        uneven.sent(frame)
    assert np.array_equal(even.hops(FIRST, 70)[0], uneven.hops(FIRST, 70)[0])


def test_a_pause_is_silence_of_its_length() -> None:
    now = Now()
    voice = PlayedVoice(now)
    play(voice, now, [*FRAMES[:50], b""], BEGINS_AT)
    play(voice, now, FRAMES[50:100], BEGINS_AT + 2.0)
    _, audible = voice.hops(FIRST, 190)
    assert audible[:60].any()
    assert not audible[64:124].any()
    assert audible[125:186].any()


def test_after_an_hour_nothing_is_left_of_what_was_before() -> None:
    now = Now()
    voice = PlayedVoice(now)
    play(voice, now, FRAMES[:100], BEGINS_AT)
    voice.hops(FIRST, 100)
    play(voice, now, FRAMES[:100], BEGINS_AT + 3600)
    first = round((BEGINS_AT + 3600) * RATE / HOP)
    assert not voice.hops(first - 240, 230)[1].any()
    assert voice.hops(first, 100)[1].any()
    assert not voice.hops(FIRST, 100)[1].any()


def test_it_returns_for_a_second_and_a_bit_and_silence_never_does() -> None:
    now = Now()
    voice = PlayedVoice(now)
    assert not voice.returns(BEGINS_AT)
    voice.sent(SILENCE)
    voice.sent(b"")
    assert not voice.returns(BEGINS_AT)
    voice.sent(FRAMES[0])
    assert voice.returns(BEGINS_AT + 1.2)
    assert not voice.returns(BEGINS_AT + 1.4)
