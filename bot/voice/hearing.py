"""From a datagram to speech: the path of a packet, without threads, sockets or a clock.

header -> consent -> transport key off -> whose is it -> DAVE off -> jitter buffer -> Opus

Of a member who did not agree nothing is opened: a known stream is dropped by its clear header. Of
an unknown stream the transport encryption is taken off and the packet held up to a second; only the
keys of members who agreed are tried on it.
"""

from collections.abc import Iterable

from bot.errors import PacketError
from bot.voice import dave, rtp
from bot.voice.crypto import KeptCipher
from bot.voice.dave import Keys, Refusal
from bot.voice.figures import Figures
from bot.voice.holding import Held, Holding
from bot.voice.speakers import Speakers
from bot.voice.stream import Heard, Stream

_REVIEW_S = 0.01  # between two looks at what is held
_TRIAL_S = 0.1  # between two trials of the same unknown stream
_DOUBT_AFTER = 25  # unopened packets of a stream, after which its announced member is doubted


class Hearing:
    """Hears the members in `allowed` apart, and nobody else.

    Owned by one thread; only `allowed` may be set from another, which takes effect with the next
    packet. Nothing raises but for a fault of ours.

    Args:
        keys: Of the connection, read for each packet; another may be put in its place.
        figures: Counts.
    """

    def __init__(self, keys: Keys, figures: Figures) -> None:
        self.keys = keys
        self.allowed: frozenset[int] = frozenset()
        self.failing_since: float | None = None
        self.failing_until = 0.0
        self._applied = self.allowed
        self._figures = figures
        self._cipher = KeptCipher()
        self._speakers = Speakers()
        self._holding = Holding()
        self._streams: dict[int, Stream] = {}  # by SSRC
        self._tried_at: dict[int, float] = {}  # by SSRC
        self._unopened: dict[int, int] = {}  # by SSRC
        self._heard = Heard()

    # What the voice gateway says

    def announce(self, ssrc: int, user_id: int) -> None:
        """This stream is this member's."""
        if self._speakers.user(ssrc) not in (None, user_id):
            self._close(ssrc)
        for old in self._speakers.learn(ssrc, user_id):
            self._close(old)
        self._unopened.pop(ssrc, None)

    def arrive(self, user_ids: Iterable[int]) -> None:
        """These members are in the call."""
        self._speakers.arrive(user_ids)

    def leave(self, user_id: int) -> None:
        """A member left the call; what it said last still comes out."""
        for ssrc in self._speakers.leave(user_id):
            self._close(ssrc)

    def reset(self) -> None:
        """A new connection: streams, members and what was held are void."""
        self._speakers.clear()
        for ssrc in {*self._streams, *self._holding}:
            self._close(ssrc)
        self._tried_at.clear()
        self._unopened.clear()
        self.failing_since = None

    # What comes from the wire

    def packet(self, datagram: bytes, at: float) -> None:
        """Take a datagram that arrived at clock second `at`."""
        if self.allowed is not self._applied:
            self._apply_consent()
        figures = self._figures
        try:
            header = rtp.parse(datagram)
        except PacketError:
            figures.malformed += 1
            return
        kind, sequence, timestamp, ssrc, size, _, _ = header
        if kind != rtp.OPUS:
            figures.malformed += 1
            return
        user_id = self._speakers.user(ssrc)
        if user_id is not None:
            if user_id not in self._applied:
                figures.unconsented += 1
                return
            stream = self._streams.get(ssrc)
            if stream is not None and not stream.wants(sequence, timestamp, at):
                figures.late += 1
                return
        try:
            keys = self.keys
            opened = self._cipher.get(keys.mode, keys.secret_key).open(datagram, size)
        except PacketError:
            figures.transport_failures += 1
            self._failed(at)
            return
        try:
            frame = rtp.payload(header, opened)
        except PacketError:
            figures.malformed += 1
            return
        if user_id is not None:
            self._known(ssrc, user_id, sequence, timestamp, frame, at)
        else:
            packet = Held(sequence, timestamp, frame, at)
            self._hold(ssrc, packet)
            self._try_members(ssrc, packet)

    def tick(self, now: float) -> float | None:
        """Do what only time brings; returns in how many seconds it may bring more, if ever."""
        if self.allowed is not self._applied:
            self._apply_consent()
        for ssrc in self._holding:
            self._review(ssrc, now)
        due = [due for stream in self._streams.values() if (due := stream.tick(now)) is not None]
        if self._holding:
            due.append(_REVIEW_S)
        return min(due, default=None)

    def take(self) -> list[tuple[int, bytes | None, float]]:
        """What was heard since the last call; see `Heard.events`."""
        if self.allowed is not self._applied:
            self._apply_consent()
        return self._heard.take()

    @property
    def nearly(self) -> bool:
        """Whether the next packet of some stream completes what is handed on together."""
        return any(stream.nearly for stream in self._streams.values())

    # Inside

    # Fields one by one here, as nearly every packet goes through and few are ever held.

    def _known(  # noqa: PLR0917 - see above
        self, ssrc: int, user_id: int, sequence: int, timestamp: int, frame: bytes, at: float
    ) -> None:
        opened = dave.open_frame(self.keys, user_id, frame)
        if opened is Refusal.PLAIN:
            self._figures.plain_refused += 1
            return
        if isinstance(opened, Refusal):
            self._failed(at)
            if (stream := self._streams.get(ssrc)) is not None:
                stream.touch(at)
            self._hold(ssrc, Held(sequence, timestamp, frame, at))
            return
        self.failing_since = None
        if self._unopened:
            self._unopened.pop(ssrc, None)
        if ssrc in self._holding.streams:
            self._release(ssrc, user_id)
        self._push(ssrc, user_id, sequence, timestamp, opened, at)

    def _push(  # noqa: PLR0917 - see above
        self, ssrc: int, user_id: int, sequence: int, timestamp: int, opened: bytes, at: float
    ) -> None:
        stream = self._streams.get(ssrc)
        if stream is None:
            stream = self._streams[ssrc] = Stream(user_id, self._heard, self._figures)
        try:
            stream.push(sequence, timestamp, opened, at)
        except PacketError:
            self._figures.undecodable += 1

    def _hold(self, ssrc: int, packet: Held) -> None:
        self._figures.held += 1
        self._expired(ssrc, self._holding.hold(ssrc, packet))

    def _release(self, ssrc: int, user_id: int) -> None:
        """Try all that is held of a stream again; what still has no key goes on being held."""
        for packet in self._holding.take(ssrc):
            stream = self._streams.get(ssrc)
            if stream is not None and not stream.wants(
                packet.sequence, packet.timestamp, packet.at
            ):
                self._figures.late += 1
                continue
            opened = dave.open_frame(self.keys, user_id, packet.frame)
            if isinstance(opened, bytes):
                self._push(ssrc, user_id, packet.sequence, packet.timestamp, opened, packet.at)
            elif opened is Refusal.NO_KEY:
                self._holding.hold(ssrc, packet)
            else:
                self._figures.plain_refused += 1

    def _review(self, ssrc: int, now: float) -> None:
        user_id = self._speakers.user(ssrc)
        if user_id is None:
            newest = self._holding.newest(ssrc)
            if newest is not None:
                self._try_members(ssrc, newest._replace(at=now))
        elif user_id not in self._applied:
            self._figures.unconsented += len(self._holding.take(ssrc))
        else:
            self._release(ssrc, user_id)
        self._expired(ssrc, self._holding.expire(ssrc, now))

    def _expired(self, ssrc: int, count: int) -> None:
        if not count:
            return
        if self._speakers.user(ssrc) is None:
            self._figures.unknown_expired += count
            return
        self._figures.dave_failures += count
        unopened = self._unopened[ssrc] = self._unopened.get(ssrc, 0) + count
        if unopened >= _DOUBT_AFTER:
            self._speakers.doubt(ssrc)

    def _try_members(self, ssrc: int, packet: Held) -> None:
        """Find whose an unknown stream is: the one whose key opens a frame of it."""
        session = self.keys.session
        if session is None or not dave.proves_sender(packet.frame):
            return
        if ssrc in self._unopened:
            self._failed(packet.at)
        if packet.at < self._tried_at.get(ssrc, -_TRIAL_S) + _TRIAL_S:
            return
        self._tried_at[ssrc] = packet.at
        if len(self._tried_at) > 256:
            del self._tried_at[next(iter(self._tried_at))]
        for user_id in self._speakers.candidates(self._applied):
            opened = dave.open_frame(self.keys, user_id, packet.frame)
            # In a call without DAVE a frame comes back as it was, which proves nothing.
            if isinstance(opened, bytes) and opened is not packet.frame:
                self._figures.proven += 1
                self.announce(ssrc, user_id)
                held = self._holding.take(ssrc)
                self._push(ssrc, user_id, packet.sequence, packet.timestamp, opened, packet.at)
                for other in held:
                    if other.sequence != packet.sequence:
                        self._known(ssrc, user_id, *other)
                return

    def _failed(self, at: float) -> None:
        if self.failing_since is None:
            self.failing_since = at
        self.failing_until = at

    def _apply_consent(self) -> None:
        self._applied = self.allowed
        self._heard.keep(self._applied)
        for ssrc, stream in tuple(self._streams.items()):
            if stream.user_id not in self._applied:
                stream.drop()
                del self._streams[ssrc]
        for ssrc in self._holding:
            user_id = self._speakers.user(ssrc)
            if user_id is not None and user_id not in self._applied:
                self._figures.unconsented += len(self._holding.take(ssrc))
        self._tried_at.clear()

    def _close(self, ssrc: int) -> None:
        # A stream that ends gives out what it still keeps: not of someone who withdrew meanwhile.
        if self.allowed is not self._applied:
            self._apply_consent()
        self._holding.take(ssrc)
        self._unopened.pop(ssrc, None)
        if (stream := self._streams.pop(ssrc, None)) is not None:
            stream.finish()
