"""What a member of the call hears of the bot's voice."""

import asyncio
import random

import numpy as np
import pytest

from bot.domain.ports import VoiceTrack
from bot.loopback import Person
from tests.integration.voice.voice_lounge import (
    Lounge,
    lounge,
    pitch,
    tone,
    voice_heard,
    within,
)
from tests.support.sounds import FRAME, Sound, frame_levels, lag, sound, spoken

VOICE_RATE = 24_000
DELTA = 7_680  # bytes, 160 ms: of this size are the service's pieces
MACHINE_S = 0.02  # by which a piece may be late, so that what is queued outlasts a stall


def heard_by(person: Person, scene: Lounge) -> Sound:
    return sound(voice_heard(person, scene.account.id, VOICE_RATE))


def aligned(source: Sound, heard: Sound) -> tuple[int, float]:
    """Where the voice is in what was heard, at the same place for each of its parts."""
    places, likenesses = [], []
    for at in range(2_400, len(source) - 9_600, 9_600):
        part = source[at : at + 9_600]
        if np.abs(part).max() > 0.05:
            place, likeness = lag(part, heard)
            places.append(place - at)
            likenesses.append(likeness)
    assert max(places) - min(places) <= 2, places
    return places[0], min(likenesses)


async def test_the_voice_is_heard_encrypted_and_whole() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        bot_id = scene.account.id
        pcm = tone(600, 2.0, VOICE_RATE)
        track = link.begin()
        for start in range(0, len(pcm), 4_802):
            track.add(pcm[start : start + 4_802])
        track.end()
        assert track.left_s() == pytest.approx(2.0, abs=0.05)
        await within(10, lambda: track.over)
        await within(5, lambda: ana.ear.frames(bot_id) >= 100)
        await asyncio.sleep(0.1)
        assert 100 <= ana.ear.frames(bot_id) <= 101
        assert ana.ear.failures == ana.ear.unencrypted == 0
        heard = ana.ear.pcm(bot_id, VOICE_RATE)[: len(pcm)]
        assert pitch(heard, VOICE_RATE) == pytest.approx(600, abs=3)
        assert scene.server.complaints == []


async def as_the_service_sends(track: VoiceTrack, pcm: bytes, seed: int) -> int:
    """In pieces, somewhat faster than real time, with bursts and with stalls of up to 300 ms.

    Returns how many stalls were longer, as the machine had something else to do.
    """
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    start = loop.time()
    at = start
    stall_at = 0.5
    longer = 0
    for sent in range(0, len(pcm), DELTA):
        # 400 ms at once, then 1.2 times as fast as it is spoken.
        at = max(at, start + max(0.0, sent / 48_000 - 0.4) / 1.2)
        if sent / 48_000 > stall_at:
            at += 0.3
            stall_at += chance.uniform(1.2, 2.0)
        await asyncio.sleep(max(0.0, at - loop.time()))
        longer += loop.time() - at > MACHINE_S
        track.add(pcm[sent : sent + DELTA])
    track.end()
    return longer


