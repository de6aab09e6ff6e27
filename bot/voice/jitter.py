"""The jitter buffer of one stream: packets in any order in, the stream's exact timeline out.

A recogniser needs no steady playout, so a packet that is next in line goes out at once and adds no
delay. Only when one is missing those behind it wait, up to 60 ms, for it to come. What did not come
keeps its time: up to five packets are restored or concealed, more become silence.

Speech comes in spurts. A spurt ends with three plain silence frames (clients send five when a
member stops) or with 200 ms of nothing; the silence that ends it is not part of it, and the time
between two spurts is not filled.
"""

from typing import NamedTuple

from bot.audio.opus import SILENCE
from bot.voice.toc import FRAME_SAMPLES

WINDOW_S = 0.06  # how long the packets behind a missing one wait for it
START_S = 0.04  # how long a new stream's first packet waits for one before it
POLL_S = 0.01  # how often a wait for a missing packet is looked at
IDLE_S = 0.2  # without a packet, after which a spurt has ended
MAX_CONCEALED = 5  # packets; beyond, concealment is noise
MAX_LATE = 100  # packets behind the next, still of this stream; RFC 3550, A.1
MAX_MISSING = 500  # packets, 10 s: a larger jump is another stream

_ENDING_SILENCE = 3  # silence frames in a row that end a spurt
_CLIENT_SILENCE = 5  # silence frames a client sends when its member stops
_MAX_JUMP = MAX_MISSING * FRAME_SAMPLES


class Play(NamedTuple):
    """A packet to decode; `at` is its arrival in clock seconds."""

    packet: bytes
    samples: int  # at 48 kHz
    at: float


class Lost(NamedTuple):
    """One packet of 20 ms that never came; `following` may hold its recovery."""

    following: bytes | None
    at: float


class Gap(NamedTuple):
    """Time too long to conceal: silence, and a decoder that starts afresh."""

    samples: int  # at 48 kHz
    at: float


class Restarted(NamedTuple):
    """The sender began a new stream; no time is known to lie between."""

    at: float


class Ended(NamedTuple):
    """The spurt is over since `at`, the arrival of its last speech."""

    at: float


Piece = Play | Lost | Gap | Restarted | Ended


class _Waiting(NamedTuple):
    timestamp: int
    packet: bytes
    samples: int
    at: float


def _ahead(sequence: int, of: int) -> int:
    """How far one 16-bit sequence number is ahead of another; negative when behind."""
    return ((sequence - of + 0x8000) & 0xFFFF) - 0x8000


def _later(timestamp: int, than: int) -> int:
    return ((timestamp - than + 0x80000000) & 0xFFFFFFFF) - 0x80000000


