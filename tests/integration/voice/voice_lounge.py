"""A voice channel on the loopback Discord, the real discord.py in it, and what the link reports."""

import asyncio
import copy
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import discord
import numpy as np
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.audio.opus import SILENCE, Decoder
from bot.clock import LoopClock
from bot.domain.events import Member, Speech
from bot.loopback import Bot, Channel, Guild, LoopbackDiscord, Person
from bot.tasks import TaskOwner
from bot.voice import DiscordVoiceLink, connect

RATE = 16_000


class Ears:
    """A room that writes down what its link tells."""

    def __init__(self) -> None:
        self.speech: dict[int, list[Speech]] = {}
        self.silences: list[int] = []
        self.entered: list[str] = []
        self.gone: list[int] = []
        self.lost_because: list[str] = []
        self.notices: list[tuple[str, str]] = []

    def heard(self, speech: Speech) -> None:
        self.speech.setdefault(speech.user_id, []).append(speech)

    def fell_silent(self, user_id: int, at: float) -> None:
        assert at > 0
        self.silences.append(user_id)

    def joined(self, member: Member) -> None:
        self.entered.append(member.name)

    def left(self, user_id: int) -> None:
        self.gone.append(user_id)

    def noticed(self, code: str, text: str) -> None:
        self.notices.append((code, text))

    def lost(self, reason: str) -> None:
        self.lost_because.append(reason)

    def pcm(self, person: Person) -> bytes:
        return b"".join(speech.pcm for speech in self.speech.get(person.id, ()))

    def seconds(self, person: Person) -> float:
        return len(self.pcm(person)) / 2 / RATE


class _Client(discord.Client):
    """A bot that tells its link of voice states and of new sessions, as the real one does."""

    def __init__(self, ca_file: Path) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        super().__init__(
            intents=discord.Intents.default(), connector=aiohttp.TCPConnector(ssl=context)
        )
        self.up = asyncio.Event()
        self.link: DiscordVoiceLink | None = None

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        if event == "voice_state_update":
            member, before, after = args
            args = member, before, copy.copy(after)
        super().dispatch(event, *args, **kwargs)

    async def on_ready(self) -> None:
        self.up.set()
        if self.link is not None:
            await self.link.look_again()

    async def on_resumed(self) -> None:
        if self.link is not None:
            await self.link.look_again()

    async def on_guild_available(self, _guild: discord.Guild) -> None:
        if self.link is not None:
            await self.link.look_again()

    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        if self.link is not None:
            self.link.voice_state_changed(member, before, after)


class _ShardedClient(_Client, discord.AutoShardedClient):
    """The same with shards, whose objects live through a new session in another way."""


@dataclass
class Lounge:
    """The scene of a test."""

    server: LoopbackDiscord
    guild: Guild
    channel: Channel
    account: Bot
    client: _Client
    tasks: TaskOwner
    ears: Ears = field(default_factory=Ears)

    async def person(self, name: str, channel: Channel | None = None) -> Person:
        person = self.guild.add_person(name)
        await person.join(channel or self.channel)
        return person

    async def found(self, channel: Channel) -> discord.VoiceChannel | discord.StageChannel:
        """The channel as discord.py sees it."""
        await within(5, lambda: self.client.get_channel(channel.id) is not None)
        found = self.client.get_channel(channel.id)
        assert isinstance(found, discord.VoiceChannel | discord.StageChannel)
        return found

    async def connect(
        self, *allowed: Person, channel: Channel | None = None, speaks: bool = False
    ) -> DiscordVoiceLink:
        found = await self.found(channel or self.channel)
        self.client.link = await connect(found, self.ears, LoopClock(), speaks=speaks)
        self.client.link.allow(frozenset(person.id for person in allowed))
        return self.client.link


@asynccontextmanager
async def lounge(*, sharded: bool = False) -> AsyncIterator[Lounge]:
    """Opens a Discord and a bot on it; checks that voice leaves no thread behind."""
    before = set(threading.enumerate())
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    tasks = TaskOwner("lounge")
    async with LoopbackDiscord() as server:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = server.api_url, yarl.URL(server.gateway_url)
        guild = server.add_guild("Guild")
        channel = guild.add_voice_channel("Lounge")
        account = server.add_bot("Parley")
        guild.invite(account)
        client = (_ShardedClient if sharded else _Client)(server.ca_file)
        tasks.start(client.start(account.token), "bot")
        try:
            async with asyncio.timeout(20):
                await client.up.wait()
            yield Lounge(server, guild, channel, account, client, tasks)
        finally:
            if client.link is not None:
                await client.link.close()
            await client.close()
            await tasks.close()
            Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway
    left = [thread.name for thread in set(threading.enumerate()) - before if thread.is_alive()]
    assert not [name for name in left if "voice" in name or "audio" in name], left


def voice_heard(person: Person, speaker_id: int, rate: int) -> bytes:
    """PCM16 of the frames of voice that somebody heard of a speaker, one behind the other.

    A player whose event loop gets no time for 80 ms sends frames of silence. How often a machine
    does that to it is not what is tested: without them a voice is whole or it is not.
    """
    decoder = Decoder(rate)
    frames = (packet.frame for packet in person.ear._voices[speaker_id].packets)
    return b"".join(decoder.decode(frame) for frame in frames if frame != SILENCE)


async def within(seconds: float, condition: Callable[[], bool]) -> None:
    """Wait until something holds, and fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


def tone(hertz: float, seconds: float, rate: int = RATE) -> bytes:
    """PCM16 mono."""
    t = np.arange(round(seconds * rate)) / rate
    return (np.sin(2 * np.pi * hertz * t) * 8000).astype("<i2").tobytes()


def pitch(pcm: bytes, rate: int = RATE) -> float:
    """The strongest frequency, in hertz."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))
