"""A call in each mode: people speak, translations come, and a member records what the bot says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from bot.clock import LoopClock, Timer
from bot.domain.voice_mode import VoiceMode
from bot.loopback import Person
from bot.room.captions import CaptionLine
from bot.room.spoken.voice_queue import DUCKED, QueuedUtterance, VoiceQueue
from bot.voice import DiscordVoiceLink
from tests.integration.voice.voice_lounge import Lounge, lounge, voice_heard, within
from tests.support.sounds import Sound, lag, sound, spoken

VOICE_RATE = 24_000
OF_ANA, OF_BEN = "es_vm-newuser", "it_vm-nonumber"
DELTA = 7_680  # bytes, 160 ms


class Interpretation:
    """A voice queue on a link, as a room has it."""

    def __init__(self, scene: Lounge, link: DiscordVoiceLink, ana: Person, mode: VoiceMode) -> None:
        self._scene = scene
        self._clock = LoopClock()
        self._due: Timer | None = None
        self.ana = ana
        self.link = link
        self.skipped: list[QueuedUtterance] = []
        self.queue = VoiceQueue(
            lambda gain: link.begin(gain=gain),
            speaking=link.someone_speaks,
            skipped=self.skipped.append,
        )
        self.queue.mode = mode

    def advance(self) -> None:
        if self._due is not None:
            self._due.cancel()
        due = self.queue.advance(self._clock.now())
        self._due = None if due is None else self._clock.call_at(due, self.advance)

    def translated(self, stay: int, turn: int, pcm: bytes) -> None:
        """The service brings a translation, all of it within a moment."""
        utterance = QueuedUtterance(CaptionLine(stay, "en"), turn)
        for at in range(0, len(pcm), DELTA):
            self.queue.voice(utterance, pcm[at : at + DELTA], self._clock.now())
        self.queue.ended(utterance)
        self.advance()

    async def spoken(self, within_s: float = 40) -> Sound:
        """What Ana heard when all is said."""
        await within(within_s, lambda: self.queue.advance(self._clock.now()) is None)
        await asyncio.sleep(0.3)
        return sound(self.ana.ear.pcm(self._scene.account.id, VOICE_RATE))

    @property
    def began_at(self) -> float:
        """The loop second of the first packet that Ana heard."""
        at = self.ana.ear.began_at(self._scene.account.id)
        assert at is not None
        return at

    def voice(self) -> Sound:
        """The voice that Ana heard, without its pauses."""
        return sound(voice_heard(self.ana, self._scene.account.id, VOICE_RATE))

    def frames(self) -> int:
        """Frames of voice that Ana heard so far."""
        return self.ana.ear.frames(self._scene.account.id)

    @property
    def began(self) -> bool:
        return self.ana.ear.began_at(self._scene.account.id) is not None


@asynccontextmanager
async def call(mode: VoiceMode) -> AsyncIterator[tuple[Interpretation, Person, Person]]:
    async with lounge() as scene:
        ana, ben = await scene.person("Ana"), await scene.person("Ben")
        link = await scene.connect(ana, ben, speaks=True)
        yield Interpretation(scene, link, ana, mode), ana, ben
        assert scene.server.complaints == []


def places(pcm: bytes, heard: Sound) -> list[tuple[int, float]]:
    """Where each loud 400 ms of a voice is heard, less where it is in the voice."""
    source = sound(pcm)
    found = []
    for at in range(2_400, len(source) - 9_600, 9_600):
        part = source[at : at + 9_600]
        if np.sqrt(np.mean(part**2)) > 0.03:
            place, likeness = lag(part, heard)
            found.append((place - at, likeness))
    return found


def at_one_place(pcm: bytes, heard: Sound, likeness: float) -> int:
    found = places(pcm, heard)
    assert found
    assert min(like for _, like in found) > likeness, found
    assert max(place for place, _ in found) - min(place for place, _ in found) <= 2, found
    return found[0][0]


async def test_consecutive_one_after_the_other_whole_and_with_a_pause() -> None:
    async with call(VoiceMode.CONSECUTIVE) as (interpretation, _, ben):
        first, second = spoken(OF_ANA)[: 3 * 48_000], spoken(OF_BEN)[: 3 * 48_000]
        speech = asyncio.gather(ben.speak(spoken(OF_BEN), rate=VOICE_RATE))
        interpretation.translated(1, 1, first)
        interpretation.translated(2, 1, second)
        heard = await interpretation.spoken()
        await speech
        voice = interpretation.voice()
        end_of_first = at_one_place(first, voice, 0.9) + len(first) // 2
        assert end_of_first <= at_one_place(second, voice, 0.9) < end_of_first + 0.1 * VOICE_RATE
        (*_, (place_of_first, _)), ((place_of_second, _), *_) = (
            places(pcm, heard) for pcm in (first, second)
        )
        pause_s = (place_of_second - place_of_first - len(first) / 2) / VOICE_RATE
        assert 0.2 < pause_s < 3
        assert interpretation.skipped == []


async def test_consecutive_hurries_behind_a_backlog_and_then_skips_to_the_newest() -> None:
    async with call(VoiceMode.CONSECUTIVE) as (interpretation, _, _):
        long, newest = spoken(OF_ANA)[: 6 * 48_000], spoken("en_librivox_0890")
        interpretation.translated(1, 1, long)
        interpretation.translated(1, 2, long)
        await asyncio.sleep(0.5)
        interpretation.translated(1, 3, newest)
        await interpretation.spoken()
        skipped = [utterance.turn for utterance in interpretation.skipped]
        assert skipped == [2]
        # The first was hurried, the newest is spoken as it came.
        assert 6 / 1.25 - 0.1 < at_one_place(newest, interpretation.voice(), 0.9) / VOICE_RATE < 5.8


async def test_polite_waits_for_the_pause_of_who_speaks() -> None:
    async with call(VoiceMode.POLITE) as (interpretation, _, ben):
        pcm = spoken(OF_ANA)
        speech = asyncio.gather(ben.speak(spoken(OF_BEN), rate=VOICE_RATE))
        await within(5, interpretation.link.someone_speaks)
        interpretation.translated(1, 1, pcm)
        (said,) = await speech
        await interpretation.spoken()
        assert said.ended_at < interpretation.began_at < said.ended_at + 5
        at_one_place(pcm, interpretation.voice(), 0.9)


async def test_polite_stops_for_who_begins_to_speak_and_goes_on_after_it() -> None:
    async with call(VoiceMode.POLITE) as (interpretation, _, ben):
        pcm = spoken(OF_ANA) + spoken(OF_BEN)
        interpretation.translated(1, 1, pcm)
        await within(10, lambda: interpretation.frames() >= 60)
        await ben.speak(spoken(OF_BEN)[: 48_000 * 2], rate=VOICE_RATE)
        heard = await interpretation.spoken()
        found = [place for place, likeness in places(pcm, heard) if likeness > 0.9]
        assert min(found[:1]) < max(found) - VOICE_RATE, "there is a pause of over a second"
        bends = np.abs(np.diff(interpretation.voice(), 2))
        assert bends.max() < 1.5 * np.abs(np.diff(sound(pcm), 2)).max()


async def test_over_is_heard_at_once_and_softer_while_a_person_speaks() -> None:
    async with call(VoiceMode.OVER) as (interpretation, _, ben):
        # Ben speaks as loud as the bot does, so that nothing but the mode changes its level.
        pcm = spoken(OF_BEN)
        again = pcm * (int(6 * 48_000 / len(pcm)) + 1)
        interpretation.queue.volume = 1.0
        speech = asyncio.gather(ben.speak(pcm[: 48_000 * 2], rate=VOICE_RATE))
        await within(5, interpretation.link.someone_speaks)
        loop = asyncio.get_running_loop()
        came_at = loop.time()
        interpretation.translated(1, 1, again)
        await within(5, lambda: interpretation.began)
        assert loop.time() - came_at < 3
        await speech
        await interpretation.spoken()
        heard = interpretation.voice()
        source = sound(again)
        gains = []
        for at in range(4_800, len(source) - 9_600, 4_800):
            part = source[at : at + 4_800]
            same = heard[at + 156 + 60 :][:4_800]
            if np.sqrt(np.mean(part**2)) > 0.03 and len(same) == 4_800:
                gains.append(float(np.sqrt(np.mean(same**2) / np.mean(part**2))))
        assert np.median(gains[:3]) == pytest.approx(DUCKED * np.median(gains[-4:]), rel=0.35)


async def test_simultaneous_speakers_are_heard_at_the_same_time() -> None:
    async with call(VoiceMode.SIMULTANEOUS) as (interpretation, _, _):
        first, second = spoken(OF_ANA), spoken(OF_BEN)
        interpretation.translated(1, 1, first)
        interpretation.translated(2, 1, second)
        await interpretation.spoken()
        heard = interpretation.voice()
        # Each is in the sum, from the beginning on.
        for pcm in (first, second):
            found = [place for place, likeness in places(pcm, heard) if likeness > 0.4]
            assert found
            assert (
                np.median(np.abs(found)) < 0.2 * VOICE_RATE
            )  # a few frames of the first were ready
        assert len(heard) < max(len(first), len(second)) / 2 + 0.8 * VOICE_RATE
        assert np.abs(heard).max() < 1
