"""Webhooks are found once for each channel, and no channel waits for another's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import discord
import pytest

from bot.chat.refused import LEAST_REST_S
from bot.chat.webhooks import (
    LOOK_AGAIN_S,
    CaptionChannel,
    WebhookPendingError,
    Webhooks,
    WebhookUnavailableError,
)
from tests.support.clock import ManualClock

BOT = 10


class ServerDown(discord.HTTPException):
    """As discord.py raises it once it gave up trying."""

    def __init__(self, status: int) -> None:
        super().__init__(SimpleNamespace(status=status, reason="no"), "no")  # type: ignore[arg-type]


class Refusal(discord.HTTPException):
    """As discord.py raises what Discord does not allow."""

    def __init__(self, status: int, code: int) -> None:
        said = {"code": code, "message": "no"}
        super().__init__(SimpleNamespace(status=status, reason="no"), said)  # type: ignore[arg-type]


def other(number: int) -> object:
    """Another application's webhook."""
    return SimpleNamespace(
        id=number, name="Feed", type=discord.WebhookType.incoming, token=None, user=None
    )


@dataclass
class Channel:
    """A text channel as far as it is looked at; `hold` keeps its answer back."""

    id: int
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    fault: Exception | None = None
    asked: int = 0
    made: list[object] = field(default_factory=list)
    guild: object = field(default_factory=lambda: SimpleNamespace(me=None))
    allowed: bool = True
    full: bool = False
    creates: int = 0
    others: int = 0

    def permissions_for(self, _: object) -> discord.Permissions:
        return discord.Permissions(manage_webhooks=self.allowed)

    async def webhooks(self) -> list[object]:
        self.asked += 1
        await self.hold.wait()
        if self.fault is not None:
            raise self.fault
        return [*(other(number) for number in range(self.others)), *self.made]

    async def create_webhook(self, *, name: str, reason: str) -> object:
        assert name == "Parley"
        assert reason
        self.creates += 1
        await asyncio.sleep(0)
        if self.full:
            raise Refusal(400, 30007)
        webhook = SimpleNamespace(
            id=1000 * self.creates + self.id,
            name=name,
            type=discord.WebhookType.incoming,
            token="t",
            user=SimpleNamespace(id=BOT),
        )
        self.made.append(webhook)
        return webhook


class WebhooksOfBot:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.webhooks = Webhooks(lambda: BOT, self.clock)

    async def of(self, channel: Channel) -> int:
        return (await self.webhooks.of(cast("CaptionChannel", channel))).id

    def asks(self, channel: Channel) -> "asyncio.Task[int]":
        return asyncio.get_running_loop().create_task(self.of(channel))


@pytest.fixture
async def here() -> AsyncIterator[WebhooksOfBot]:
    made = WebhooksOfBot()
    yield made
    await made.webhooks.close()
    assert made.clock.pending == 0


def quick(number: int) -> Channel:
    channel = Channel(number)
    channel.hold.set()
    return channel


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_channel_that_hangs_holds_up_no_other_known_or_not(here: WebhooksOfBot) -> None:
    hanging, known, unknown = Channel(1), quick(2), quick(3)
    assert await here.of(known) == 1002
    waiting = here.asks(hanging)
    await settle()
    async with asyncio.timeout(1):
        assert await here.of(known) == 1002
        assert await here.of(unknown) == 1003
    assert (known.asked, unknown.asked) == (1, 1)
    assert not waiting.done()
    hanging.hold.set()
    assert await waiting == 1001


async def test_whoever_asks_at_once_shares_one_search_and_one_webhook(here: WebhooksOfBot) -> None:
    channel = Channel(1)
    asking = [here.asks(channel) for _ in range(5)]
    await settle()
    asking[0].cancel()
    await settle()
    channel.hold.set()
    assert await asyncio.gather(*asking[1:]) == [1001] * 4
    assert (channel.asked, len(channel.made)) == (1, 1)


async def test_nobody_waits_for_longer_than_five_seconds_and_the_search_goes_on(
    here: WebhooksOfBot,
) -> None:
    channel = Channel(1)
    waiting = here.asks(channel)
    await settle()
    here.clock.advance(4.9)
    await settle()
    assert not waiting.done()
    here.clock.advance(0.1)
    with pytest.raises(WebhookPendingError):
        await waiting
    for _ in range(3):
        with pytest.raises(WebhookPendingError):
            await here.of(channel)
    assert channel.asked == 1
    channel.hold.set()
    await settle()
    assert await here.of(channel) == 1001
    assert (channel.asked, len(channel.made)) == (1, 1)


async def test_where_discord_failed_the_next_search_is_behind_whoever_asks(
    here: WebhooksOfBot,
) -> None:
    channel = quick(1)
    channel.fault = ServerDown(500)
    with pytest.raises(WebhookPendingError):
        await here.of(channel)
    channel.fault = None
    channel.hold.clear()
    with pytest.raises(WebhookPendingError):
        await here.of(channel)  # at once: no time has passed
    await settle()
    assert channel.asked == 2
    channel.hold.set()
    await settle()
    assert await here.of(channel) == 1001


async def test_a_refusal_says_why_to_everybody_who_waits(here: WebhooksOfBot) -> None:
    channel = Channel(1)
    channel.fault = discord.Forbidden(SimpleNamespace(status=403, reason="no"), "no")  # type: ignore[arg-type]
    asking = [here.asks(channel) for _ in range(2)]
    await settle()
    channel.hold.set()
    for one in asking:
        with pytest.raises(WebhookUnavailableError, match="doesn't let me"):
            await one


