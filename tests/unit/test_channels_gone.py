"""Channels that a client does not know: deleted, or out of its sight."""

import discord
import pytest

from bot.chat.caption_channels import CaptionChannels
from bot.domain.meters import Unmetered
from bot.domain.plan import RoomPlan
from bot.domain.ports import Look
from bot.errors import ChatError, VoiceLinkError
from bot.voice.links import VoiceLinks
from tests.support.clock import ManualClock
from tests.support.room import World
from tests.support.rooms import RoomParts
from tests.support.usage_in_memory import Calendar


async def test_a_text_channel_that_is_gone_is_said_to_be() -> None:
    clock = ManualClock()
    client = discord.Client(intents=discord.Intents.none())
    channels = CaptionChannels(client, clock, Calendar(clock), Unmetered())
    with pytest.raises(ChatError, match="text channel no longer exists"):
        await channels.open(20, Look(), lambda _: None)
    await channels.boards.close()


async def test_a_voice_channel_that_is_gone_is_said_to_be_and_not_tried_again() -> None:
    client = discord.Client(intents=discord.Intents.none())
    links = VoiceLinks(client, ManualClock(), noise_gate=False)
    world = World()
    rooms = RoomParts(links.join, world.open_board).rooms()
    with pytest.raises(VoiceLinkError, match="voice channel no longer exists") as refused:
        await rooms.start(RoomPlan(1, 10, 20, ("en",)), 1)
    assert not refused.value.retryable
    assert links.open == []
    assert world.board.closed
    await rooms.close()
    await links.close()
