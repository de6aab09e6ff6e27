"""Locks by key: who asks often waits behind their own requests, not in front of everybody's."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class KeyedLimit:
    """Lets so many in at a time for each key; keys know nothing of each other.

    Those of one key are let in as they came. A key that nobody uses is forgotten.

    Args:
        most: How many for a key; 1 makes it a lock.
    """

    def __init__(self, most: int = 1) -> None:
        self._most = most
        self._gates: dict[Hashable, tuple[asyncio.Semaphore, int]] = {}  # and how many use it

    def __len__(self) -> int:
        """Return how many keys are in use."""
        return len(self._gates)

    @asynccontextmanager
    async def of(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for a place of this key and hold it."""
        gate, users = self._gates.get(key) or (asyncio.Semaphore(self._most), 0)
        self._gates[key] = gate, users + 1
        try:
            async with gate:
                yield
        finally:
            gate, users = self._gates.pop(key)
            if users > 1:
                self._gates[key] = gate, users - 1


class FairLock:
    """One lock for all, for which each key has one request waiting at most.

    So the wait for it is as long as the other keys' single turns, whatever they ask for.
    """

    def __init__(self) -> None:
        self._own = KeyedLimit()
        self._all = asyncio.Lock()

    @asynccontextmanager
    async def of(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for this key's turn and hold the lock."""
        async with self._own.of(key), self._all:
            yield
