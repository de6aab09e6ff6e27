"""Discord's limit of all requests together: it pauses them all, and ends."""

import asyncio
from pathlib import Path

import discord
import pytest

from bot.loopback import Rule
from tests.integration.loopback_bot import until
from tests.support.call import bot_at, place

NO_ENGINE = "ws://127.0.0.1:9/api-ws/v1/realtime"  # nothing is translated here
PAUSE_S = 2.0


@pytest.mark.parametrize("cancelled", [True, False])
async def test_all_requests_go_on_after_the_pause_whatever_became_of_the_one_that_met_it(
    tmp_path: Path,
    cancelled: bool,  # noqa: FBT001 - who waits is cancelled, as when a room stops
) -> None:
    async with place() as where, bot_at(where, tmp_path, NO_ENGINE) as app:

        async def ask(channel_id: int) -> object:
            return await app.bot.http.request(
                discord.http.Route("GET", "/channels/{channel_id}", channel_id=channel_id)
            )

        where.discord.limits.everything = Rule(1, PAUSE_S)
        await asyncio.sleep(1.0)  # for which earlier requests count
        await ask(where.captions.id)
        meets = asyncio.get_running_loop().create_task(ask(where.lounge.id))
        await until(lambda: where.discord.rate_limited)
        await asyncio.sleep(0.1)
        if cancelled:
            meets.cancel()
            await asyncio.wait({meets})
        where.discord.limits.everything = Rule(50, 1.0)
        async with asyncio.timeout(PAUSE_S + 5.0):
            await ask(where.captions.id)
            if not cancelled:
                await meets
    assert [refused.scope for refused in where.discord.rate_limited] == ["global"]
