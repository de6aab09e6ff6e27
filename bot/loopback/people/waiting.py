"""Waiting for something to become true on this Discord, without looking at the clock."""

import asyncio
from collections.abc import Callable

from bot.errors import LoopbackError
from bot.loopback.state.observation import Observation, Observers


async def until(
    observers: Observers, predicate: Callable[[], bool], timeout_s: float, otherwise: str
) -> None:
    """Wait until `predicate` holds; it is asked again after each thing that happens.

    Raises:
        LoopbackError: It did not hold in time; the message is `otherwise`.
    """
    happened = asyncio.Event()

    def note(_: Observation) -> None:
        happened.set()

    unsubscribe = observers.subscribe(note)
    try:
        async with asyncio.timeout(timeout_s):
            while not predicate():
                await happened.wait()
                happened.clear()
    except TimeoutError:
        raise LoopbackError(otherwise) from None
    finally:
        unsubscribe()
