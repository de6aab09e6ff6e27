"""What happens to the bot in voice, and what its people are told of it."""

import asyncio

import pytest

from bot.loopback import Permissions
from bot.loopback.voice.ear import Ear
from bot.loopback.voice.membership import DaveySession, Membership
from bot.loopback.voice.opcodes import Op
from bot.voice.watch import health, supervisor
from tests.integration.voice.test_recovery import client_of, hears
from tests.integration.voice.voice_lounge import Lounge, lounge, pitch, tone, within


def moderate(scene: Lounge, *, deaf: bool = False, mute: bool = False) -> None:
    """A moderator deafens or mutes the bot, or undoes it."""
    state = scene.guild.state
    member = state.members[scene.account.id]
    member.deaf, member.mute = deaf, mute
    scene.guild._backend.voice.tell(state, scene.account.id)


def codes(scene: Lounge) -> list[str]:
    return [code for code, _ in scene.ears.notices]


async def test_being_deafened_and_muted_by_the_server_is_told_and_so_is_its_end() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana, speaks=True)
        moderate(scene, deaf=True)
        await within(5, lambda: link.figures()["deafened"] == 1)
        assert link.figures()["deaf"] == 0  # a restart would not help
        moderate(scene, deaf=True, mute=True)
        await within(5, lambda: link.figures()["muted"] == 1)
        moderate(scene)
        await within(5, lambda: len(scene.ears.notices) == 4)
        assert codes(scene) == ["deafened", "muted", "deafened", "muted"]
        await hears(scene, ana)


@pytest.mark.parametrize("announced", [True, False])
async def test_while_deafened_nobody_is_heard_whatever_discord_sends(*, announced: bool) -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        if not announced:
            scene.server.voice.faults.unannounced.add(ana.id)
        moderate(scene, deaf=True)
        await within(5, lambda: link.figures()["deafened"] == 1)
        link.allow(frozenset({ana.id}))  # as a room does whenever somebody agrees
        packets = link.figures()["packets"]
        await ana.speak(tone(440, 1.5))
        await within(5, lambda: link.figures()["packets"] >= packets + 75)
        moderate(scene)
        await within(5, lambda: link.figures()["deafened"] == 0)
        await ana.speak(tone(700, 1.0))
        await within(5, lambda: scene.ears.silences == [ana.id])
        assert scene.ears.seconds(ana) == 1.0
        assert pitch(scene.ears.pcm(ana)) == pytest.approx(700, abs=3)
        assert link.figures()["rejoins"] == 0


async def test_being_deafened_in_mid_sentence_ends_it_there() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        await scene.connect(ana)
        speaking = scene.tasks.start(ana.speak(tone(440, 3.0)), "speech")
        await within(5, lambda: scene.ears.seconds(ana) > 0.5)
        moderate(scene, deaf=True)
        await within(5, lambda: scene.ears.silences == [ana.id])
        so_far = scene.ears.seconds(ana)
        await speaking
        assert scene.ears.seconds(ana) == so_far < 2.0


@pytest.mark.parametrize("muted_by", ["server", "stage"])
async def test_while_it_says_that_it_does_not_speak_nothing_of_a_voice_leaves_it(
    muted_by: str,
) -> None:
    async with lounge() as scene:
        channel = scene.channel if muted_by == "server" else scene.guild.add_stage_channel("Stage")
        ana = await scene.person("Ana", channel)
        link = await scene.connect(ana, channel=channel, speaks=True)
        if muted_by == "server":
            moderate(scene, mute=True)
            await within(5, lambda: link.figures()["muted"] == 1)
        else:
            await within(5, lambda: link.figures()["audience"] == 1)
        track = link.begin()
        track.add(tone(600, 1.0, 24_000))
        track.end()
        await within(5, lambda: track.over)  # dropped as time passes
        await asyncio.sleep(0.2)
        assert ana.ear.frames(scene.account.id) == 0
        moderate(scene)
        scene.guild.state.voice_states[scene.account.id].suppress = False
        scene.guild._backend.voice.tell(scene.guild.state, scene.account.id)
        await within(5, lambda: not any(map(link.figures().get, ("muted", "audience"))))
        heard = link.begin()
        heard.add(tone(600, 1.0, 24_000))
        heard.end()
        await within(5, lambda: ana.ear.frames(scene.account.id) >= 50)


async def test_a_link_that_stays_away_is_told_and_so_is_its_return(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "_RATE_LIMITED_REST_S", 4.5)
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        assert "heard_ago_s" not in link.figures()
        await hears(scene, ana)
        assert link.figures()["heard_ago_s"] < 60
        scene.server.voice.close_client(scene.channel.id, scene.account.id, 4021)
        await within(5, lambda: link.figures()["deaf"] == 1)
        await within(20, lambda: len(scene.ears.notices) == 2)
        assert scene.ears.notices == [
            ("hearing", "I can't hear anyone right now and am reconnecting."),
            ("hearing", "I've reconnected and can hear you again."),
        ]
        await hears(scene, ana)
        assert link.figures()["deaf"] == 0
        assert scene.ears.lost_because == []


