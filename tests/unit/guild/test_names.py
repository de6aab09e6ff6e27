"""Servers' names are written down when they are new or have changed."""

import asyncio

from bot.guild.names import LOOK_S, GuildNames
from tests.support.clock import ManualClock
from tests.support.usage_in_memory import MemoryHost


async def settled() -> None:
    for _ in range(4):
        await asyncio.sleep(0)


async def test_a_name_is_written_when_it_is_new_has_changed_or_could_not_be_written() -> None:
    clock, host = ManualClock(), MemoryHost()
    names = {1: "One", 2: "Two"}
    keeper = GuildNames(host, clock)
    keeper.start(lambda: names)
    await settled()
    assert host.named == {1: "One", 2: "Two"}
    host.named.clear()
    names |= {2: "Zwei", 3: "Three"}
    host.failing = True
    clock.advance(LOOK_S)
    await settled()
    host.failing = False
    clock.advance(LOOK_S)
    await settled()
    assert host.named == {2: "Zwei", 3: "Three"}
    keeper.forget(1)  # its data is deleted, and it may come back
    clock.advance(LOOK_S)
    await settled()
    assert host.named == {1: "One", 2: "Zwei", 3: "Three"}
    await keeper.close()
