"""Real speech over a network that loses, delays, doubles and pads: what is understood, and when."""

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import jiwer
import numpy as np
import pytest
from faster_whisper import WhisperModel

from bot.engine.models import weights
from bot.loopback import Person
from tests.integration.voice.voice_lounge import RATE, Lounge, lounge, within
from tests.support.call import ROOT
from tests.support.clips import clip, plain

CLIPS = (
    "en_librivox_0870",
    "en_librivox_0890",
    "fr_followme_status",
    "fr_pls-hold-while-try",
    "it_vm-nonumber",
)
FRAME_BYTES = RATE // 50 * 2

POINTS = 0.05  # of word errors that a bad network may add
LOSS = 0.1
BURST = 3
SEED = 1


class Losing:
    """Loses a tenth of what goes to one receiver, half of it one by one and half in threes.

    Of what is lost before the first and behind the last packet with speech nobody can know, so
    these arrive. Each speaker's losses have dice of their own, so that they are the same each time.
    """

    def __init__(self, receiver: int, frames: dict[int, int]) -> None:
        self._receiver = receiver
        self._frames = frames  # by speaker
        self._count = dict.fromkeys(frames, 0)
        self._left = dict.fromkeys(frames, 0)
        self._dice = {who: random.Random(SEED + place) for place, who in enumerate(frames)}
        self.lost = 0

    def __call__(self, sender: int, receiver: int, _sequence: int) -> bool:
        if receiver != self._receiver:
            return False
        number = self._count[sender]
        self._count[sender] += 1
        if not 0 < number < self._frames[sender] - 1:
            return False
        if not self._left[sender]:
            self._left[sender] = self._begins(self._dice[sender])
        if self._left[sender]:
            self._left[sender] -= 1
            self.lost += 1
            return True
        return False

    def _begins(self, dice: random.Random) -> int:
        """How many are lost from here on."""
        drawn = dice.random()
        one, three = LOSS / 2 / (1 - LOSS), LOSS / 2 / BURST / (1 - LOSS)
        return 1 if drawn < one else BURST if drawn < one + three else 0


@dataclass(frozen=True, slots=True)
class Heard:
    """One clip as it arrived."""

    name: str
    sent: int  # bytes of whole frames
    pcm: bytes


async def spoken(
    scene: Lounge, people: dict[str, Person], *, bad: bool
) -> tuple[list[Heard], float]:
    """All clips at once; what was heard, and the share that the network lost."""
    scene.ears.speech.clear()
    scene.ears.silences.clear()
    pcm = {name: clip(name)[0] for name in people}
    frames = {people[name].id: -(-len(pcm[name]) // FRAME_BYTES) for name in people}
    losing = Losing(scene.account.id, frames)
    if bad:
        faults = scene.server.voice.faults
        faults.drop = losing
        faults.reorder_ms, faults.duplicate, faults.padding = 60.0, 0.05, 0.15
    await asyncio.gather(*(people[name].speak(pcm[name]) for name in people))
    await within(10, lambda: {person.id for person in people.values()} == set(scene.ears.silences))
    heard = [
        Heard(name, frames[person.id] * FRAME_BYTES, scene.ears.pcm(person))
        for name, person in people.items()
    ]
    return heard, losing.lost / sum(frames.values())


def errors(model: WhisperModel, heard: Iterable[Heard]) -> float:
    """Share of the words of all clips that were not understood."""
    said, understood = [], []
    for one in heard:
        samples = np.frombuffer(one.pcm, "<i2").astype(np.float32) / 32768
        segments, _ = model.transcribe(samples, language=one.name[:2], beam_size=5, temperature=0.0)
        said.append(plain(clip(one.name)[1]))
        understood.append(plain(" ".join(segment.text for segment in segments)))
    return float(jiwer.wer(said, understood))


@pytest.mark.engine
@pytest.mark.timeout(150)
async def test_speech_is_understood_over_a_bad_network_and_its_timeline_is_exact(
    record_property: Callable[[str, object], None],
) -> None:
    async with lounge() as scene:
        people = {name: await scene.person(name) for name in CLIPS}
        link = await scene.connect(*people.values())
        clean, _ = await spoken(scene, people, bad=False)
        bad, share = await spoken(scene, people, bad=True)
        figures = link.figures()
    for one in clean + bad:
        assert len(one.pcm) == one.sent, one.name
    assert 0.08 < share < 0.15
    assert figures["late"] > 0
    assert figures["recovered"] + figures["concealed"] > 0
    assert figures["malformed"] == figures["undecodable"] == 0
    folder = weights.find(None, ROOT / "data/models", download=False)
    model = WhisperModel(str(folder), compute_type="int8", cpu_threads=1)
    rates = errors(model, clean), errors(model, bad)
    record_property("word_errors_added", round(rates[1] - rates[0], 3))
    print(f"word errors: clean {rates[0]:.1%}, {share:.1%} lost {rates[1]:.1%}")  # noqa: T201
    assert rates[1] <= rates[0] + POINTS
