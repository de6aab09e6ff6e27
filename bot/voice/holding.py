"""Packets that came before it was known whose they are, or before their key."""

from collections import deque
from collections.abc import Iterator, KeysView
from typing import NamedTuple

MAX_AGE_S = 1.0
_MAX_PACKETS = 50  # per stream, one second
_MAX_STREAMS = 64


class Held(NamedTuple):
    """A packet with the transport encryption off and DAVE on; `at` in clock seconds."""

    sequence: int
    timestamp: int
    frame: bytes
    at: float


class Holding:
    """Holds up to a second of packets per stream, up to 64 streams.

    Attributes:
        streams: The SSRCs of which something is held; changes with it.
    """

    def __init__(self) -> None:
        self._streams: dict[int, deque[Held]] = {}
        self.streams: KeysView[int] = self._streams.keys()

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self._streams))

    def __len__(self) -> int:
        return len(self._streams)

    def hold(self, ssrc: int, packet: Held) -> int:
        """Keep a packet; returns how many older ones had to go for it."""
        packets = self._streams.get(ssrc)
        dropped = 0
        if packets is None:
            if len(self._streams) >= _MAX_STREAMS:
                dropped = len(self._streams.pop(next(iter(self._streams))))
            packets = self._streams[ssrc] = deque()
        elif len(packets) >= _MAX_PACKETS:
            packets.popleft()
            dropped = 1
        packets.append(packet)
        return dropped

    def newest(self, ssrc: int) -> Held | None:
        """The packet of a stream that came last."""
        packets = self._streams.get(ssrc)
        return packets[-1] if packets else None

    def take(self, ssrc: int) -> tuple[Held, ...]:
        """All packets of a stream, no longer held."""
        return tuple(self._streams.pop(ssrc, ()))

    def expire(self, ssrc: int, now: float) -> int:
        """Drop a stream's packets that are older than a second; returns how many."""
        packets = self._streams.get(ssrc)
        dropped = 0
        while packets and now - packets[0].at > MAX_AGE_S:
            packets.popleft()
            dropped += 1
        if packets is not None and not packets:
            del self._streams[ssrc]
        return dropped