async def test_without_the_permission_nothing_is_requested(here: WebhooksOfBot) -> None:
    channel = quick(1)
    channel.allowed = False
    with pytest.raises(WebhookUnavailableError, match="Manage Webhooks"):
        await here.of(channel)
    assert channel.asked == 0


async def test_what_is_used_stays_known_however_many_others_come(here: WebhooksOfBot) -> None:
    used = quick(1)
    for number in range(2, 1500):
        await here.of(used)
        await here.of(quick(number))
    await here.of(used)
    assert used.asked == 1


async def test_closing_ends_searches_and_who_waits_for_them(here: WebhooksOfBot) -> None:
    waiting = here.asks(Channel(1))
    await settle()
    await here.webhooks.close()
    await here.webhooks.close()
    with pytest.raises(WebhookPendingError):
        await waiting


async def refused(here: WebhooksOfBot, channel: Channel, sentence: str) -> None:
    with pytest.raises(WebhookUnavailableError, match=sentence):
        await here.of(channel)


async def test_a_full_channel_is_looked_at_after_a_change_and_asked_once_it_has_room(
    here: WebhooksOfBot,
) -> None:
    channel = quick(1)
    channel.others, channel.full = 15, True
    for _ in range(10):
        await refused(here, channel, "as many webhooks")
    assert (channel.asked, channel.creates) == (1, 1)
    for change in range(1, 30):  # of other applications', and the channel stays full
        here.clock.advance(LEAST_REST_S)
        here.webhooks.changed(1)
        await refused(here, channel, "as many webhooks")
        assert (channel.asked, channel.creates) == (1 + change, 1)
    channel.others, channel.full = 14, False
    here.clock.advance(LEAST_REST_S)
    here.webhooks.changed(1)
    assert await here.of(channel) == 2001


async def test_a_full_channel_of_whose_changes_nothing_is_told_is_looked_at_seldom(
    here: WebhooksOfBot,
) -> None:
    channel = quick(1)
    channel.others, channel.full = 15, True
    for _ in range(3600):
        await refused(here, channel, "as many webhooks")
        here.clock.advance(1.0)
    assert 4 <= channel.asked <= 7
    assert channel.creates == 1
    channel.others, channel.full = 3, False
    here.clock.advance(1800.0)
    assert await here.of(channel) == 2001


async def test_a_refusal_ends_when_the_permissions_change_and_else_after_growing_rests(
    here: WebhooksOfBot,
) -> None:
    channel = quick(1)
    channel.fault = Refusal(403, 50013)
    for _ in range(3600):
        await refused(here, channel, "doesn't let me")
        here.clock.advance(1.0)
    assert 4 <= channel.asked <= 7
    channel.allowed = False
    await refused(here, channel, "Manage Webhooks")
    here.clock.advance(LEAST_REST_S)
    channel.allowed, channel.fault = True, None
    assert await here.of(channel) == 1001, "taken and given back"


async def test_what_discord_refuses_otherwise_is_no_reason_to_lose_a_caption(
    here: WebhooksOfBot,
) -> None:
    channel = quick(1)
    channel.fault = Refusal(400, 50035)
    await refused(here, channel, "doesn't let me")


async def test_webhooks_that_vanish_are_not_made_for_each_caption_whatever_is_told(
    here: WebhooksOfBot,
) -> None:
    channel = quick(1)
    for _ in range(600):
        with suppress(WebhookUnavailableError):
            await here.of(channel)
            channel.made.clear()
            here.webhooks.forget(1000 * channel.creates + 1)
            here.webhooks.vanishes(cast("CaptionChannel", channel))
        here.webhooks.changed(1)
        here.clock.advance(1.0)
    assert 3 <= channel.creates <= 5
    here.clock.advance(1800.0)
    assert await here.of(channel) == 1000 * channel.creates + 1


async def test_a_change_of_a_channels_webhooks_makes_the_known_one_looked_for(
    here: WebhooksOfBot,
) -> None:
    channel = quick(1)
    assert await here.of(channel) == 1001
    here.webhooks.changed(1)
    for _ in range(int(LOOK_AGAIN_S)):
        assert await here.of(channel) == 1001
        here.clock.advance(1.0)
    assert channel.asked == 1, "not for each of many changes"
    assert await here.of(channel) == 1001
    assert (channel.asked, channel.creates) == (2, 1), "it was there"
    here.webhooks.missed()
    channel.made.clear()  # moved to another channel
    here.clock.advance(LOOK_AGAIN_S)
    assert await here.of(channel) == 2001
    assert await here.of(channel) == 2001
    assert channel.asked == 3


async def test_a_known_webhook_serves_on_while_it_can_not_be_looked_for(
    here: WebhooksOfBot,
) -> None:
    channel = quick(1)
    assert await here.of(channel) == 1001
    for fault, allowed in ((ServerDown(500), True), (Refusal(403, 50013), True), (None, False)):
        channel.fault, channel.allowed = fault, allowed
        here.webhooks.changed(1)
        here.clock.advance(LOOK_AGAIN_S)
        assert await here.of(channel) == 1001


async def test_one_that_was_given_another_name_serves_on(here: WebhooksOfBot) -> None:
    channel = quick(1)
    assert await here.of(channel) == 1001
    channel.made[0].name = "Captions"  # type: ignore[attr-defined] # a namespace
    here.webhooks.changed(1)
    here.clock.advance(LOOK_AGAIN_S)
    assert await here.of(channel) == 1001
    assert channel.creates == 1
