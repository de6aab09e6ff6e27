"""Packets that came before it was known whose they are, before their key, or before those ahead.

Whoever opens them does so in the order in which they were sealed: a DAVE session takes the first
frame that it opens with a key for the first there is, and refuses all that were sealed before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.voice.receive.jitter import is_behind

MAX_AGE_S = 5.0
_MAX_BYTES = 1 << 19  # of one stream; five seconds at the highest bitrate of Opus, and more
_MAX_BYTES_IN_ALL = 1 << 25
# Every stream of a call is held at once where the group's keys change, or all begin to talk: a
# bound that a big stage reaches would drop the first of them for the last, round and round.
_MAX_STREAMS = 4096


@dataclass(slots=True, eq=False)
class Held:
    """A packet with the transport encryption off.

    Attributes:
        sequence: The RTP sequence number.
        timestamp: The RTP timestamp.
        frame: The frame, under DAVE if the call has it.
        at: When it came, in clock seconds.
        allowed: Who might be heard when it came, and at all times since.
        failed: It did not open.
        opened: The payload without DAVE, where it was opened before its turn.
    """

    sequence: int
    timestamp: int
    frame: bytes
    at: float
    allowed: frozenset[int]
    failed: bool = False
    opened: bytes | None = None

    def precedes(self, other: "Held") -> bool:
        """Return whether it was sent before another one."""
        return is_behind(self.sequence, self.timestamp, other.sequence, other.timestamp)


class Queue:
    """The packets of one stream, in the order in which they were sealed.

    Attributes:
        bytes: The size of all their frames.
    """

    def __init__(self) -> None:
        self._packets: list[Held] = []
        self._sequences: set[int] = set()
        self.bytes = 0
        self._means: object = None  # with which the first so many of them were tried in vain
        self._stuck = 0

    def __len__(self) -> int:
        return len(self._packets)

    def __iter__(self) -> Iterator[Held]:
        return iter(tuple(self._packets))

    def __contains__(self, sequence: int) -> bool:
        return sequence in self._sequences

    @property
    def stuck(self) -> bool:
        """Whether what is `untried` lies behind something that was tried in vain."""
        return self._stuck > 0

    def since(self) -> float:
        """Return when the oldest packet came."""
        return self._packets[0].at

    def untried(self, means: object) -> list[Held]:
        """Return what was not tried with these means and may not wait for others."""
        if means != self._means:
            self._means, self._stuck = means, 0
        return self._packets[self._stuck :]

    def pass_over(self) -> None:
        """Skip the next untried packet: with these means nothing can be done with it."""
        self._stuck += 1

    def put(self, packet: Held) -> int:
        """Keep a packet in its place; returns how many older ones had to go for it."""
        place = len(self._packets)
        while place and packet.precedes(self._packets[place - 1]):
            place -= 1
        self._packets.insert(place, packet)
        self._sequences.add(packet.sequence)
        self.bytes += len(packet.frame)
        self._stuck = min(self._stuck, place)
        before = len(self)
        while self.bytes > _MAX_BYTES and len(self) > 1:
            self._remove(0)
        return before - len(self)

    def drop(self, packet: Held) -> None:
        """Hold this packet no longer."""
        self._remove(self._packets.index(packet))

    def drop_failed_before(self, packet: Held) -> int:
        """Drop what was sealed before this packet and did not open; returns how many.

        What else is before it is to be tried once more.
        """
        failed = [one for one in self._packets[: self._packets.index(packet)] if one.failed]
        for one in failed:
            self.drop(one)
        self._stuck = 0
        return len(failed)

    def expire(self, now: float) -> int:
        """Drop packets that are older than five seconds; returns how many."""
        before = len(self)
        while self._packets and now - self._packets[0].at > MAX_AGE_S:
            self._remove(0)
        return before - len(self)

    def keep(self, user_ids: frozenset[int]) -> None:
        """Let nobody else be heard in what is held, even if they are allowed later."""
        for packet in self._packets:
            packet.allowed &= user_ids

    def _remove(self, place: int) -> None:
        packet = self._packets.pop(place)
        self._sequences.discard(packet.sequence)
        self.bytes -= len(packet.frame)
        self._stuck -= place < self._stuck


class Holding:
    """Holds up to five seconds of packets per stream, and up to 32 MiB of all streams.

    Attributes:
        queues: The queues by SSRC.
    """

    def __init__(self) -> None:
        self.queues: dict[int, Queue] = {}

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self.queues))

    def __len__(self) -> int:
        return len(self.queues)

    def holds(self, ssrc: int, sequence: int) -> bool:
        """Return whether this packet is held."""
        return ssrc in self.queues and sequence in self.queues[ssrc]

    def hold(self, ssrc: int, packet: Held) -> int:
        """Keep a packet in its place; returns how many others had to go for it."""
        dropped = 0
        if ssrc not in self.queues:
            if len(self.queues) >= _MAX_STREAMS:
                dropped = self._drop_largest()
            self.queues[ssrc] = Queue()
        dropped += self.queues[ssrc].put(packet)
        # So few streams can't reach the bound, as each has one of its own.
        while (
            len(self.queues) > _MAX_BYTES_IN_ALL // _MAX_BYTES and self._bytes > _MAX_BYTES_IN_ALL
        ):
            dropped += self._drop_largest()
        return dropped

    @property
    def _bytes(self) -> int:
        return sum(queue.bytes for queue in self.queues.values())

    def _drop_largest(self) -> int:
        """Hold nothing more of the stream that takes most room, as that leaves most to others."""
        return self.take(max(self.queues, key=lambda ssrc: self.queues[ssrc].bytes))

    def take(self, ssrc: int) -> int:
        """Hold nothing of a stream any more; returns how many packets that was."""
        return len(self.queues.pop(ssrc, ()))

    def expire(self, ssrc: int, now: float) -> int:
        """Drop a stream's packets that are older than five seconds; returns how many."""
        queue = self.queues.get(ssrc)
        dropped = 0 if queue is None else queue.expire(now)
        self.tidy(ssrc)
        return dropped

    def tidy(self, ssrc: int) -> None:
        """Forget a stream of which nothing is held any more."""
        if ssrc in self.queues and not self.queues[ssrc]:
            del self.queues[ssrc]

    def keep(self, user_ids: frozenset[int]) -> None:
        """Let nobody else be heard in what is held, even if they are allowed later."""
        for queue in self.queues.values():
            queue.keep(user_ids)
