"""What the client changes of discord.py, and what it hands to those who listen."""

import asyncio
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import discord
import discord.gateway
import discord.http
import pytest
import yarl
from discord.ext import commands, tasks

from bot.chat.http.limits import http_trace
from bot.client import DiscordEndpoints, Handlers, ParleyBot
from bot.ui.cooldowns import Cooldowns
from bot.ui.interface import Interface
from tests.support.clock import ManualClock
from tests.support.room import MemoryConsent
from tests.unit.room.test_left_guild import rooms_over

YEAR_S = 365 * 24 * 3600.0


class NoShards:
    """Opens nothing."""

    async def begin(self, *, account: int, recommended: int, concurrency: int) -> int:
        raise AssertionError((account, recommended, concurrency))

    queued = False

    async def identify(self, shard: int) -> None:
        raise AssertionError(shard)


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ParleyBot]:
    """A client that is connected to nothing; what making it leaves behind is undone."""
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    gateway = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(gateway, "DEFAULT_GATEWAY", yarl.URL(gateway.DEFAULT_GATEWAY))
    monkeypatch.setattr(discord.gateway, "GatewayRatelimiter", discord.gateway.GatewayRatelimiter)
    bot = ParleyBot(DiscordEndpoints("http://127.0.0.1:1/api/v10", None, None), http_trace())
    handlers = Handlers(lambda *_: None, lambda: None, *[lambda _: None] * 4)
    cooldowns = Cooldowns(rooms_over(MemoryConsent()), ManualClock())
    await bot.install(
        Interface([], [], []), sharding=NoShards(), handlers=handlers, cooldowns=cooldowns
    )
    async with bot:
        yield bot
    await bot.http.connector.close()  # it was never started


@pytest.mark.usefixtures("client")
async def test_a_clock_that_is_set_back_does_not_keep_the_gateway_from_sending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limiter = discord.gateway.GatewayRatelimiter(count=3, per=60.0)
    now = 1_800_000_000.0
    monkeypatch.setattr(time, "time", lambda: now)
    assert [limiter.get_delay() for _ in range(4)] == [0.0, 0.0, 0.0, 60.0]
    assert limiter.is_ratelimited()
    now -= YEAR_S
    assert not limiter.is_ratelimited()
    assert [limiter.get_delay() for _ in range(4)] == [0.0, 0.0, 0.0, 60.0]
    now += 61
    assert limiter.get_delay() == 0.0


def state(channel: object) -> discord.VoiceState:
    data: dict[str, Any] = {"session_id": "", "self_mute": False, "self_deaf": False}
    data |= {"mute": False, "deaf": False, "suppress": False, "self_video": False}
    return discord.VoiceState(data=cast("Any", data), channel=cast("Any", channel))


async def test_listeners_see_a_voice_state_as_it_came_whatever_discord_py_does_to_it(
    client: ParleyBot,
) -> None:
    den, loft = SimpleNamespace(name="Den"), SimpleNamespace(name="Loft")
    seen: list[object] = []

    async def listener(_member: object, _before: object, after: discord.VoiceState) -> None:
        seen.append(after.channel)

    client.add_listener(listener, "on_voice_state_update")
    kept = state(den)
    client.dispatch("voice_state_update", SimpleNamespace(), state(None), kept)
    kept.channel = cast("Any", loft)
    client.dispatch("voice_state_update", SimpleNamespace(), state(den), kept)
    await asyncio.sleep(0)
    assert seen == [den, loft]


class Asking(commands.Cog):
    """A cog with a loop of its own, as some of the bot's have."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def cog_load(self) -> None:
        self.ask.start()

    async def cog_unload(self) -> None:
        self.ask.cancel()

    @tasks.loop(seconds=60)
    async def ask(self) -> None:
        self.asked.set()


async def test_what_is_installed_works_before_the_login_and_ends_with_a_client_that_never_had_one(
    client: ParleyBot,
) -> None:
    cog = Asking()
    handlers = Handlers(lambda *_: None, lambda: None, *[lambda _: None] * 4)
    await client.install(
        Interface([cog], [], []),
        sharding=NoShards(),
        handlers=handlers,
        cooldowns=client.cooldowns,
    )
    await asyncio.wait_for(cog.asked.wait(), timeout=5)
    asking = cog.ask.get_task()
    await client.close()
    assert asking is not None
    await asyncio.wait({asking}, timeout=5)
    assert asking.cancelled()
