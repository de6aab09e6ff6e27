"""The parts of the bot end in order, each in its time, whatever becomes of the others."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from bot.process import shutdown as shutdown_module
from bot.process.shutdown import Close, Shutdown
from tests.support.log_lines import logged


class Parts:
    def __init__(self) -> None:
        self.ended: list[str] = []

    def closing(self, name: str) -> Close:
        async def close() -> None:
            self.ended.append(name)

        return close

    def at_once(self, name: str) -> Callable[[], None]:
        return lambda: self.ended.append(name)


async def test_what_must_be_at_once_comes_first_then_the_parts_from_the_last_one_on() -> None:
    parts = Parts()
    async with Shutdown() as shutdown:
        shutdown.part("store", parts.closing("store"), 0.0)
        shutdown.at_once(parts.at_once("deaf"))
        shutdown.part("rooms", parts.closing("rooms"), 0.0)
        assert parts.ended == []
    assert parts.ended == ["deaf", "rooms", "store"]


async def test_a_part_that_hangs_leaves_the_others_their_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(shutdown_module, "PARTS_S", 0.3)
    parts = Parts()

    async def hangs() -> None:
        while True:  # not even a cancellation ends it
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.5)
                break

    async with Shutdown() as shutdown:
        shutdown.part("store", parts.closing("store"), 0.0)
        shutdown.part("rooms", hangs, 0.2)
    assert parts.ended == ["store"]
    assert logged(caplog.records) == ["did not stop in time and was given up part=rooms"]
    await asyncio.sleep(0.6)


async def test_a_part_that_fails_fails_the_end_once_all_is_closed() -> None:
    parts = Parts()

    async def fails() -> None:
        raise ValueError("broken")

    shutdown = Shutdown()
    shutdown.part("store", parts.closing("store"), 0.0)
    shutdown.part("rooms", fails, 0.0)
    with pytest.raises(ValueError, match="broken"):
        await shutdown.__aexit__(None, None, None)
    assert parts.ended == ["store"]


async def test_it_may_begin_before_it_is_left() -> None:
    parts = Parts()
    async with Shutdown() as shutdown:
        shutdown.at_once(parts.at_once("deaf"))
        shutdown.begin()
        shutdown.begin()
        assert parts.ended == ["deaf"]
        assert 0 < shutdown.left() < 10
