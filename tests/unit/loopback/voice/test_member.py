"""A person in a call of this process, without any socket."""

import asyncio
import itertools

import numpy as np
import pytest

from bot.clock import LoopClock
from bot.errors import LoopbackError
from bot.loopback.voice.call import VoiceCall
from bot.loopback.voice.faults import Faults
from bot.loopback.voice.member import NewSession, VoiceMember, encodable
from bot.loopback.voice.membership import DaveySession
from tests.unit.loopback.voice.dave_call import LibdaveSession

ANA, BEN, CLEO = 1001, 1002, 1003


def tone(hertz: float, seconds: float, rate: int = 16_000) -> bytes:
    t = np.arange(int(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * hertz * t)).astype("<i2").tobytes()


def pitch(pcm: bytes, rate: int) -> float:
    heard = np.frombuffer(pcm, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    return float(np.argmax(spectrum) * rate / len(heard))


class Scene:
    def __init__(self, dave_version: int = 1) -> None:
        self.complaints: list[str] = []
        self.faults = Faults()
        self.call = VoiceCall(
            555,
            dave_version,
            faults=self.faults,
            clock=LoopClock(),
            complain=self.complaints.append,
        )
        self._ssrcs = itertools.count(1)

    def enter(self, user_id: int, new_session: NewSession = DaveySession) -> VoiceMember:
        return VoiceMember(user_id, next(self._ssrcs), self.call, lambda: None, new_session)


async def test_members_of_both_implementations_hear_each_other() -> None:
    scene = Scene()

    def libdave(user_id: int, channel_id: int) -> LibdaveSession:
        session = LibdaveSession(user_id, channel_id)
        session.known = (ANA, BEN, CLEO)
        return session

    ana, ben = scene.enter(ANA), scene.enter(BEN, libdave)
    cleo = scene.enter(CLEO)
    for member in (ana, ben, cleo):
        await member.ready()
    await asyncio.gather(ana.speak(tone(300, 0.2)), ben.speak(tone(700, 0.2)))
    assert pitch(ben.ear.pcm(ANA), 48_000) == pytest.approx(300, abs=8)
    assert pitch(ana.ear.pcm(BEN), 48_000) == pytest.approx(700, abs=8)
    assert cleo.ear.frames(ANA) == cleo.ear.frames(BEN) == 10
    assert [one.ear.failures for one in (ana, ben, cleo)] == [0, 0, 0]
    assert scene.complaints == []


async def test_a_lonely_member_is_ready_at_once_and_may_speak() -> None:
    ana = Scene().enter(ANA)
    await ana.ready()
    spoken = await ana.speak(tone(300, 0.05))
    assert spoken.ended_at - spoken.began_at == pytest.approx(0.06)  # whole frames


async def test_speech_never_leaves_unencrypted_while_others_join() -> None:
    scene = Scene()
    ana = scene.enter(ANA)
    talking = asyncio.gather(ana.speak(tone(300, 0.3)))
    await asyncio.sleep(0.05)
    ben = scene.enter(BEN)
    await talking
    assert 0 < ben.ear.frames(ANA) < 15
    assert (ben.ear.unencrypted, ben.ear.failures) == (0, 0)


async def test_who_leaves_while_speaking_has_said_it_as_far_as_that() -> None:
    scene = Scene()
    ana, ben = scene.enter(ANA), scene.enter(BEN)
    changes: list[bool] = []
    ana.speaking = lambda on, _: changes.append(on)
    await ben.ready()
    talking = asyncio.gather(ana.speak(tone(300, 5)))
    while ben.ear.frames(ANA) < 3:  # noqa: ASYNC110 - the ear has no event
        await asyncio.sleep(0.005)
    await ana.leave()
    await ana.leave()
    (spoken,) = await talking
    assert spoken.ended_at - spoken.began_at < 5
    assert changes == [True, False]
    with pytest.raises(LoopbackError, match="not in the voice channel"):
        await ana.speak(tone(300, 0.1))


async def test_who_has_much_to_say_begins_before_all_of_it_is_encoded() -> None:
    ana = Scene().enter(ANA)
    began = asyncio.Event()
    ana.speaking = lambda on, _at: began.set() if on else None
    hours = tone(300, 60.0) * 120
    speaking = asyncio.gather(ana.speak(hours))
    await asyncio.wait_for(began.wait(), 15)
    await ana.leave()
    (spoken,) = await speaking
    assert spoken.ended_at - spoken.began_at < 15


async def test_what_is_encoded_while_it_is_said_is_heard_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.loopback.voice.member._AHEAD", 5)
    scene = Scene()
    ana, ben = scene.enter(ANA), scene.enter(BEN)
    await ana.ready()
    await ben.ready()
    spoken = await ana.speak(tone(300, 0.59))
    assert spoken.ended_at - spoken.began_at == pytest.approx(0.6)
    assert len(ben.ear.pcm(ANA)) / (2 * 48_000) == pytest.approx(0.6, abs=0.15)
    assert pitch(ben.ear.pcm(ANA), 48_000) == pytest.approx(300, abs=5)


async def test_what_is_said_at_once_follows_each_other() -> None:
    scene = Scene()
    ana = scene.enter(ANA)
    first, second = await asyncio.gather(ana.speak(tone(300, 0.1)), ana.speak(tone(300, 0.1)))
    assert second.began_at >= first.ended_at


async def test_a_call_without_dave_needs_no_keys() -> None:
    scene = Scene(dave_version=0)
    ana, ben = scene.enter(ANA), scene.enter(BEN)
    await ana.speak(tone(300, 0.1))
    assert ben.ear.frames(ANA) == 5


@pytest.mark.parametrize("rate", [11_025, 22_050, 44_100, 96_000])
def test_any_rate_is_brought_to_one_that_opus_takes(rate: int) -> None:
    pcm, new_rate = encodable(tone(440, 0.5, rate), rate)
    assert new_rate == 48_000
    assert len(pcm) == pytest.approx(48_000, abs=8)
    assert pitch(pcm, new_rate) == pytest.approx(440, abs=4)


@pytest.mark.parametrize(("pcm", "rate"), [(b"", 16_000), (b"abc", 16_000), (b"ab", 0)])
def test_what_is_no_pcm_can_not_be_spoken(pcm: bytes, rate: int) -> None:
    with pytest.raises(LoopbackError, match="no PCM16"):
        encodable(pcm, rate)