async def test_a_member_said_to_speak_and_not_heard_makes_it_join_afresh_once() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        scene.server.voice.faults.drop = lambda sender, _receiver, _sequence: sender == ana.id

        speaking = scene.tasks.start(ana.speak(tone(440, 20.0)), "speech")
        await within(15, lambda: link.figures()["rejoins"] == 1)
        await asyncio.sleep(health.DEAF_AFTER_S + 2 * supervisor._CHECK_S)
        assert link.figures()["rejoins"] == 1
        speaking.cancel()
        await asyncio.wait({speaking})
        scene.server.voice.faults.drop = None
        await hears(scene, ana)
        assert scene.ears.lost_because == []


async def test_it_hears_again_after_a_change_of_region() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        await scene.connect(ana)
        await hears(scene, ana)
        websocket = client_of(scene).ws.ws
        state = scene.guild.state
        scene.guild._backend.voice._admit(
            state, scene.channel, state.voice_states[scene.account.id]
        )
        await within(5, lambda: websocket.closed)
        await hears(scene, ana)
        assert scene.ears.lost_because == []
        assert scene.client.link is not None
        assert scene.client.link.figures()["reconnects"] == 1


async def test_it_goes_on_hearing_when_a_call_turns_on_end_to_end_encryption() -> None:
    async with lounge() as scene:
        scene.server.voice.set_dave(scene.channel.id, 0)
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        await hears(scene, ana)
        connection = client_of(scene).connection
        assert connection.dave_session is None
        call = scene.server.voice._calls[scene.channel.id]
        member = scene.guild._backend.voice.stay(ana.id)
        assert member is not None
        session = DaveySession(ana.id, scene.channel.id)
        member.membership = Membership(ana.id, session, member._upcoming)
        member.membership._call.update(call.participants())
        member.ear = Ear(session.decrypt)
        call.dave_version = 1
        epoch = {"protocol_version": 1, "epoch": 1, "transition_id": 0}
        for user_id in call.participants():
            call._seats[user_id].tell(Op.PREPARE_EPOCH, epoch)
            call._post(call._group.join(user_id))
        await within(10, lambda: connection.dave_session is not None and connection.encrypted)
        await hears(scene, ana)
        assert link.figures()["rejoins"] == 0


async def test_on_a_stage_it_becomes_a_speaker_where_it_may() -> None:
    async with lounge() as scene:
        stage = scene.guild.add_stage_channel("Stage")
        scene.guild.allow(stage, scene.account, Permissions.MUTE_MEMBERS)
        found = await scene.found(stage)
        await within(5, lambda: found.permissions_for(found.guild.me).mute_members)
        ana = await scene.person("Ana", stage)
        link = await scene.connect(ana, channel=stage, speaks=True)
        await within(10, lambda: not scene.guild.state.voice_states[scene.account.id].suppress)
        await within(5, lambda: link.figures()["audience"] == 0)
        await hears(scene, ana)
        assert codes(scene) == []  # nobody was told that it may not


@pytest.mark.parametrize("may_ask", [True, False])
async def test_on_a_stage_it_says_what_a_moderator_must_do_for_it_to_speak(
    *, may_ask: bool
) -> None:
    async with lounge() as scene:
        stage = scene.guild.add_stage_channel("Stage")
        change = scene.guild.allow if may_ask else scene.guild.deny
        change(stage, scene.account, Permissions.REQUEST_TO_SPEAK)
        ana = await scene.person("Ana", stage)
        link = await scene.connect(ana, channel=stage, speaks=True)
        await within(10, lambda: codes(scene) == ["stage"])
        said = scene.ears.notices[0][1]
        assert said.startswith("I've asked to speak on" if may_ask else "I can't ask to speak on")
        state = scene.guild.state.voice_states[scene.account.id]
        assert (state.request_to_speak is not None) == may_ask
        assert link.figures()["audience"] == 1
        state.suppress = False
        scene.guild._backend.voice.tell(scene.guild.state, scene.account.id)
        await within(5, lambda: len(scene.ears.notices) == 2)
        assert scene.ears.notices[1] == ("stage", "I can speak on the stage now.")


async def test_on_a_stage_it_asks_for_nothing_when_nothing_is_spoken_back() -> None:
    async with lounge() as scene:
        stage = scene.guild.add_stage_channel("Stage")
        ana = await scene.person("Ana", stage)
        await scene.connect(ana, channel=stage)
        await hears(scene, ana)
        assert scene.guild.state.voice_states[scene.account.id].request_to_speak is None
        assert scene.ears.notices == []
