"""Who can read is asked again for each room, whatever Discord does for another."""

import asyncio
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest

from bot.errors import NoRoomError
from bot.room.rooms import Rooms
from bot.ui.text_channels import TextChannelWatch


class Readers:
    """Asked about the text channel of a guild: a hundred times its id."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.hanging: set[int] = set()
        self.broken: set[int] = set()

    def deleted(self, channel_id: int) -> None:
        raise AssertionError(channel_id)

    def in_voice(self, member: discord.Member) -> None:
        raise AssertionError(member)

    def left_voice(self, guild_id: int, user_id: int) -> None:
        raise AssertionError((guild_id, user_id))

    async def refresh(self, text_channel_id: int, user_ids: Iterable[int]) -> None:
        assert list(user_ids) == [1]
        self.asked.append(text_channel_id)
        if text_channel_id in self.hanging:
            await asyncio.Event().wait()
        if text_channel_id in self.broken:
            raise ValueError(text_channel_id)


class PageReaders:
    """Who reads the pages, and how often they were asked for; the room of guild 2 has ended."""

    def __init__(self) -> None:
        self.users: dict[int, frozenset[int]] = {}
        self.asked: list[tuple[int, frozenset[int]]] = []

    def reading(self) -> dict[int, frozenset[int]]:
        return self.users

    async def look_again(self, guild_id: int, users: frozenset[int]) -> None:
        self.asked.append((guild_id, users))
        if guild_id == 1:
            await asyncio.Event().wait()
        if guild_id == 2:
            raise NoRoomError("gone")


class Running:
    """Rooms as far as they are looked at."""

    def __init__(self, *guilds: int) -> None:
        self.guilds = guilds
        self.changed: list[int] = []
        self.page_readers = PageReaders()

    def running(self) -> list[Any]:
        return [
            SimpleNamespace(
                plan=SimpleNamespace(guild_id=guild, text_channel_id=guild * 100),
                speakers=[
                    SimpleNamespace(member=SimpleNamespace(id=1), consenting=True),
                    SimpleNamespace(member=SimpleNamespace(id=2), consenting=False),
                ],
            )
            for guild in self.guilds
        ]

    def text_channels_changed(self, guild_id: int) -> None:
        self.changed.append(guild_id)


async def test_a_room_of_which_discord_says_nothing_holds_up_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    readers, rooms = Readers(), Running(1, 2, 3)
    readers.hanging, readers.broken = {100}, {200}
    cog = TextChannelWatch(cast("Rooms", rooms), readers, lambda _: None, every_s=0.02)
    await cog.cog_load()
    async with asyncio.timeout(5):
        while rooms.changed.count(3) < 3:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
    await cog.cog_unload()
    assert set(rooms.changed) == {3}
    assert readers.asked.count(100) == 1  # not again before it was answered
    assert readers.asked.count(200) >= 2
    assert 'task failed task="text channels:ask 2"' in caplog.text


async def test_who_reads_the_page_is_asked_for_often_and_holds_up_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rooms = Running()
    rooms.page_readers.users = {1: frozenset({7}), 2: frozenset({8}), 3: frozenset({8, 9})}
    cog = TextChannelWatch(
        cast("Rooms", rooms), Readers(), lambda _: None, every_s=60, readers_every_s=0.01
    )
    await cog.cog_load()
    asked = rooms.page_readers.asked
    async with asyncio.timeout(5):
        while asked.count((3, frozenset({8, 9}))) < 3:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)
    await cog.cog_unload()
    assert asked.count((1, frozenset({7}))) == 1  # not again before it was answered
    assert asked.count((2, frozenset({8}))) >= 2
    assert "failed" not in caplog.text