class JitterBuffer:
    """Orders the packets of one SSRC. Pure: the time comes with each call, in clock seconds."""

    def __init__(self) -> None:
        self._waiting: dict[int, _Waiting] = {}
        self._out: list[Piece] = []
        self._next: int | None = None  # sequence; None until the stream has settled
        self._time = 0  # timestamp that the next packet should bear
        self._suspect: tuple[int, _Waiting] | None = None
        self._started_at = 0.0
        self._packet_at = 0.0
        self.spoke_at = 0.0
        self._silence = 0  # silence frames in a row since the last speech
        self.speaking = False

    @property
    def waits(self) -> bool:
        """Whether packets wait for one before them."""
        return bool(self._waiting)

    def due(self, now: float) -> float | None:
        """In how many seconds `pull` may bring something out by time alone; None: never."""
        if self._waiting:
            return POLL_S
        return max(0.0, self._packet_at + IDLE_S - now) if self.speaking else None

    def wants(self, sequence: int) -> bool:
        """Whether a packet is neither there already nor too late. Ask before decrypting it."""
        if sequence in self._waiting:
            return False
        return self._next is None or not -MAX_LATE <= _ahead(sequence, self._next) < 0

    def push(self, sequence: int, timestamp: int, packet: bytes, samples: int, now: float) -> bool:
        """Take a packet of `samples` at 48 kHz; false when it is not wanted."""
        if not self.wants(sequence):
            return False
        entry = _Waiting(timestamp, packet, samples, now)
        self._packet_at = now
        if self._next is not None and _ahead(sequence, self._next) not in range(MAX_MISSING + 1):
            self._jumped(sequence, entry)
            return True
        if self._next is None and not self._waiting:
            self._started_at = now
        self._suspect = None
        self._waiting[sequence] = entry
        return True

    def passes(self, sequence: int, timestamp: int, packet: bytes, samples: int, at: float) -> bool:
        """Whether a packet is next in line in the middle of a spurt, and is taken.

        True stands for a `push` and a `pull` that gave this packet alone: what nearly every packet
        does. False means that nothing was done.
        """
        if (
            sequence != self._next
            or timestamp != self._time
            or self._waiting
            or self._silence
            or not self.speaking
            or packet == SILENCE
        ):
            return False
        self._packet_at = self.spoke_at = at
        self._suspect = None
        self._next = (sequence + 1) & 0xFFFF
        self._time = (timestamp + samples) & 0xFFFFFFFF
        return True

    def touch(self, now: float) -> None:
        """A packet came that can't be opened yet: the spurt has not ended."""
        self._packet_at = now

    def pull(self, now: float) -> list[Piece]:
        """What is ready by now, in order."""
        self._release(now, force=False)
        if self.speaking and now >= self._packet_at + IDLE_S:
            self._release(now, force=True)
            self._end()
        out, self._out = self._out, []
        return out

    def finish(self) -> list[Piece]:
        """What is left, as the stream ends here."""
        self._release(self._packet_at, force=True)
        if self.speaking:
            self._end()
        out, self._out = self._out, []
        return out

    def _jumped(self, sequence: int, entry: _Waiting) -> None:
        # One stray packet changes nothing; the second in a row is a sender that began anew.
        before, self._suspect = self._suspect, (sequence, entry)
        if before is None or _ahead(sequence, before[0]) != 1:
            return
        self._release(entry.at, force=True)
        self._out.append(Restarted(entry.at))
        self._waiting = {before[0]: before[1], sequence: entry}
        self._next = before[0]
        self._time = before[1].timestamp
        self._suspect = None

    def _release(self, now: float, *, force: bool) -> None:
        waiting = self._waiting
        while waiting:
            if self._next is None:
                if not force and now < self._started_at + START_S:
                    return
                first = next(iter(waiting))
                self._next = min(waiting, key=lambda sequence: _ahead(sequence, first))
                self._time = waiting[self._next].timestamp
            entry = waiting.pop(self._next, None)
            if entry is None:
                oldest = min(other.at for other in waiting.values())
                if not force and now < oldest + WINDOW_S:
                    return
                following = self._next
                self._next = min(waiting, key=lambda sequence: _ahead(sequence, following))
                self._fill(_ahead(self._next, following), waiting[self._next])
                continue
            self._emit(entry)
            self._next = (self._next + 1) & 0xFFFF

    def _emit(self, entry: _Waiting) -> None:
        pause = _later(entry.timestamp, self._time)
        self._time = (entry.timestamp + entry.samples) & 0xFFFFFFFF
        if entry.packet == SILENCE:
            self._silence += 1
            if self.speaking and self._silence >= _ENDING_SILENCE:
                self._end()
            return
        if self.speaking:
            # Too short a silence to have ended the spurt: it is part of it.
            self._out += [Play(SILENCE, FRAME_SAMPLES, entry.at)] * self._silence
            if 0 < pause <= _MAX_JUMP:
                self._out.append(Gap(pause, entry.at))
        self.speaking = True
        self._silence = 0
        self.spoke_at = entry.at
        self._out.append(Play(entry.packet, entry.samples, entry.at))

    def _fill(self, missing: int, following: _Waiting) -> None:
        at = following.at
        span = _later(following.timestamp, self._time)
        self._time = following.timestamp
        if not 0 < missing <= MAX_MISSING:
            self._out.append(Restarted(at))
        elif not self.speaking:
            self._fill_between(missing, following)
        elif self._silence:
            self._silence += missing
        else:
            if not 0 < span <= _MAX_JUMP:
                span = missing * FRAME_SAMPLES
            concealed = min(missing, MAX_CONCEALED, span // FRAME_SAMPLES)
            rest = span - concealed * FRAME_SAMPLES
            self._out += [Lost(None, at)] * concealed
            if rest:
                self._out.append(Gap(rest, at))
            elif concealed:
                self._out[-1] = Lost(following.packet, at)

    def _fill_between(self, missing: int, following: _Waiting) -> None:
        # What was lost between two spurts is first the silence that ended the one before.
        silent = max(0, _CLIENT_SILENCE - self._silence) if self._silence else 0
        if following.packet == SILENCE:
            self._silence += missing
        elif missing > silent:
            self._out.append(Gap((missing - silent) * FRAME_SAMPLES, following.at))
            self.speaking = True
            self._silence = 0

    def _end(self) -> None:
        self.speaking = False
        self._out.append(Ended(self.spoke_at))
