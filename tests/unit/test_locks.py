"""Locks by key: in turn between keys, and fair within one."""

import asyncio

import pytest

from bot.locks import FairLock, KeyedLimit
from bot.tasks import TaskOwner


class Hall:
    """Keeps who came in, in order; each leaves when it is told to."""

    def __init__(self, lock: KeyedLimit | FairLock) -> None:
        self.lock = lock
        self.tasks = TaskOwner("test")
        self.inside: list[str] = []
        self.came: list[str] = []
        self._leave: dict[str, asyncio.Event] = {}

    async def ask(self, key: int, name: str) -> None:
        """Ask to be let in; returns once that is known."""
        self._leave[name] = asyncio.Event()
        self.tasks.start(self._visit(key, name), name)
        await settle()

    async def _visit(self, key: int, name: str) -> None:
        async with self.lock.of(key):
            self.inside.append(name)
            self.came.append(name)
            await self._leave[name].wait()
            self.inside.remove(name)

    async def leave(self, name: str) -> None:
        self._leave[name].set()
        await settle()

    async def empty(self) -> list[str]:
        """Let all leave as they come; who came, in order."""
        while self.inside:
            await self.leave(self.inside[0])
        return self.came


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_keys_do_not_wait_for_each_other_and_one_keys_go_in_order() -> None:
    lock = KeyedLimit()
    hall = Hall(lock)
    for name in ("a", "b", "c"):
        await hall.ask(1, name)
    await hall.ask(2, "x")
    assert hall.inside == ["a", "x"]
    await hall.leave("a")
    await hall.ask(1, "d")
    assert hall.inside == ["x", "b"]
    assert await hall.empty() == ["a", "x", "b", "c", "d"]
    assert len(lock) == 0


async def test_so_many_of_a_key_are_let_in() -> None:
    hall = Hall(KeyedLimit(2))
    for name in ("a", "b", "c"):
        await hall.ask(1, name)
    await hall.ask(2, "x")
    assert hall.inside == ["a", "b", "x"]
    assert await hall.empty() == ["a", "b", "x", "c"]


async def test_whoever_asks_a_hundred_times_is_let_in_once_between_others() -> None:
    hall = Hall(FairLock())
    for number in range(100):
        await hall.ask(1, f"a{number}")
    await hall.ask(2, "b")
    await hall.ask(3, "c")
    await hall.ask(2, "b'")
    assert hall.inside == ["a0"]
    came = await hall.empty()
    assert came[:6] == ["a0", "b", "c", "a1", "b'", "a2"]
    assert len(came) == 103


@pytest.mark.parametrize("make", [KeyedLimit, FairLock])
async def test_who_gives_up_waiting_or_fails_inside_leaves_no_lock_behind(
    make: type[KeyedLimit] | type[FairLock],
) -> None:
    lock = make()

    async def use(*, fails: bool = False) -> None:
        async with asyncio.timeout(1), lock.of(1):
            await asyncio.sleep(0)
            if fails:
                raise ValueError("inside")

    loop = asyncio.get_running_loop()
    async with lock.of(1):
        waiting = [loop.create_task(use()) for _ in range(3)]
        await settle()
        for task in waiting[:2]:
            task.cancel()
        await settle()
        assert not waiting[2].done()
    await waiting[2]
    with pytest.raises(ValueError, match="inside"):
        await use(fails=True)
    await use()
    if isinstance(lock, KeyedLimit):
        assert len(lock) == 0
