"""A deadline cuts short what is under way when its time has come, and nothing before."""

import asyncio

import pytest

from bot.deadline import Deadline


async def forever() -> None:
    await asyncio.Event().wait()


async def test_nothing_is_in_a_hurry_before_it_is_set() -> None:
    deadline = Deadline()
    assert not deadline.is_set
    async with deadline.before(100.0):
        await asyncio.sleep(0)
    assert deadline.left() == float("inf")


async def test_what_is_under_way_is_cut_short_with_what_it_has_to_leave() -> None:
    deadline = Deadline()
    cut: list[str] = []

    async def work(name: str, spare_s: float) -> None:
        try:
            async with deadline.before(spare_s):
                await forever()
        except TimeoutError:
            cut.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(work("last", 0.0))
        group.create_task(work("first", 0.1))
        group.create_task(work("at once", 60.0))
        await asyncio.sleep(0)
        deadline.set(0.15)
        deadline.set(60.0)  # the first time counts
        assert deadline.left() <= 0.15
        await asyncio.sleep(0.01)
        assert cut == ["at once"]
    assert cut == ["at once", "first", "last"]
    assert deadline.left() == 0.0


async def test_what_begins_behind_it_is_cut_at_its_first_wait() -> None:
    deadline = Deadline()
    deadline.set(0.0)
    with pytest.raises(TimeoutError):
        async with deadline.before(0.0):
            await forever()


async def test_what_has_ended_is_not_touched() -> None:
    deadline = Deadline()
    async with deadline.before(0.0):
        pass
    with pytest.raises(ValueError, match="its own"):
        async with deadline.before(0.0):
            raise ValueError("its own")
    deadline.set(0.0)
    await asyncio.sleep(0.01)
