"""What goes through of a member's speech while the bot speaks."""

import numpy as np
import pytest

from bot.voice.echo.guard import Passed
from tests.support.echoes import (
    BATCH,
    BEGINS_AT,
    RATE,
    Call,
    Sound,
    Way,
    decoded,
    encoded,
    in_a_row,
    later,
    level,
    mixed,
    noise,
    pcm16,
    recorded,
    through_opus,
)

VOICE = encoded(in_a_row("en_librivox_0870", "fr_followme_status"))
HEARD = decoded(VOICE)
OWN = recorded("es_conf-invalid") * (level(HEARD) / level(recorded("es_conf-invalid")))

WAYS = [
    Way(delay_s=0.08, db=-6),
    Way(delay_s=0.15, db=-20, seed=2),
    Way(delay_s=0.25, reverberation_s=0.5, direct_db=-3, seed=3),
    Way(delay_s=0.4, overdriven=True, seed=4),
    Way(delay_s=0.3, drift=2e-4, seed=5),
]


def returned(way: Way, *, snr_db: float = 25.0) -> Sound:
    """The echo alone, in a room with some noise."""
    echo = way.returned(HEARD)
    return mixed(echo, noise(len(echo), level(echo) * 10 ** (-snr_db / 20), way.seed))


@pytest.mark.parametrize("way", WAYS)
def test_an_echo_alone_is_dropped_from_its_first_word_on(way: Way) -> None:
    call = Call(VOICE, through_opus(returned(way))).run()
    assert call.passed == []
    assert call.guard.sure


def test_what_may_be_an_echo_is_held_until_it_is_clear() -> None:
    voice = encoded(in_a_row("en_librivox_0880", "it_followme_sorry"))
    echo = Way(0.36035, -18.862, 0.28853, -1.63087, overdriven=True, seed=28).returned(
        decoded(voice)
    )
    room = noise(len(echo), level(echo) * 10 ** (-22.4 / 20), 28)
    assert Call(voice, through_opus(mixed(echo, room))).run().passed == []


def test_a_late_echo_is_dropped_once_it_is_known() -> None:
    echo = returned(Way(delay_s=0.65))[: len(HEARD)]
    silent = np.zeros(4 * RATE)
    call = Call(
        [*VOICE, *([b""] * 200), *VOICE], through_opus(np.concatenate([echo, silent, echo]))
    )
    heard = call.run().timeline()
    assert not heard[2 * RATE : len(HEARD)].any()
    assert not heard[len(HEARD) + 5 * RATE :].any()
    assert call.guard.sure


@pytest.mark.parametrize("snr_db", [20.0, 30.0])
def test_whatever_the_noise(snr_db: float) -> None:
    call = Call(VOICE, through_opus(returned(Way(), snr_db=snr_db))).run()
    assert call.passed == []


@pytest.mark.parametrize("begins_s", [0.0, 0.7, 3.1])
def test_with_headphones_every_sample_goes_through_as_it_is(begins_s: float) -> None:
    microphone = mixed(through_opus(later(OWN, begins_s)), noise(len(HEARD), 30.0))
    call = Call(VOICE, microphone).run()
    assert call.pcm == pcm16(microphone)[: len(call.pcm)]
    assert len(call.pcm) == len(microphone) // BATCH * BATCH * 2
    assert not call.guard.sure


def test_who_is_known_to_wear_headphones_is_not_held_back() -> None:
    microphone = through_opus(mixed(in_a_row("es_vm-newuser", "es_conf-invalid"), HEARD * 0))
    call = Call(VOICE, microphone).run()
    for number, (pcm, _) in enumerate(Call([], microphone[: 10 * BATCH]).batches()):
        at = call.now.at + (number + 1) / 10
        assert call.guard.feed(pcm, at) == [Passed(pcm, at)]


def test_the_same_words_in_another_voice_are_not_an_echo() -> None:
    slower = np.interp(np.arange(0, len(HEARD), 0.94), np.arange(len(HEARD)), HEARD)
    call = Call(VOICE, through_opus(later(slower, 0.3))).run()
    assert call.seconds > len(slower) / RATE - 0.2


def test_own_words_over_the_echo_come_through_with_their_beginning() -> None:
    echo = returned(Way())
    call = Call(VOICE, through_opus(mixed(echo, later(OWN, 4.0)))).run()
    heard = call.timeline()
    own = later(OWN, 4.0)
    power = np.square(own[: len(own) // 320 * 320]).reshape(-1, 320).mean(axis=1)
    there = np.square(heard[: len(power) * 320]).reshape(-1, 320).mean(axis=1) > 0
    spoken = power > power.max() / 50
    assert there[spoken].mean() > 0.95
    assert not there[: int(3.5 * 50)].any()
    # It is what was said, in its place: like what comes in of the member without any echo.
    alone = through_opus(own)
    both = slice(int(4.0 * RATE), int(4.0 * RATE) + len(OWN))
    assert np.corrcoef(heard[both], alone[both])[0, 1] > 0.9


def test_what_goes_through_ends_with_the_words() -> None:
    echo = returned(Way())
    call = Call(VOICE, through_opus(mixed(echo, later(OWN, 4.0)))).run()
    assert call.passed[-1] is None
    assert sum(one is None for one in call.passed) <= 3
    ends = [one.at for one in call.passed if one is not None]
    assert ends == sorted(ends)
    assert ends[-1] - BEGINS_AT < 4.0 + len(OWN) / RATE + 1.0


def test_the_echo_of_the_next_utterance_is_dropped_too_and_speech_between_them_is_not() -> None:
    pause_s = 4.0
    silent = [b""] * round(pause_s * 50)
    gap = later(through_opus(OWN)[: 3 * RATE], len(HEARD) / RATE + 1.5)
    echo = returned(Way())
    again = later(echo, len(HEARD) / RATE + pause_s)
    call = Call([*VOICE, *silent, *VOICE], mixed(echo, gap, again)).run()
    begins, ends = len(HEARD) / RATE + 1.3, len(HEARD) / RATE + pause_s
    heard = call.timeline()
    between = slice(int((begins + 0.2) * RATE), int((ends - 0.1) * RATE))
    assert np.abs(heard[between]).max() > 1000
    assert not heard[: int((begins - 0.4) * RATE)].any()
    assert not heard[int((ends + 1.0) * RATE) :].any()


def test_a_member_who_puts_headphones_on_is_heard_untouched_again() -> None:
    voice = [*VOICE, *VOICE, *VOICE]
    echo = returned(Way())[: len(HEARD)]
    speech = in_a_row("es_vm-newuser", "es_conf-invalid", "es_followme_sorry", "es_vm-newuser")
    speech = through_opus(speech)
    microphone = np.concatenate([echo, speech])
    call = Call(voice, microphone).run()
    tail = pcm16(microphone)[-5 * RATE * 2 :]
    tail = tail[: len(tail) - len(microphone) % BATCH * 2]
    assert call.pcm.endswith(tail)


def test_one_who_begins_to_speak_before_the_bot_does_is_heard_on() -> None:
    """Held for a moment, and not cut."""
    before = through_opus(mixed(in_a_row("es_vm-newuser", "es_conf-invalid")))
    call = Call([*([b""] * 100), *VOICE], before).run()
    assert call.pcm == pcm16(before)[: len(call.pcm)]
    assert call.seconds == len(before) // BATCH * BATCH / RATE
