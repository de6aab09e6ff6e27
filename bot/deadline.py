"""A deadline that may come while work is under way, and which then cuts that work short."""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Deadline:
    """When everything has to have ended. Until it is set, nothing is in a hurry."""

    def __init__(self) -> None:
        self._at = math.inf
        self._blocks: dict[asyncio.Timeout, float] = {}  # with the seconds that each leaves

    @property
    def is_set(self) -> bool:
        """Whether the end has begun."""
        return not math.isinf(self._at)

    def set(self, seconds: float) -> None:
        """Require everything to end in so many seconds from now. The first call counts."""
        if self.is_set:
            return
        self._at = asyncio.get_running_loop().time() + seconds
        for block, spare_s in self._blocks.items():
            block.reschedule(self._at - spare_s)

    def left(self) -> float:
        """Return the seconds until then: infinite while it is not set, never below zero."""
        if not self.is_set:
            return math.inf
        return max(0.0, self._at - asyncio.get_running_loop().time())

    @asynccontextmanager
    async def before(self, spare_s: float) -> AsyncIterator[None]:
        """Cancel the block `spare_s` seconds before the deadline; that may be at once.

        Raises:
            TimeoutError: It was cancelled.
        """
        async with asyncio.timeout_at(self._at - spare_s if self.is_set else None) as block:
            self._blocks[block] = spare_s
            try:
                yield
            finally:
                del self._blocks[block]
