"""The jitter buffer of one stream: packets in any order in, the stream's exact timeline out.

A recogniser needs no steady playout, so a packet that is next in line goes out at once and adds no
delay. Only when one is missing those behind it wait for it to come: 60 ms, and longer, up to a
second, on a network that has shown to need it. What did not come keeps its time: up to 100 ms are
restored or concealed, more become silence.

Speech comes in spurts. A spurt ends with three silent frames (clients send five when a member
stops) or when nothing comes for 100 ms and five packets; the silence that ends it is not part of
it, and the time between two spurts is not filled.

Nothing is known of a sender beforehand. Their packets last 2.5 to 120 ms, their numbers may begin
anew at any time, and a pause may last for hours. So a packet is late only where its number, its
timestamp and the time since the last one all agree, and every length is counted in samples.
"""

from typing import NamedTuple

from bot.audio.opus import SILENCE
from bot.voice.receive.opus_toc import FRAME_SAMPLES, LONGEST, SHORTEST

RATE = 48_000  # of RTP timestamps and of all samples here
WINDOW_S = 0.06  # how long the packets behind a missing one wait for it at first
MOST_S = 1.0  # of jitter that is borne; nothing is held up on its way for longer
START_S = 0.04  # how long a new stream's first packet waits for one before it
POLL_S = 0.01  # how often a wait for a missing packet is looked at
IDLE_S = 0.2  # without a packet, after which a spurt of the usual packets has ended
MAX_GAP_S = 10.0  # a larger jump is another stream

_IDLE_PACKETS = 5  # of which the last may be missing, beside 100 ms, before a spurt has ended
_CONCEALED = RATE // 10  # samples; beyond, concealment is noise
_MAX_GAP = round(MAX_GAP_S * RATE)  # samples
_MAX_AHEAD = _MAX_GAP // SHORTEST  # packets
_MAX_BEHIND = 2 * round(MOST_S * RATE)  # samples
_ENDING_SILENCE = 3  # silent frames in a row that end a spurt
_CLIENT_SILENCE = 5  # silent frames a client sends when its member stops
_EMPTY = 2  # bytes; so short a packet has no sound in it, as those of discontinuous transmission
_STRAYS = 4  # packets that fit nowhere, kept until another shows that a stream began anew
_GIVEN_UP = 512  # packets that may still show how late they are
_SPARE = 1.1  # of what a network was seen to need
_FORGETS = 0.1  # share of what was learned of a network that each spurt's end takes back


class Play(NamedTuple):
    """A packet to decode; `at` is its arrival in clock seconds."""

    packet: bytes
    samples: int
    at: float


class Lost(NamedTuple):
    """Time of one packet that never came; `following` may hold its recovery."""

    following: bytes | None
    samples: int
    at: float


class Gap(NamedTuple):
    """Time too long to conceal: silence, and a decoder that starts afresh."""

    samples: int
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


def ahead(sequence: int, of: int) -> int:
    """Return how far a 16-bit sequence number is ahead of another; negative when behind."""
    return ((sequence - of + 0x8000) & 0xFFFF) - 0x8000


