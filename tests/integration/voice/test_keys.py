"""Speech whose keys come later than itself: Discord's gateway is slower than its audio."""

import asyncio

import pytest

from tests.integration.voice.voice_lounge import lounge, pitch, tone, within


@pytest.mark.parametrize("late_ms", [200, 400, 600])
async def test_changes_of_the_group_that_are_told_late_cost_nothing_of_what_is_said(
    late_ms: float,
) -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        faults = scene.server.voice.faults
        faults.gateway_ms, faults.patience_s = late_ms, 0.05
        speaking = scene.tasks.start(ana.speak(tone(440, 6.0)), "speech")
        for name in ("Ben", "Cat"):
            await asyncio.sleep(0.7)
            guest = await scene.person(name)
            await asyncio.sleep(1.3)
            await guest.leave()
        await speaking
        await within(5, lambda: ana.id in scene.ears.silences)
        assert link.figures()["lost"] == 0
        assert link.figures()["dave_failures"] == 0
        assert scene.ears.seconds(ana) == 6.0
        assert pitch(scene.ears.pcm(ana)) == pytest.approx(440, abs=3)
        assert scene.ears.silences == [ana.id]


async def test_somebody_who_comes_and_speaks_at_once_is_heard_from_the_first_word_on() -> None:
    async with lounge() as scene:
        ana, ben = await scene.person("Ana"), scene.guild.add_person("Ben")
        await scene.connect(ana, ben)
        faults = scene.server.voice.faults
        faults.gateway_ms, faults.patience_s = 400, 0.05
        faults.unannounced.add(ben.id)
        await ben.join(scene.channel)
        await ben.speak(tone(440, 2.0))
        await within(5, lambda: ben.id in scene.ears.silences)
        assert scene.ears.seconds(ben) == 2.0
