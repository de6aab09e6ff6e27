"""What can go wrong between a voice server and its clients, as knobs."""

import asyncio
import random
from collections.abc import Callable
from typing import TypeAlias

Drop: TypeAlias = Callable[[int, int, int], bool]
"""Whether to lose a packet: of which sender, for which receiver, with which RTP sequence number."""

_MAX_PADDING = 16


class Faults:
    """Knobs that can be turned at any time; all off at first.

    Loss, duplicates, order and delay apply to every forwarded packet and each receiver by itself.

    Args:
        seed: Seed of the random numbers, so that faults can be repeated.

    Attributes:
        loss: Share of packets that are lost, 0 to 1.
        burst: How many follow each other when some are lost; the share stays.
        duplicate: Share of packets that come twice.
        reorder_ms: Each packet is late by something up to this.
        delay_ms: All packets are late by this.
        padding: Share of packets to clients with RTP padding.
        header_extension: Packets to clients carry a header extension, as real ones do.
        gateway_ms: Messages of the voice gateway to clients are late by this; audio is not.
        patience_s: How long a change of keys waits for members that are not ready for it.
        unannounced: Users whose SSRC no op 5 ever tells.
        drop: Chooses single packets to lose.
    """

    def __init__(self, seed: int = 0) -> None:
        self.loss = 0.0
        self.burst = 1
        self.duplicate = 0.0
        self.reorder_ms = 0.0
        self.delay_ms = 0.0
        self.padding = 0.0
        self.header_extension = True
        self.gateway_ms = 0.0
        self.patience_s = 5.0
        self.unannounced: set[int] = set()
        self.drop: Drop | None = None
        self._random = random.Random(seed)
        self._still_losing: dict[tuple[int, int], int] = {}  # one entry a pair of participants
        self._awake = asyncio.Event()
        self._awake.set()

    @property
    def silent(self) -> bool:
        """The server hangs: its sockets neither take nor send anything until this ends."""
        return not self._awake.is_set()

    @silent.setter
    def silent(self, silent: bool) -> None:
        if silent:
            self._awake.clear()
        else:
            self._awake.set()

    async def awake(self) -> None:
        """Wait until the server does not hang."""
        await self._awake.wait()

    def copies(self, sender: int, receiver: int, sequence: int) -> tuple[float, ...]:
        """Return how late, in seconds, each copy of a packet arrives; empty when it is lost."""
        if self.drop is not None and self.drop(sender, receiver, sequence):
            return ()
        if self._lost(sender, receiver):
            return ()
        twice = self.duplicate and self._random.random() < self.duplicate
        return tuple(self._late() for _ in range(2 if twice else 1))

    def padding_bytes(self) -> int:
        """Return how much padding the next packet to a client gets."""
        if not self.padding or self._random.random() >= self.padding:
            return 0
        return self._random.randint(1, _MAX_PADDING)

    def _lost(self, sender: int, receiver: int) -> bool:
        pair = sender, receiver
        if (left := self._still_losing.get(pair, 0)) > 0:
            self._still_losing[pair] = left - 1
            return True
        if not self.loss:
            return False
        # With runs of `burst` lost packets, a run must begin this often to lose the share in all.
        begins = self.loss / (self.loss + self.burst * (1 - self.loss))
        if self._random.random() >= begins:
            return False
        self._still_losing[pair] = self.burst - 1
        return True

    def _late(self) -> float:
        extra = self._random.uniform(0, self.reorder_ms) if self.reorder_ms else 0.0
        return (self.delay_ms + extra) / 1000
