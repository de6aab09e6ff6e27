"""Discord is asked about members seldom, and for many at once."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import discord

from bot.chat.member_lookup import FRESH_S, MOST, PAUSE_S, MemberLookup
from tests.support.clock import ManualClock


class Server:
    """A guild: who is in it, who of them is in voice, and what it was asked."""

    def __init__(self, guild_id: int, *members: int) -> None:
        self.id = guild_id
        self.unavailable = False
        self.members = set(members)
        self.in_voice: set[int] = set()
        self.asked: list[list[int]] = []
        self.broken = False
        self.answers = asyncio.Event()
        self.answers.set()

    def member(self, user_id: int) -> Any:
        return SimpleNamespace(id=user_id, guild=self)

    def get_member(self, user_id: int) -> Any:
        return self.member(user_id) if user_id in self.in_voice else None

    async def query_members(self, *, user_ids: list[int], limit: int, cache: bool) -> list[Any]:
        assert len(user_ids) <= limit == MOST
        assert not cache
        self.asked.append(user_ids)
        await self.answers.wait()
        if self.broken:
            raise TimeoutError
        return [self.member(user) for user in user_ids if user in self.members]


def guild(server: Server) -> discord.Guild:
    return cast("discord.Guild", server)


async def settled() -> None:
    for _ in range(400):  # each of a hundred who wait is let go on
        await asyncio.sleep(0)


async def test_who_is_not_in_the_server_is_known_to_be_absent() -> None:
    lookup, server = MemberLookup(ManualClock()), Server(1, 7)
    assert await lookup.ask(guild(server), [7, 8])
    assert server.asked == [[7, 8]]
    assert lookup.member(guild(server), 7) is not None
    assert not lookup.absent(guild(server), 7)
    assert lookup.absent(guild(server), 8)
    assert not lookup.absent(guild(server), 9)  # nothing is known of them
    server.in_voice.add(8)  # they came back
    assert not lookup.absent(guild(server), 8)


async def test_questions_that_wait_go_together_one_each_second() -> None:
    clock = ManualClock()
    lookup, server, other = MemberLookup(clock), Server(1, *range(300)), Server(2, 1)
    server.answers.clear()
    asking = [asyncio.ensure_future(lookup.ask(guild(server), [n])) for n in range(150)]  # noqa: TID251
    await settled()
    assert server.asked == [[0]]
    server.answers.set()
    await settled()
    assert len(server.asked) == 1
    asking.append(asyncio.ensure_future(lookup.ask(guild(other), [1])))  # noqa: TID251
    await settled()
    for _ in range(3):
        clock.advance(PAUSE_S)
        await settled()
    assert [len(users) for users in server.asked] == [1, 100, 49]
    assert other.asked == [[1]]
    assert all(task.result() for task in asking)


async def test_an_answer_of_this_moment_is_not_asked_for_again() -> None:
    clock = ManualClock()
    lookup, server = MemberLookup(clock), Server(1, 7)
    for _ in range(5):
        assert await lookup.ask(guild(server), [7])
    clock.advance(FRESH_S + 0.1)
    assert await lookup.ask(guild(server), [7])
    assert len(server.asked) == 2


async def test_what_discord_does_not_say_stays_as_it_was() -> None:
    clock = ManualClock()
    lookup, server = MemberLookup(clock), Server(1, 7)
    assert await lookup.ask(guild(server), [7])
    clock.advance(60)
    server.broken = True
    assert not await lookup.ask(guild(server), [7, 8])
    assert lookup.member(guild(server), 7) is not None
    assert not lookup.absent(guild(server), 8)
    clock.advance(60)
    server.unavailable = True
    assert not await lookup.ask(guild(server), [7])
    assert len(server.asked) == 2
    assert await lookup.ask(guild(server), [])


async def test_a_question_that_is_called_off_leaves_those_who_waited_to_the_next() -> None:
    clock = ManualClock()
    lookup, server = MemberLookup(clock), Server(1, 7, 8)
    server.answers.clear()
    first = asyncio.ensure_future(lookup.ask(guild(server), [7]))  # noqa: TID251
    await settled()
    second = asyncio.ensure_future(lookup.ask(guild(server), [7]))  # noqa: TID251
    await settled()
    first.cancel()
    server.answers.set()
    await settled()
    clock.advance(PAUSE_S)
    assert await second
    lookup.forget(1)
    assert lookup.member(guild(server), 7) is None
