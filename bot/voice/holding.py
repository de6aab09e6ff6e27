"""Packets that came before it was known whose they are, before their key, or before those ahead.

Whoever opens them does so in the order in which they were sealed: a DAVE session takes the first
frame that it opens with a key for the first there is, and refuses all that were sealed before it.
"""

from collections.abc import Iterator, KeysView
from dataclasses import dataclass, field

from bot.voice.jitter import is_behind

MAX_AGE_S = 5.0
_MAX_BYTES = 1 << 19  # of one stream; five seconds at the highest bitrate of Opus, and more
_MAX_STREAMS = 64


@dataclass(slots=True, eq=False)
class Held:
    """A packet with the transport encryption off.

    Attributes:
        sequence: Of RTP.
        timestamp: Of RTP.
        frame: With DAVE on, if the call has it.
        at: When it came, in clock seconds.
        allowed: Who might be heard when it came, and at all times since.
        tried: What it did not open with.
        opened: With DAVE off, where that was found out before it is its turn.
    """

    sequence: int
    timestamp: int
    frame: bytes
    at: float
    allowed: frozenset[int]
    tried: object = None
    opened: bytes | None = None

    def precedes(self, other: "Held") -> bool:
        """Whether it was sent before another one."""
        return is_behind(self.sequence, self.timestamp, other.sequence, other.timestamp)


@dataclass(slots=True)
class _Stream:
    packets: list[Held] = field(default_factory=list)
    size: int = 0  # bytes

    def remove(self, place: int) -> None:
        self.size -= len(self.packets.pop(place).frame)


class Holding:
    """Holds up to five seconds of packets per stream, up to 64 streams.

    Attributes:
        streams: The SSRCs of which something is held; changes with it.
    """

    def __init__(self) -> None:
        self._streams: dict[int, _Stream] = {}
        self.streams: KeysView[int] = self._streams.keys()

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self._streams))

    def __len__(self) -> int:
        return len(self._streams)

    def of(self, ssrc: int) -> tuple[Held, ...]:
        """All packets of a stream, in the order in which they were sealed."""
        stream = self._streams.get(ssrc)
        return () if stream is None else tuple(stream.packets)

    def holds(self, ssrc: int, sequence: int) -> bool:
        """Whether this packet is among them."""
        stream = self._streams.get(ssrc)
        return stream is not None and any(one.sequence == sequence for one in stream.packets)

    def hold(self, ssrc: int, packet: Held) -> int:
        """Keep a packet in its place; returns how many others had to go for it."""
        dropped = 0
        stream = self._streams.get(ssrc)
        if stream is None:
            if len(self._streams) >= _MAX_STREAMS:
                dropped = len(self._streams.pop(next(iter(self._streams))).packets)
            stream = self._streams[ssrc] = _Stream()
        packets = stream.packets
        place = len(packets)
        while place and packet.precedes(packets[place - 1]):
            place -= 1
        packets.insert(place, packet)
        stream.size += len(packet.frame)
        while stream.size > _MAX_BYTES and len(packets) > 1:
            stream.remove(0)
            dropped += 1
        return dropped

    def drop(self, ssrc: int, packet: Held) -> None:
        """Hold this packet no longer."""
        stream = self._streams[ssrc]
        stream.remove(stream.packets.index(packet))
        if not stream.packets:
            del self._streams[ssrc]

    def drop_tried_before(self, ssrc: int, packet: Held) -> int:
        """Drop what does not open and was sealed before this packet; returns how many."""
        stream = self._streams[ssrc]
        tried = [one for one in stream.packets[: stream.packets.index(packet)] if one.tried]
        for one in tried:
            stream.remove(stream.packets.index(one))
        return len(tried)

    def take(self, ssrc: int) -> tuple[Held, ...]:
        """All packets of a stream, no longer held."""
        stream = self._streams.pop(ssrc, None)
        return () if stream is None else tuple(stream.packets)

    def keep(self, user_ids: frozenset[int]) -> None:
        """Nobody else may be heard now, and never in what is held."""
        for stream in self._streams.values():
            for packet in stream.packets:
                packet.allowed &= user_ids

    def expire(self, ssrc: int, now: float) -> int:
        """Drop a stream's packets that are older than five seconds; returns how many."""
        stream = self._streams.get(ssrc)
        dropped = 0
        while stream and stream.packets and now - stream.packets[0].at > MAX_AGE_S:
            stream.remove(0)
            dropped += 1
        if stream and not stream.packets:
            del self._streams[ssrc]
        return dropped
