"""Whatever people say over the bot's voice with headphones on, it is never touched."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot import speech
from tests.support.echoes import (
    BATCH,
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
    pcm16,
    through_opus,
)

NAMES = st.sampled_from(sorted(one.name for one in speech.clips()))


@settings(max_examples=25, deadline=None)
@given(voice=NAMES, own=st.lists(NAMES, min_size=1, max_size=2), data=st.data())
def test_speech_with_headphones_goes_through_sample_by_sample(
    voice: str, own: list[str], data: st.DataObject
) -> None:
    begins_s = data.draw(st.floats(0.0, 3.0))
    rms = data.draw(st.sampled_from([0.0, 20.0, 300.0]))
    microphone = through_opus(later(in_a_row(*own), begins_s))
    if rms:
        microphone = mixed(microphone, noise(len(microphone), rms))
    if voice in own:  # nobody speaks with the bot's very voice
        at = np.arange(0, len(microphone), 1.06)
        microphone = np.interp(at, np.arange(len(microphone)), microphone)
    call = Call(encoded(in_a_row(voice)), microphone).run()
    assert call.pcm == pcm16(microphone)[: len(microphone) // BATCH * BATCH * 2]
    assert not call.guard.sure


@settings(max_examples=20, deadline=None)
@given(
    voice=st.lists(NAMES, min_size=2, max_size=2, unique=True),
    way=st.builds(
        Way,
        delay_s=st.floats(0.08, 0.4),
        db=st.floats(-20.0, -6.0),
        reverberation_s=st.floats(0.1, 0.45),
        direct_db=st.floats(-3.0, 6.0),
        overdriven=st.booleans(),
        seed=st.integers(0, 99),
    ),
    snr_db=st.floats(20.0, 30.0),
)
@example(  # a loudspeaker that distorts
    voice=["fr_followme_status", "en_librivox_0870"],
    way=Way(0.20095, -15.14, 0.172, 3.067, overdriven=True, seed=24),
    snr_db=24.9,
)
@example(  # short words in a dry room
    voice=["fr_followme_status", "it_privacy-prompt"],
    way=Way(0.11337, -19.452, 0.12562, 4.7955, seed=16),
    snr_db=23.4,
)
@example(  # the same, late
    voice=["it_followme_status", "fr_followme_status"],
    way=Way(0.38153, -18.584, 0.11063, 0.8875, seed=35),
    snr_db=29.3,
)
@example(  # not sure in the first words whether it is one
    voice=["fr_pls-hold-while-try", "it_privacy-prompt"],
    way=Way(0.38237, -15.637, 0.17828, 1.27262, seed=78),
    snr_db=21.0,
)
def test_of_an_echo_alone_hardly_anything_goes_through(
    voice: list[str], way: Way, snr_db: float
) -> None:
    sound = in_a_row(*voice)
    frames = encoded(sound * (4000 / level(sound)))
    echo = way.returned(decoded(frames))
    microphone = mixed(echo, noise(len(echo), level(echo) * 10 ** (-snr_db / 20), way.seed))
    call = Call(frames, through_opus(microphone)).run()
    assert call.guard.sure
    # Less than what a single mistake lets through with what is around it, and never the voice.
    assert np.count_nonzero(call.timeline()) / RATE < 1.5
