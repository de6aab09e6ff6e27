"""Voice on the loopback Discord as discord.py and the people in it see it."""

import array
import asyncio
import math

import discord

from bot.audio.opus import library
from bot.loopback import PersonSpeaking, VoiceStateChanged
from tests.integration.loopback_bot import Scene, scene, until


def tone(seconds: float, rate: int = 16_000) -> bytes:
    samples = (
        int(8000 * math.sin(2 * math.pi * 440 * n / rate)) for n in range(int(seconds * rate))
    )
    return array.array("h", samples).tobytes()


async def joined(s: Scene) -> discord.VoiceClient:
    channel = s.client.get_channel(s.lounge.id)
    assert isinstance(channel, discord.VoiceChannel)
    return await channel.connect(timeout=20, reconnect=True)


class Tone(discord.AudioSource):
    def __init__(self) -> None:
        mono = array.array("h", tone(0.4, 48_000))
        stereo = array.array("h", (sample for sample in mono for _ in (0, 1))).tobytes()
        self.frames = [stereo[at : at + 3840] for at in range(0, len(stereo), 3840)]

    def read(self) -> bytes:
        return self.frames.pop(0) if self.frames else b""


async def test_a_bot_joins_is_heard_end_to_end_encrypted_and_leaves() -> None:
    async with scene() as s:
        await s.ana.join(s.lounge)
        link = await joined(s)
        assert s.guild.state.in_voice(s.lounge) == [s.ana.id, s.app.id]
        assert link.channel.members[0].id in {s.ana.id, s.app.id}
        await s.ana._stay().ready()
        await until(lambda: bool(link._connection.can_encrypt))
        if not discord.opus.is_loaded():
            discord.opus.load_opus(library()._name)
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        link.play(Tone(), after=lambda _: loop.call_soon_threadsafe(done.set))
        await asyncio.wait_for(done.wait(), 10)
        await until(lambda: not (s.ana.ear.frames(s.app.id) < 15))
        assert s.ana.ear.failures == 0
        await link.disconnect()
        await s.server.until(lambda: s.guild.state.in_voice(s.lounge) == [s.ana.id])


async def test_people_move_and_leave_and_the_bot_is_told() -> None:
    async with scene() as s:
        kitchen = s.guild.add_voice_channel("Kitchen")
        seen: list[list[str | None]] = []
        s.server.subscribe(
            lambda o: (
                seen.append([c.name if c else None for c in (o.previous, o.channel)])
                if isinstance(o, VoiceStateChanged)
                else None
            )
        )
        await s.ana.join(s.lounge)
        await s.ana.move(kitchen)
        assert s.guild.state.in_voice(kitchen) == [s.ana.id]
        await s.ana.leave()
        assert s.ana.channel is None
        assert seen == [[None, "Lounge"], ["Lounge", "Kitchen"], ["Kitchen", None]]
        guild = s.client.get_guild(s.guild.id)
        assert guild is not None
        await until(
            lambda: not (guild.get_channel(kitchen.id) is None or guild.voice_channels[1].members)
        )


async def test_a_bot_that_is_moved_follows_and_one_thrown_out_is_out() -> None:
    async with scene() as s:
        kitchen = s.guild.add_voice_channel("Kitchen")
        link = await joined(s)
        s.guild.move(s.app, kitchen)
        await until(lambda: not (link.channel.id != kitchen.id or not link.is_connected()))
        await s.server.until(lambda: s.server.voice.participants(kitchen.id) == (s.app.id,))
        s.guild.disconnect(s.app)
        await until(lambda: not (link.is_connected()))
        assert s.guild.state.voice_states == {}


async def test_two_people_hear_each_other_and_it_is_told_who_speaks() -> None:
    async with scene() as s:
        bo = s.guild.add_person("Bo")
        speaking: list[tuple[str, bool]] = []
        s.server.subscribe(
            lambda o: (
                speaking.append((o.user.name, o.on)) if isinstance(o, PersonSpeaking) else None
            )
        )
        await asyncio.gather(s.ana.join(s.lounge), bo.join(s.lounge))
        spoken = await s.ana.speak(tone(0.4))
        assert spoken.ended_at > spoken.began_at
        assert bo.ear.frames(s.ana.id) >= 15
        assert speaking == [("Ana", True), ("Ana", False)]


async def test_a_voice_channels_status_is_set_by_one_who_is_in_it() -> None:
    async with scene() as s:
        link = await joined(s)
        assert isinstance(link.channel, discord.VoiceChannel)
        await link.channel.edit(status="Translating into English")
        assert s.lounge.status == "Translating into English"
        await link.disconnect()
