"""Moderators who move the bot again before it has arrived."""

import asyncio
import random

import pytest

from bot.loopback import Channel, Person
from tests.integration.voice.test_recovery import hears
from tests.integration.voice.voice_lounge import Lounge, lounge, within


async def channels_with_people(scene: Lounge) -> dict[Channel, Person]:
    """Three channels, each with somebody in it."""
    channels = [scene.channel, *(scene.guild.add_voice_channel(name) for name in ("Den", "Loft"))]
    people = {channel: await scene.person(f"In {channel.name}", channel) for channel in channels}
    for channel in channels:
        await scene.found(channel)
    return people


async def is_in(scene: Lounge, channel: Channel, person: Person) -> None:
    """It hears who is there, and nobody else is with it."""
    link = scene.client.link
    assert link is not None
    await hears(scene, person)
    assert link.channel_id == channel.id
    assert [member.id for member in link.members()] == [person.id]
    assert scene.account.id in scene.server.voice.participants(channel.id)
    assert scene.ears.lost_because == []


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("pause_s", [None, 0.001, 0.01, 0.05])
async def test_two_moves_that_follow_each_other_end_where_the_second_led(
    pause_s: float | None, *, back: bool
) -> None:
    async with lounge() as scene:
        people = await channels_with_people(scene)
        here, den, loft = people
        await scene.connect(*people.values())
        last = here if back else loft
        scene.guild.move(scene.account, den)
        if pause_s is not None:
            await asyncio.sleep(pause_s)
        scene.guild.move(scene.account, last)
        await is_in(scene, last, people[last])
        told = [text for code, text in scene.ears.notices if code == "moved"]
        assert told[-1:] in ([f"I was moved to {last.name} and continue there."], [])


@pytest.mark.parametrize("seed", range(4))
async def test_any_moves_end_where_the_last_one_led(seed: int) -> None:
    dice = random.Random(seed)
    async with lounge() as scene:
        people = await channels_with_people(scene)
        await scene.connect(*people.values())
        where = scene.channel
        for _ in range(4):
            # It may be out for a moment, when nobody can move it.
            await within(5, lambda: scene.account.id in scene.guild.state.voice_states)
            where = dice.choice([channel for channel in people if channel is not where])
            scene.guild.move(scene.account, where)
            await asyncio.sleep(dice.choice([0.0, 0.002, 0.01, 0.04, 0.1]))
        await is_in(scene, where, people[where])
        await asyncio.sleep(1.0)
        await is_in(scene, where, people[where])


@pytest.mark.parametrize("pause_s", [0.0, 0.005, 0.015, 0.03])
async def test_who_is_moved_while_it_joins_ends_there(pause_s: float) -> None:
    async with lounge() as scene:
        people = await channels_with_people(scene)
        here, den, _ = people
        joining = scene.tasks.start(scene.connect(*people.values(), channel=here), "joining")
        await within(5, lambda: scene.account.id in scene.guild.state.voice_states)
        await asyncio.sleep(pause_s)
        scene.guild.move(scene.account, den)
        await joining
        await is_in(scene, den, people[den])
