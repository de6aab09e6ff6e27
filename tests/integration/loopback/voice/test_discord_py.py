"""discord.py's own VoiceClient against the voice server, with what little it needs of a client."""

import asyncio
import ssl
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import discord.gateway
import numpy as np
import pytest

from bot.audio.opus import Encoder
from bot.loopback.voice import VoiceServer
from bot.tasks import TaskOwner
from tests.unit.loopback.voice.voice_client import ANA, BEN, BOT, CHANNEL, GUILD, SESSION, until


def tone(hertz: float, seconds: float, rate: int) -> bytes:
    t = np.arange(int(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * hertz * t)).astype("<i2").tobytes()


class Tone(discord.AudioSource):
    """Half a second of a tone, as Opus."""

    def __init__(self) -> None:
        encoder, pcm = Encoder(24_000), tone(600, 0.5, 24_000)
        size = encoder.frame_bytes
        self._frames = [encoder.encode(pcm[i : i + size]) for i in range(0, len(pcm), size)]

    def read(self) -> bytes:
        return self._frames.pop(0) if self._frames else b""

    def is_opus(self) -> bool:
        return True


class Guild:
    """Stands for the main gateway: answers a change of the voice state as Discord does."""

    id = GUILD

    def __init__(self, server: VoiceServer) -> None:
        self.server = server
        self.voice: discord.VoiceClient | None = None
        self.me = SimpleNamespace(voice=None)
        self.tasks = TaskOwner("main gateway")

    def get_channel(self, _: int) -> Any:
        assert self.voice is not None
        return self.voice.channel

    async def change_voice_state(self, *, channel: Any, **_: object) -> None:
        # The answer is an event: it never comes before the call returns.
        self.tasks.start(self._answer(channel), "voice state")

    async def _answer(self, channel: Any) -> None:
        assert self.voice is not None
        channel_id = None if channel is None else str(CHANNEL)
        state: Any = {"channel_id": channel_id, "session_id": SESSION, "user_id": str(BOT)}
        await asyncio.sleep(0.01)  # discord.py hangs when both updates come in one turn of the loop
        await self.voice.on_voice_state_update(state)
        await asyncio.sleep(0.01)
        if channel is None:
            self.server.expel(CHANNEL, BOT)
            return
        token = self.server.admit(
            guild_id=GUILD, channel_id=CHANNEL, user_id=BOT, session_id=SESSION
        )
        update: Any = {"token": token, "guild_id": str(GUILD), "endpoint": self.server.endpoint}
        await self.voice.on_voice_server_update(update)


def voice_client(server: VoiceServer, http: aiohttp.ClientSession) -> discord.VoiceClient:
    trust = ssl.create_default_context(cafile=str(server.ca_file))

    async def ws_connect(url: str, *, compress: int = 0) -> aiohttp.ClientWebSocketResponse:
        return await http.ws_connect(url, ssl=trust, autoclose=False, compress=compress)

    guild = Guild(server)
    state = SimpleNamespace(
        loop=asyncio.get_running_loop(),
        user=SimpleNamespace(id=BOT),
        http=SimpleNamespace(ws_connect=ws_connect),
        _remove_voice_client=lambda _: None,
    )
    client: Any = SimpleNamespace(_connection=state, loop=state.loop)
    channel: Any = SimpleNamespace(
        id=CHANNEL,
        guild=guild,
        _get_voice_client_key=lambda: (GUILD, "guild_id"),
        _get_voice_state_pair=lambda: (GUILD, CHANNEL),
    )
    guild.voice = discord.VoiceClient(client, channel)
    return guild.voice


@pytest.fixture
def complaints() -> list[str]:
    return []


async def test_discord_py_joins_hears_the_rekeying_and_is_heard(complaints: list[str]) -> None:
    server = VoiceServer(complain=complaints.append)
    await server.start()
    ana = server.enter(CHANNEL, ANA)
    factory = discord.gateway.DiscordClientWebSocketResponse
    async with aiohttp.ClientSession(ws_response_class=factory) as http:
        voice = voice_client(server, http)
        await voice.connect(timeout=10, reconnect=True, self_deaf=False, self_mute=False)
        connection = voice._connection
        await until(lambda: connection.can_encrypt and ana.can_talk)
        ben = server.enter(CHANNEL, BEN)
        await ben.ready()
        await until(lambda: voice.voice_privacy_code == ben.membership.session.privacy_code())  # type: ignore[union-attr]

        heard: list[bytes] = []
        connection.add_socket_listener(heard.append)
        await ana.speak(tone(440, 0.3, 16_000))
        await until(lambda: len(heard) >= 20)
        connection.remove_socket_listener(heard.append)

        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        voice.play(Tone(), after=lambda _: loop.call_soon_threadsafe(done.set))
        await asyncio.wait_for(done.wait(), 10)
        for member in (ana, ben):
            await until(lambda member=member: member.ear.frames(BOT) == 25)  # type: ignore[misc]
            assert (member.ear.failures, member.ear.unencrypted) == (0, 0)
            pcm = np.frombuffer(member.ear.pcm(BOT), "<i2").astype(float)[:24_000]
            spectrum = np.abs(np.fft.rfft(pcm))
            assert np.argmax(spectrum) * 48_000 / len(pcm) == pytest.approx(600, abs=6)

        await ben.leave()
        await ana.leave()
        await until(
            lambda: connection.dave_session is not None and not connection.dave_session.ready
        )
        await ana_again(server, voice)
        await voice.disconnect()
    await server.close()
    assert complaints == []


async def ana_again(server: VoiceServer, voice: discord.VoiceClient) -> None:
    """After everybody left, the group is founded anew with who comes next."""
    ana = server.enter(CHANNEL, ANA)
    await ana.ready()
    assert ana.membership is not None
    code = ana.membership.session.privacy_code()
    await until(lambda: voice.voice_privacy_code == code)
