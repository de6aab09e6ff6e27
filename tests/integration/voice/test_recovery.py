import asyncio
import threading

import aiohttp
import pytest

from bot.clock import LoopClock
from bot.errors import VoiceLinkError
from bot.loopback import Permissions, Person
from bot.loopback.voice.opcodes import Body, Op
from bot.loopback.voice.session import VoiceSession
from bot.voice import connect
from bot.voice.discord_internals import Client, leave
from tests.integration.voice.voice_lounge import Lounge, lounge, tone, within


def client_of(scene: Lounge) -> Client:
    assert scene.client.link is not None
    client = scene.client.link.client
    assert client is not None
    return client


async def hears(scene: Lounge, person: Person) -> None:
    """A person speaks until something of it arrives."""
    scene.ears.speech.clear()

    async def speak() -> None:
        while True:
            await person.speak(tone(440, 0.2))

    speaking = scene.tasks.start(speak(), "speech")
    await within(20, lambda: scene.ears.seconds(person) > 0.3)
    speaking.cancel()
    await asyncio.wait({speaking})


@pytest.mark.parametrize("code", [1006, 4000, 4006, 4014, 4015])
async def test_it_hears_again_after_the_voice_gateway_closed(code: int) -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        await scene.connect(ana)
        await hears(scene, ana)
        websocket = client_of(scene).ws.ws
        if code == 1006:
            assert websocket._response is not None
            assert websocket._response.connection is not None
            transport = websocket._response.connection.transport
            assert transport is not None
            transport.abort()
        else:
            scene.server.voice.close_client(scene.channel.id, scene.account.id, code)
        await within(5, lambda: websocket.closed)
        await hears(scene, ana)
        assert scene.ears.lost_because == []
        assert scene.ears.notices == []


async def test_it_follows_when_it_is_moved() -> None:
    async with lounge() as scene:
        den = scene.guild.add_voice_channel("Den")
        ana, ben = await scene.person("Ana"), await scene.person("Ben", den)
        link = await scene.connect(ana, ben)
        await scene.found(den)
        scene.guild.move(scene.account, den)
        await within(5, lambda: link.channel_id == den.id)
        await hears(scene, ben)
        assert [member.name for member in link.members()] == ["Ben"]
        assert scene.ears.entered == ["Ben"]
        assert scene.ears.gone == [ana.id]
        assert scene.ears.notices == [("moved", "I was moved to Den and continue there.")]
        assert scene.ears.lost_because == []


async def test_being_thrown_out_ends_the_link_with_a_reason() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        await scene.connect(ana)
        scene.guild.disconnect(scene.account)
        await within(5, lambda: scene.ears.lost_because != [])
        assert scene.ears.lost_because == ["I was disconnected from Lounge."]


async def test_a_deleted_channel_ends_the_link_with_a_reason() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        await scene.connect(ana)
        scene.guild.delete_channel(scene.channel)
        await within(5, lambda: scene.ears.lost_because != [])
        await asyncio.sleep(0.2)
        assert len(scene.ears.lost_because) == 1


async def test_a_poller_that_died_is_noticed_and_the_link_joins_afresh() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        runner = client_of(scene).connection._runner
        assert runner is not None

        def ended() -> bool:
            runner.cancel()  # wait_for of Python 3.11 may lose one
            return runner.done()

        await within(5, ended)
        await within(10, lambda: link.figures()["rejoins"] == 1 == link.figures()["connected"])
        await hears(scene, ana)
        assert scene.ears.lost_because == []


async def test_gateway_messages_without_sense_end_nothing() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        link = await scene.connect(ana)
        reader = client_of(scene).ws.ws._reader
        for text in ("{", "[]", '{"op":21,"d":{}}', '{"op":5,"d":null}', '{"op":24,"d":7}'):
            message = aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, text, None)
            reader.feed_data(message, len(text))
        for data in (b"", b"\0\1\x19", b"\0\2\x1b\0junk", b"\0\3\x1d\0\7junk"):
            reader.feed_data(aiohttp.WSMessage(aiohttp.WSMsgType.BINARY, data, None), len(data))
        await within(5, lambda: link.figures()["gateway_malformed"] >= 5)
        await hears(scene, ana)
        assert link.figures()["rejoins"] == 0


async def test_close_leaves_the_channel_and_no_thread_or_task() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        threads, tasks = set(threading.enumerate()), asyncio.all_tasks()
        link = await scene.connect(ana)
        link.begin().add(tone(600, 5.0, 24_000))
        await ana.speak(tone(440, 0.5))
        await link.close()
        await link.close()
        await within(5, lambda: scene.account.id not in participants(scene))
        assert not [thread.name for thread in set(threading.enumerate()) - threads]
        ours = {
            task.get_name()
            for task in asyncio.all_tasks() - tasks
            if "voice-" in task.get_name() or "Voice " in task.get_name()
        }
        assert not ours


async def test_a_close_that_is_cut_short_leaves_no_thread_that_hears() -> None:
    async with lounge() as scene:
        ana = await scene.person("Ana")
        threads = set(threading.enumerate())
        link = await scene.connect(ana)
        client = client_of(scene)
        closing = scene.tasks.start(link.close(), "close")
        while link.client is not None:  # noqa: ASYNC110 - until it is leaving
            await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait({closing})
        assert closing.cancelled()
        left = set(threading.enumerate()) - threads
        assert "voice-receiver" not in {thread.name for thread in left}
        await leave(client, 1.0)


def participants(scene: Lounge) -> tuple[int, ...]:
    return scene.server.voice.participants(scene.channel.id)


async def test_a_channel_it_may_not_enter_is_refused_with_a_sentence() -> None:
    async with lounge() as scene:
        channel = await scene.found(scene.channel)
        scene.guild.deny(scene.channel, scene.account, Permissions.CONNECT)
        await within(5, lambda: not channel.permissions_for(channel.guild.me).connect)
        with pytest.raises(VoiceLinkError, match="I need the View Channel and Connect permissions"):
            await connect(channel, scene.ears, LoopClock())


@pytest.mark.parametrize("at", [None, Op.READY, Op.SESSION_DESCRIPTION])
async def test_a_voice_server_that_hangs_is_given_up_after_the_time_that_is_said(
    at: Op | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lounge() as scene:
        await scene.person("Ana")
        faults = scene.server.voice.faults
        faults.silent = at is None
        tell = VoiceSession.tell

        def hang(session: VoiceSession, op: Op, body: Body) -> None:
            faults.silent = faults.silent or op is at
            tell(session, op, body)

        monkeypatch.setattr(VoiceSession, "tell", hang)
        channel = await scene.found(scene.channel)
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        with pytest.raises(VoiceLinkError, match=r"didn't let me into Lounge within 1.5 s"):
            await connect(channel, scene.ears, LoopClock(), join_timeout_s=1.5)
        assert loop.time() - began_at < 1.5 + 1.0
        monkeypatch.undo()
        faults.silent = False
        scene.client.link = await connect(channel, scene.ears, LoopClock())
