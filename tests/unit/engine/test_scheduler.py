import asyncio
import threading

import pytest

from bot.engine.scheduler import MAX_WAITING, OverloadedError, Priority, Scheduler
from bot.errors import EngineError


async def test_a_final_overtakes_interims_and_only_the_newest_interim_of_a_key_waits() -> None:
    scheduler = Scheduler(1)
    gate, order = threading.Event(), list[str]()
    scheduler.submit(gate.wait, Priority.FINAL, "x")
    old = scheduler.submit(lambda: order.append("old"), Priority.INTERIM, "a")
    new = scheduler.submit(lambda: order.append("new"), Priority.INTERIM, "a")
    other = scheduler.submit(lambda: order.append("other"), Priority.INTERIM, "b")
    early = scheduler.submit(lambda: order.append("early"), Priority.EARLY, "b")
    final = scheduler.submit(lambda: order.append("final"), Priority.FINAL, "a")
    assert old.cancelled()
    gate.set()
    await asyncio.gather(new, other, early, final)
    assert order == ["final", "early", "new", "other"]
    assert scheduler.dropped == 1
    await scheduler.close()


async def test_a_waiting_job_can_be_cancelled_or_raised() -> None:
    scheduler = Scheduler(1)
    gate, order = threading.Event(), list[str]()
    scheduler.submit(gate.wait, Priority.FINAL, "x")
    first = scheduler.submit(lambda: order.append("first"), Priority.EARLY, "a")
    second = scheduler.submit(lambda: order.append("second"), Priority.EARLY, "b")
    gone = scheduler.submit(lambda: order.append("gone"), Priority.FINAL, "c")
    scheduler.raise_priority(second, Priority.FINAL)
    gone.cancel()
    gate.set()
    await asyncio.gather(first, second)
    assert order == ["second", "first"]
    await scheduler.close()


async def test_too_much_work_is_refused() -> None:
    scheduler = Scheduler(1)
    gate = threading.Event()
    scheduler.submit(gate.wait, Priority.FINAL, "x")
    for number in range(MAX_WAITING):
        scheduler.submit(lambda: None, Priority.FINAL, str(number))
    with pytest.raises(OverloadedError):
        scheduler.submit(lambda: None, Priority.FINAL, "one more")
    gate.set()
    await scheduler.close()


async def test_a_jobs_error_reaches_who_waits_for_it() -> None:
    scheduler = Scheduler(2)

    def fail() -> None:
        raise EngineError("no")

    with pytest.raises(EngineError, match="no"):
        await scheduler.submit(fail, Priority.FINAL, "a")
    assert await scheduler.submit(lambda: 7, Priority.FINAL, "a") == 7
    await scheduler.close()


async def test_interims_leave_a_worker_free_for_the_next_final() -> None:
    scheduler = Scheduler(2)
    gate = threading.Event()
    guesses = [scheduler.submit(gate.wait, Priority.INTERIM, key) for key in "ab"]
    final = scheduler.submit(lambda: "done", Priority.FINAL, "c")
    async with asyncio.timeout(10):
        assert await final == "done"
    assert not any(guess.done() for guess in guesses)
    gate.set()
    assert await asyncio.gather(*guesses) == [True, True]
    await scheduler.close()
