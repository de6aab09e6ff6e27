"""What the Discord client hands to those who listen."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import discord

from bot.client import ParleyBot
from cogs.cooldowns import Cooldowns
from tests.support.clock import ManualClock
from tests.support.room import MemoryConsent
from tests.unit.room.test_left_guild import rooms_over


def client() -> ParleyBot:
    return ParleyBot(
        api_url="http://127.0.0.1:1/api/v10",
        gateway_url=None,
        ca_file=None,
        cogs=[],
        views=[],
        voice_state_changed=lambda *_: None,
        connected_again=lambda: None,
        guild_joined=lambda _: None,
        guild_left=lambda _: None,
        cooldowns=Cooldowns(rooms_over(MemoryConsent()), ManualClock()),
        http_trace=aiohttp.TraceConfig(),
    )


def state(channel: object) -> discord.VoiceState:
    data: dict[str, Any] = {"session_id": "", "self_mute": False, "self_deaf": False}
    data |= {"mute": False, "deaf": False, "suppress": False, "self_video": False}
    return discord.VoiceState(data=cast("Any", data), channel=cast("Any", channel))


async def test_listeners_see_a_voice_state_as_it_came_whatever_discord_py_does_to_it() -> None:
    den, loft = SimpleNamespace(name="Den"), SimpleNamespace(name="Loft")
    seen: list[object] = []

    async def listener(_member: object, _before: object, after: discord.VoiceState) -> None:
        seen.append(after.channel)

    async with client() as bot:
        bot.add_listener(listener, "on_voice_state_update")
        kept = state(den)
        bot.dispatch("voice_state_update", SimpleNamespace(), state(None), kept)
        kept.channel = cast("Any", loft)
        bot.dispatch("voice_state_update", SimpleNamespace(), state(den), kept)
        await asyncio.sleep(0)
    assert seen == [den, loft]
