"""What is understood of members who talk over the bot's voice in their microphone."""

from pathlib import Path

import jiwer
import numpy as np
import pytest

from bot.engine.models import weights
from bot.engine.models.whisper import WhisperRecogniser
from bot.engine.ports import HeardSpeech
from tests.support.clips import clip, plain
from tests.support.echoes import (
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

pytestmark = pytest.mark.engine

CACHE = Path("data/models")
POINTS = 0.10  # of word errors that an echo may add
LOUDNESS = 4000.0
BEGINS_S = 3.0
SAID = {
    "es_conf-invalid": Way(delay_s=0.14, seed=1),
    "fr_followme_status": Way(delay_s=0.27, reverberation_s=0.45, overdriven=True, seed=2),
    "it_vm-nonumber": Way(delay_s=0.39, reverberation_s=0.2, seed=3),
    "ru_vm-invalidpassword": Way(delay_s=0.08, direct_db=-4, seed=4),
    "en_librivox_0890": Way(delay_s=0.2, direct_db=4, seed=5),
    "it_privacy-prompt": Way(delay_s=0.33, overdriven=True, seed=6),
}
VOICES = ("en_librivox_0870", "es_followme_sorry", "fr_followme_sorry", "it_followme_status")


def understood(recogniser: WhisperRecogniser, sound: Sound, name: str) -> str:
    begins = int((BEGINS_S - 0.3) * RATE)
    ends = begins + len(recorded(name)) + RATE
    language = name[:2]
    heard = HeardSpeech(pcm16(sound[begins:ends]), language, None, language, thorough=True)
    return plain(recogniser.recognise(heard).text)


def test_they_are_understood_nearly_as_well_as_without_it() -> None:
    recogniser = WhisperRecogniser(weights.find(None, CACHE, download=False), 1)
    said, alone, beside = [], [], []
    for name, way in SAID.items():
        voice = in_a_row(*(other for other in VOICES if other[:2] != name[:2]))
        frames = encoded(voice * (LOUDNESS / level(voice)))
        echo = way.returned(decoded(frames))
        room = noise(len(echo), level(echo) * 10 ** (-25 / 20), way.seed)
        own = later(recorded(name) * (LOUDNESS / level(recorded(name))), BEGINS_S)
        quiet = through_opus(mixed(own, room))
        call = Call(frames, through_opus(mixed(own, room, echo))).run()
        assert call.guard.sure
        said.append(plain(clip(name)[1]))
        alone.append(understood(recogniser, quiet, name))
        beside.append(understood(recogniser, call.timeline(), name))
    without, with_echo = jiwer.wer(said, alone), jiwer.wer(said, beside)
    assert with_echo <= without + POINTS, (without, with_echo, beside)


def test_nothing_is_understood_of_an_echo_alone() -> None:
    voice = in_a_row(*VOICES, pause_s=0.6)
    frames = encoded(voice * (LOUDNESS / level(voice)))
    for way in SAID.values():
        echo = way.returned(decoded(frames))
        room = noise(len(echo), level(echo) * 10 ** (-22 / 20), way.seed)
        call = Call(frames, through_opus(mixed(echo, room))).run()
        leaked = np.count_nonzero(call.timeline()) / RATE
        assert leaked < 1.0, (way, leaked)
