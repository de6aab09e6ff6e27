"""Five minutes of the bot's voice in a member's microphone, faster than they pass."""

import numpy as np
import pytest

from tests.support.echoes import (
    RATE,
    Call,
    Way,
    decoded,
    encoded,
    in_a_row,
    later,
    level,
    mixed,
    noise,
    recorded,
    through_opus,
)

_SPOKEN = (
    "en_librivox_0870",
    "fr_followme_status",
    "it_vm-nonumber",
    "es_followme_sorry",
    "en_librivox_0890",
    "ru_vm-invalidpassword",
)


@pytest.mark.timeout(240)
def test_nothing_of_it_is_taken_for_speech_but_what_the_member_says() -> None:
    round_of_talk = in_a_row(*_SPOKEN, pause_s=0.8)
    voice = encoded(np.tile(round_of_talk, 1 + 300 * RATE // len(round_of_talk))[: 300 * RATE])
    heard = decoded(voice)
    echo = Way(delay_s=0.24, db=-12, reverberation_s=0.35, drift=1e-4).returned(heard)[: len(heard)]
    room = noise(len(heard), level(echo) * 10 ** (-25 / 20))
    own = recorded("es_conf-invalid")
    own *= level(heard) / level(own)
    said_at_s = (62.0, 155.0, 248.0)
    said = [later(own, at) for at in said_at_s]
    call = Call(voice, through_opus(mixed(echo, room, *said))).run()
    passed = call.timeline()
    of_own = np.zeros(len(passed), np.bool_)
    for at in said_at_s:
        spoken = slice(int((at - 0.4) * RATE), int(at * RATE) + len(own) + RATE)
        assert np.square(passed[spoken]).sum() > 0.5 * np.square(own).sum()
        of_own[spoken] = True
    assert np.flatnonzero(passed[~of_own]).size / RATE < 1.0, "a second of five minutes, at most"
    assert call.guard.sure