async def test_the_service_s_stalls_are_not_heard() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        pcm = spoken()
        source = sound(pcm)
        began_at = asyncio.get_running_loop().time()
        track = link.begin()
        longer = await as_the_service_sends(track, pcm, 1)
        await within(20, lambda: track.over)
        await asyncio.sleep(0.7)
        first_at = ana.ear.began_at(scene.account.id)
        assert first_at is not None
        assert first_at - began_at < 3.0  # that it is 150 ms is measured by make bench
        assert link.figures()["underruns"] <= longer
        # Each part where it was sent: nothing is missing or was put in between.
        place, likeness = aligned(source, heard_by(ana, scene))
        assert likeness > 0.9
        heard = heard_by(ana, scene)[place:]
        steps = np.abs(frame_levels(heard)[: len(source) // FRAME] - frame_levels(source))
        loud = frame_levels(source) > -38  # below, the codec's own noise counts
        assert steps[loud].max() < 6
        assert scene.server.complaints == []


async def test_speaking_is_announced_and_ends_with_silence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        said: list[tuple[bool, float]] = []
        loop = asyncio.get_running_loop()
        call = scene.server.voice._calls[scene.channel.id]
        monkeypatch.setattr(call, "_spoke", lambda _, on: said.append((on, loop.time())))
        for _ in range(2):
            track = link.begin()
            track.add(tone(600, 0.5, VOICE_RATE))
            track.end()
            so_far = len(said)
            await within(5, lambda: len(said) >= so_far + 2)  # noqa: B023 - awaited here
            await asyncio.sleep(0.2)
        assert [on for on, _ in said] == [True, False, True, False]
        packets = ana.ear._voices[scene.account.id].packets
        silent = [packet.frame == b"\xf8\xff\xfe" for packet in packets]
        assert all(silent[-5:])
        assert not silent[0]
        first = packets[0].at
        assert abs(said[0][1] - first) < 2.0


async def test_what_is_dropped_is_silent_at_once_and_more_can_be_played() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        bot_id = scene.account.id
        track = link.begin()
        track.add(tone(600, 20.0, VOICE_RATE))
        await within(5, lambda: ana.ear.frames(bot_id) > 10)
        so_far = ana.ear.frames(bot_id)
        track.drop()
        assert track.left_s() == pytest.approx(0, abs=0.1)
        await asyncio.sleep(1.0)
        assert ana.ear.frames(bot_id) - so_far < 15
        assert track.over
        heard = heard_by(ana, scene)
        assert np.abs(np.diff(heard, 2)).max() < 0.02, "a click"
        so_far = ana.ear.frames(bot_id)
        more = link.begin()
        more.add(tone(600, 0.2, VOICE_RATE))
        more.end()
        await within(5, lambda: ana.ear.frames(bot_id) >= so_far + 10)


async def test_voice_goes_on_through_a_join_and_after_a_lost_gateway_with_the_next_utterance() -> (
    None
):
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        bot_id = scene.account.id
        begun = link.begin()
        begun.add(tone(600, 30.0, VOICE_RATE))
        await within(5, lambda: ana.ear.frames(bot_id) > 20)
        ben = await scene.person("Ben")
        await within(5, lambda: ben.ear.frames(bot_id) > 20)
        so_far = ana.ear.frames(bot_id)
        scene.server.voice.close_client(scene.channel.id, bot_id, 4006)
        await within(20, lambda: begun.over)
        following = link.begin()
        following.add(tone(900, 1.0, VOICE_RATE))
        following.end()
        await within(20, lambda: following.over)
        await within(5, lambda: ana.ear.frames(bot_id) >= so_far + 50)
        await asyncio.sleep(0.5)
        for ear in (ana.ear, ben.ear):
            assert ear.unencrypted == 0
            heard = ear.pcm(bot_id, VOICE_RATE)
            last = np.flatnonzero(np.abs(sound(heard)) > 0.01)[-1] * 2
            assert pitch(heard[last - 45_600 : last], VOICE_RATE) == pytest.approx(900, abs=5)
        # What is on its way when the gateway closes has no session any more.
        complaints = {complaint.message for complaint in scene.server.complaints}
        assert complaints <= {"UDP: audio from an address that no session has."}


async def test_a_member_who_comes_in_the_middle_hears_the_next_utterance_whole() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        first = link.begin()
        first.add(tone(600, 2.0, VOICE_RATE))
        first.end()
        await within(5, lambda: ana.ear.frames(scene.account.id) > 20)
        ben = await scene.person("Ben")
        await within(10, lambda: first.over)
        await asyncio.sleep(0.3)
        pcm = spoken("es_vm-newuser")
        second = link.begin()
        second.add(pcm)
        second.end()
        await within(20, lambda: second.over)
        await asyncio.sleep(0.3)
        for person in (ana, ben):
            _, likeness = aligned(sound(pcm), heard_by(person, scene))
            assert likeness > 0.9


async def test_the_voice_is_as_loud_as_the_people() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana, speaks=True)
        pcm = spoken("es_vm-newuser")
        quiet = (sound(spoken("es_vm-newuser"))[::1] * 0.25 * 32_767).astype("<i2").tobytes()
        await ana.speak(quiet, rate=VOICE_RATE)
        await within(5, lambda: not link.someone_speaks())
        for _ in range(2):
            track = link.begin()
            track.add(pcm)
            track.end()
            await within(20, lambda: track.over)  # noqa: B023 - awaited here
            await asyncio.sleep(0.6)
        source, heard = sound(pcm), heard_by(ana, scene)
        part = source[12_000:36_000]
        place, _ = lag(part, heard[-len(source) - 24_000 :])
        again = heard[-len(source) - 24_000 :][place : place + len(part)]
        gain = float(np.dot(part, again) / np.dot(part, part))
        assert 20 * np.log10(gain) == pytest.approx(-12, abs=1.5)


async def test_somebody_speaks_while_a_member_does() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana, speaks=True)
        assert not link.someone_speaks()
        speech = scene.tasks.start(ana.speak(tone(440, 1.5)), "speech")
        await within(3, link.someone_speaks)
        await asyncio.wait({speech})
        await within(3, lambda: not link.someone_speaks())
        await ana.speak(bytes(32_000))
        assert not link.someone_speaks(), "silence is no speech"