def _later(timestamp: int, than: int) -> int:
    return ((timestamp - than + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def is_behind(sequence: int, timestamp: int, of_sequence: int, of_timestamp: int) -> bool:
    """Return whether both numbers of a packet say it was sent a little before another."""
    return (
        0 < ahead(of_sequence, sequence) <= _MAX_BEHIND // SHORTEST
        and 0 < _later(of_timestamp, timestamp) <= _MAX_BEHIND
    )


class JitterBuffer:
    """Orders the packets of one SSRC. Pure: the time comes with each call, in clock seconds.

    Attributes:
        next: The sequence number that is next in line; None until the stream has settled.
        samples: Samples of the last packet with speech, at 48 kHz.
        speaking: Whether a spurt is under way.
        spoke_at: When the last speech that came out had arrived.
    """

    def __init__(self) -> None:
        self.next: int | None = None
        self.samples = FRAME_SAMPLES
        self.speaking = False
        self.spoke_at = 0.0
        self._waiting: dict[int, _Waiting] = {}
        self._out: list[Piece] = []
        self._time = 0  # timestamp that the next packet should bear
        self._strays: dict[int, _Waiting] = {}
        self._given_up: dict[int, float] = {}  # since when it was waited for
        self._started_at = 0.0
        self._packet_at = 0.0  # when the last one came that was taken
        self._touched_at = 0.0
        self._silent = 0  # silent frames in a row since the last speech
        self._silence = 0  # samples since then
        self._window = WINDOW_S
        self._patience = IDLE_S
        self._idle_since: float | None = None  # where the spurt before ended by that alone

    @property
    def waits(self) -> bool:
        """Whether packets wait for one before them."""
        return bool(self._waiting)

    @property
    def window(self) -> float:
        """Seconds for which a packet waits for one before it."""
        return START_S if self.next is None else self._window

    @property
    def _idle_at(self) -> float:
        """When a spurt has ended if no packet comes."""
        idle = max(self._patience, 0.1 + _IDLE_PACKETS * self.samples / RATE)
        return max(self._packet_at, self._touched_at) + idle

    def due(self, now: float) -> float | None:
        """Return in how many seconds time alone may make `pull` return something; None: never."""
        if self._waiting:
            return POLL_S
        return max(0.0, self._idle_at - now) if self.speaking else None

    def wants(self, sequence: int, timestamp: int, now: float) -> bool:
        """Return whether a packet is neither there nor too late. Ask before decrypting it."""
        if sequence in self._waiting or sequence in self._strays:
            return False
        if self.next is None:
            return True
        if now - self._packet_at > MOST_S:
            return True
        return not is_behind(sequence, timestamp, self.next, self._time)

    def refuse(self, sequence: int, now: float) -> None:
        """Learn from a packet that is not wanted: what had been given up was only late."""
        since = self._given_up.pop(sequence, None)
        if since is not None:
            self._window = min(MOST_S, max(self._window, (now - since) * _SPARE))

    def push(self, sequence: int, timestamp: int, packet: bytes, samples: int, now: float) -> bool:
        """Take a packet of `samples`; false when it is not wanted."""
        if not self.wants(sequence, timestamp, now):
            return False
        entry = _Waiting(timestamp, packet, samples, now)
        if self.next is not None and not self._fits(sequence, timestamp, now):
            self._stray(sequence, entry)
            return True
        if self.next is None and not self._waiting:
            self._started_at = now
        self._packet_at = now
        self._strays.clear()
        self._waiting[sequence] = entry
        return True

    def passes(self, sequence: int, timestamp: int, packet: bytes, samples: int, at: float) -> bool:
        """Return whether a packet is next in line in the middle of a spurt, and is taken.

        True stands for a `push` and a `ready` that gave this packet alone: what nearly every packet
        does. False means that nothing was done.
        """
        if (
            sequence != self.next
            or timestamp != self._time
            or self._waiting
            or self._silent
            or self._strays
            or not self.speaking
            or len(packet) <= len(SILENCE)
        ):
            return False
        self._packet_at = self.spoke_at = at
        self.samples = samples
        self.next = (sequence + 1) & 0xFFFF
        self._time = (timestamp + samples) & 0xFFFFFFFF
        return True

    def touch(self, now: float) -> None:
        """Keep the spurt alive: a packet came that can't be decrypted yet."""
        self._touched_at = now

    def ready(self, now: float) -> list[Piece]:
        """Return what packets have made ready by now, in order."""
        self._release(now, force=False)
        out, self._out = self._out, []
        return out

    def pull(self, now: float) -> list[Piece]:
        """Return what packets and time have made ready by now, in order."""
        self._release(now, force=False)
        if self.speaking and now >= self._idle_at:
            self._release(now, force=True)
            self._end()
            self._idle_since = self._packet_at
        out, self._out = self._out, []
        return out

    def finish(self) -> list[Piece]:
        """Return what is left, as the stream ends here."""
        self._release(self._packet_at, force=True)
        if self.speaking:
            self._end()
        out, self._out = self._out, []
        return out

    # Private

    def _fits(self, sequence: int, timestamp: int, now: float) -> bool:
        """Return whether both numbers of a packet can go on from the last one's."""
        step = ahead(sequence, self.next or 0)
        if not 0 <= step <= _MAX_AHEAD:
            return False
        span = _later(timestamp, self._time)
        most = (now - self._packet_at) * RATE + _MAX_GAP
        return step == 0 or step * SHORTEST <= span <= most

    def _stray(self, sequence: int, entry: _Waiting) -> None:
        # One stray packet changes nothing; another beside it is a sender that began anew.
        beside = {
            other: stray
            for other, stray in self._strays.items()
            if abs(ahead(sequence, other)) <= _STRAYS and entry.at - stray.at <= MOST_S
        }
        if not beside:
            if len(self._strays) >= _STRAYS:
                del self._strays[next(iter(self._strays))]
            self._strays[sequence] = entry
            return
        self._release(entry.at, force=True)
        self._out.append(Restarted(entry.at))
        self._waiting = {**beside, sequence: entry}
        self._begin()
        self._strays.clear()
        self._given_up.clear()
        self._packet_at = entry.at

    def _begin(self) -> None:
        """Go on with the first of those that wait."""
        first = next(iter(self._waiting))
        self.next = min(self._waiting, key=lambda sequence: ahead(sequence, first))
        self._time = self._waiting[self.next].timestamp

    def _release(self, now: float, *, force: bool) -> None:
        waiting = self._waiting
        while waiting:
            if self.next is None:
                if not force and now < self._started_at + START_S:
                    return
                self._begin()
            following = self.next or 0
            entry = waiting.pop(following, None)
            if entry is None:
                oldest = min(other.at for other in waiting.values())
                if not force and now < oldest + self._window:
                    return
                self.next = min(waiting, key=lambda sequence: ahead(sequence, following))
                self._give_up(following, ahead(self.next, following), oldest)
                self._fill(ahead(self.next, following), waiting[self.next])
                continue
            self._emit(entry)
            self.next = (following + 1) & 0xFFFF

    def _emit(self, entry: _Waiting) -> None:
        pause = _later(entry.timestamp, self._time)
        pause = pause if 0 < pause <= _MAX_GAP else 0
        self._time = (entry.timestamp + entry.samples) & 0xFFFFFFFF
        if len(entry.packet) <= _EMPTY or entry.packet == SILENCE:
            self._silent += 1
            self._silence += pause + entry.samples
            if self.speaking and self._silent >= _ENDING_SILENCE:
                self._end()
                self._idle_since = None
            return
        if self.speaking:
            # Too short a silence to have ended the spurt: it is part of it.
            frames = min(self._silent, self._silence // FRAME_SAMPLES)
            self._out += [Play(SILENCE, FRAME_SAMPLES, entry.at)] * frames
            if pause := pause + self._silence - frames * FRAME_SAMPLES:
                self._out.append(Gap(pause, entry.at))
        elif self._idle_since is not None and not pause and not self._silent:
            # The sender did not pause: the network had stalled.
            stood = entry.at - self._idle_since
            if stood <= MOST_S:
                self._patience = max(self._patience, min(MOST_S, stood * _SPARE))
        self.speaking = True
        self._silent = self._silence = 0
        self._idle_since = None
        self.samples = entry.samples
        self.spoke_at = entry.at
        self._out.append(Play(entry.packet, entry.samples, entry.at))

    def _give_up(self, first: int, missing: int, since: float) -> None:
        for number in range(first, first + min(missing, _GIVEN_UP)):
            self._given_up[number & 0xFFFF] = since
        while len(self._given_up) > _GIVEN_UP:
            del self._given_up[next(iter(self._given_up))]

    def _fill(self, missing: int, following: _Waiting) -> None:
        at = following.at
        span = _later(following.timestamp, self._time)
        self._time = following.timestamp
        if not 0 < missing <= _MAX_AHEAD:
            self._out.append(Restarted(at))
            return
        if not 0 < span <= _MAX_GAP:
            span = missing * self.samples
        if not self.speaking:
            self._fill_between(missing, following)
        elif self._silent:
            self._silent += missing
            self._silence += span
        else:
            self._conceal(span, following)

    def _conceal(self, span: int, following: _Waiting) -> None:
        # At least one packet of any length is concealed, in steps that the codec can make.
        least = span - span % SHORTEST
        concealed = min(least, max(_CONCEALED - _CONCEALED % self.samples, self.samples))
        rest = span - concealed
        while concealed:
            samples = min(concealed, self.samples, LONGEST)
            concealed -= samples
            restores = not concealed and not rest
            self._out.append(Lost(following.packet if restores else None, samples, following.at))
        if rest:
            self._out.append(Gap(rest, following.at))

    def _fill_between(self, missing: int, following: _Waiting) -> None:
        # What was lost between two spurts is first the silence that ended the one before.
        silent = max(0, _CLIENT_SILENCE - self._silent) if self._silent else 0
        if len(following.packet) <= _EMPTY or following.packet == SILENCE:
            self._silent += missing
        elif missing > silent:
            self._out.append(Gap((missing - silent) * self.samples, following.at))
            self.speaking = True
            self._silent = self._silence = 0
            self._idle_since = None

    def _end(self) -> None:
        self.speaking = False
        self._window += (WINDOW_S - self._window) * _FORGETS
        self._patience += (IDLE_S - self._patience) * _FORGETS
        self._out.append(Ended(self.spoke_at))
