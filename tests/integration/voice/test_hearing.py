import asyncio

import pytest

from bot.audio.opus import SILENCE
from bot.loopback import Person
from tests.integration.voice.voice_lounge import Lounge, lounge, pitch, tone, within


async def test_two_members_who_speak_at_once_are_heard_apart() -> None:
    async with lounge() as scene:
        ana, ben = await scene.person("Ana"), await scene.person("Ben")
        link = await scene.connect(ana, ben)
        assert sorted(member.name for member in link.members()) == ["Ana", "Ben"]
        await asyncio.gather(ana.speak(tone(300, 1.5)), ben.speak(tone(700, 1.5)))
        await within(5, lambda: len(scene.ears.silences) == 2)
        assert scene.ears.seconds(ana) == scene.ears.seconds(ben) == 1.5
        assert pitch(scene.ears.pcm(ana)) == pytest.approx(300, abs=3)
        assert pitch(scene.ears.pcm(ben)) == pytest.approx(700, abs=3)
        assert scene.server.complaints == []


async def test_a_member_who_did_not_agree_is_not_heard_until_they_do() -> None:
    async with lounge() as scene:
        ana, ben = await scene.person("Ana"), await scene.person("Ben")
        link = await scene.connect(ana)
        await asyncio.gather(ana.speak(tone(300, 0.6)), ben.speak(tone(700, 0.6)))
        await within(5, lambda: ana.id in scene.ears.silences)
        assert ben.id not in scene.ears.speech
        assert link.figures()["unconsented"] > 0
        link.allow(frozenset({ana.id, ben.id}))
        await ben.speak(tone(700, 0.6))
        await within(5, lambda: ben.id in scene.ears.silences)
        assert pitch(scene.ears.pcm(ben)) == pytest.approx(700, abs=3)


async def test_loss_reordering_duplicates_and_padding_keep_the_timeline() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        sent: list[int] = []

        def spare_the_edges(_sender: int, receiver: int, sequence: int) -> bool:
            # Of what is lost before the first and after the last packet nobody can know.
            if receiver != scene.account.id or sequence in sent:
                return False
            sent.append(sequence)
            count = len(sent)
            return 5 < count < 245 and count % 10 == 3

        faults = scene.server.voice.faults
        faults.drop = spare_the_edges
        faults.duplicate, faults.padding, faults.reorder_ms = 0.05, 0.15, 40.0
        await ana.speak(tone(440, 5.0))
        await within(5, lambda: ana.id in scene.ears.silences)
        assert scene.ears.seconds(ana) == 5.0
        assert pitch(scene.ears.pcm(ana)) == pytest.approx(440, abs=3)
        assert link.figures()["lost"] == 24


async def test_joins_and_leaves_lose_nothing_of_who_is_speaking() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        speaking = scene.tasks.start(ana.speak(tone(440, 4.0)), "speech")
        for name in ("Ben", "Cat", "Dan"):
            guest = await scene.person(name)
            await asyncio.sleep(0.25)
            await guest.leave()
            await asyncio.sleep(0.25)
        await speaking
        await within(5, lambda: ana.id in scene.ears.silences)
        assert link.figures()["dave_failures"] == 0
        assert link.figures()["lost"] == 0
        assert scene.ears.seconds(ana) == 4.0
        await within(5, lambda: len(scene.ears.gone) == 3)
        assert scene.ears.entered == ["Ben", "Cat", "Dan"]


async def test_a_speaker_who_is_never_announced_is_heard() -> None:
    async with lounge() as scene:
        ana, ben = await scene.person("Ana"), await scene.person("Ben")
        link = await scene.connect(ana, ben)
        scene.server.voice.faults.unannounced.add(ana.id)
        await asyncio.gather(ana.speak(tone(300, 1.0)), ben.speak(tone(700, 1.0)))
        await within(5, lambda: len(scene.ears.silences) == 2)
        assert scene.ears.seconds(ana) == 1.0
        assert pitch(scene.ears.pcm(ana)) == pytest.approx(300, abs=3)
        assert link.figures()["proven"] >= 1


async def test_a_stage_channel_is_heard_without_end_to_end_encryption() -> None:
    async with lounge() as scene:
        stage = scene.guild.add_stage_channel("Stage")
        ana = await scene.person("Ana", stage)
        await scene.connect(ana, channel=stage)
        await ana.speak(tone(440, 1.0))
        await within(5, lambda: ana.id in scene.ears.silences)
        assert scene.ears.seconds(ana) == 1.0


async def test_a_link_alone_in_its_channel_is_ready_and_hears_who_comes() -> None:
    async with lounge() as scene:
        link = await scene.connect()
        assert link.members() == ()
        ana = await scene.person("Ana")
        link.allow(frozenset({ana.id}))
        await ana.speak(tone(440, 1.0))
        await within(5, lambda: ana.id in scene.ears.silences)
        assert scene.ears.entered == ["Ana"]
        assert scene.ears.seconds(ana) == 1.0


async def test_speech_carries_a_time_that_never_goes_back() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        await scene.connect(ana)
        before = asyncio.get_running_loop().time()
        await ana.speak(tone(440, 0.5))
        await within(5, lambda: ana.id in scene.ears.silences)
        times = [speech.at for speech in scene.ears.speech[ana.id]]
        assert before <= times[0]
        assert times == sorted(times)


async def film(scene: Lounge, person: Person, seconds: float) -> None:
    """What a client sends while its member's camera is on and nothing is said."""
    member = scene.guild._backend.voice.stay(person.id)
    assert member is not None
    member._say_that(on=True)
    loop = asyncio.get_running_loop()
    began_at = loop.time()
    for number in range(round(seconds * 50)):
        member._send_frame(SILENCE)
        await asyncio.sleep(max(0.0, began_at + number * 0.02 - loop.time()))


async def test_a_member_with_the_camera_on_who_says_nothing_costs_nobody_a_word() -> None:
    async with lounge() as scene:
        ana, cam = await scene.person("Ana"), scene.guild.add_person("Cam")
        link = await scene.connect(ana, cam)
        speaking = scene.tasks.start(ana.speak(tone(440, 7.0)), "speech")
        await within(5, lambda: scene.ears.seconds(ana) > 0.5)
        await cam.join(scene.channel)
        await film(scene, cam, 5.0)
        await speaking
        await within(5, lambda: ana.id in scene.ears.silences)
        assert link.figures()["rejoins"] == 0
        assert scene.ears.seconds(ana) == 7.0
        await cam.speak(tone(440, 1.0))
        await within(5, lambda: cam.id in scene.ears.silences)
        assert scene.ears.seconds(cam) == 1.0
