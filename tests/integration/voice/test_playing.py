import asyncio

import pytest

from tests.integration.voice.voice_lounge import lounge, pitch, tone, within

VOICE_RATE = 24_000


async def test_the_voice_is_heard_encrypted_and_whole() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        bot_id = scene.account.id
        pcm = tone(600, 2.0, VOICE_RATE)
        for start in range(0, len(pcm), 4_802):
            link.play(pcm[start : start + 4_802])
        assert link.playing_s() == pytest.approx(2.0, abs=0.05)
        await within(10, lambda: link.playing_s() == 0.0)
        await within(5, lambda: ana.ear.frames(bot_id) >= 100)
        assert ana.ear.frames(bot_id) == 100
        assert ana.ear.failures == ana.ear.unencrypted == 0
        heard = ana.ear.pcm(bot_id, VOICE_RATE)[: len(pcm)]
        assert pitch(heard, VOICE_RATE) == pytest.approx(600, abs=3)
        assert scene.server.complaints == []


async def test_stop_playing_drops_what_is_queued_and_more_can_be_played() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        bot_id = scene.account.id
        link.play(tone(600, 20.0, VOICE_RATE))
        await within(5, lambda: ana.ear.frames(bot_id) > 10)
        link.stop_playing()
        assert link.playing_s() == 0.0
        await asyncio.sleep(1.0)
        so_far = ana.ear.frames(bot_id)
        assert so_far < 100
        link.play(tone(600, 0.2, VOICE_RATE))
        await within(5, lambda: ana.ear.frames(bot_id) == so_far + 10)


async def test_voice_goes_on_through_a_join_and_a_lost_gateway_never_unencrypted() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        bot_id = scene.account.id
        link.play(tone(600, 4.0, VOICE_RATE))
        await within(5, lambda: ana.ear.frames(bot_id) > 20)
        ben = await scene.person("Ben")
        await within(5, lambda: ben.ear.frames(bot_id) > 20)
        so_far = ana.ear.frames(bot_id)
        scene.server.voice.close_client(scene.channel.id, bot_id, 4006)
        await within(20, lambda: link.playing_s() == 0.0)
        assert ana.ear.unencrypted == ben.ear.unencrypted == 0
        assert ana.ear.frames(bot_id) > so_far + 50  # what played meanwhile is not made up for
        # What is on its way when the gateway closes has no session any more.
        complaints = {complaint.message for complaint in scene.server.complaints}
        assert complaints <= {"UDP: audio from an address that no session has."}
