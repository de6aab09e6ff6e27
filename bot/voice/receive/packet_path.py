"""From a datagram to speech: the path of a packet, without threads, sockets or a clock.

header -> consent -> transport key off -> whose is it -> DAVE off -> jitter buffer -> Opus

Of a member who did not agree nothing is opened: a known stream is dropped by its clear header. Of
an unknown stream the transport encryption is taken off and the packet held up to five seconds; only
the keys of members who agreed before it came are tried on it.

Frames are opened in the order in which they were sealed, whatever they have to wait for: their
sender's name, their key, or a packet before them that is late.
"""

from collections.abc import Iterable, Sequence

from bot.audio.opus import SILENCE
from bot.errors import PacketError
from bot.voice.figures import Figures
from bot.voice.receive import dave, rtp
from bot.voice.receive.crypto import KeptCipher
from bot.voice.receive.dave import FrameRefusal, Keys
from bot.voice.receive.held_packets import Held, Holding, Queue
from bot.voice.receive.jitter import START_S
from bot.voice.receive.ssrc_map import SsrcMap
from bot.voice.receive.stream import Heard, Stream

_LONGEST_REST_S = 0.09
_EARLY_S = 0.008  # before a packet is expected, those before it are read, so that they are decoded
_MOST_UNREAD = 100  # packets, as the socket's buffer has room for some hundred
_PACKET_S = 0.02
_REVIEW_S = 0.01  # between two looks at what is held
_FAR_APART_S = 30.0  # between two failures that have nothing to do with each other
_DOUBT_AFTER_S = 1.0  # in which nothing of a stream opens, after which its member is doubted


class PacketPath:
    """Hears the members in `allowed` apart, and nobody else.

    Owned by one thread; only `allowed` may be set from another, which takes effect with the next
    packet. Nothing raises but for a fault of ours.

    Args:
        keys: The connection's keys, read for each packet; they may be replaced.
        figures: The link's counters.

    Attributes:
        allowed: Who may be heard.
        came: When the last packet of each member came, of speech or not, in clock seconds. Any
            thread may look a member up.
        failing_since: Since when packets come and none opens; None while some do.
        failing_until: When the last came that did not.
    """

    def __init__(self, keys: Keys, figures: Figures) -> None:
        self.keys = keys
        self.allowed: frozenset[int] = frozenset()
        self.came: dict[int, float] = {}
        self.failing_since: float | None = None
        self.failing_until = 0.0
        self._keys_fail = False  # and not the transport's alone
        self._applied = self.allowed
        self._figures = figures
        self._cipher = KeptCipher()
        self._speakers = SsrcMap()
        self._holding = Holding()
        self._streams: dict[int, Stream] = {}  # by SSRC
        self._heard = Heard()

    # Called for the voice gateway

    def announce(self, ssrc: int, user_id: int) -> None:
        """Record that this stream is this member's."""
        if self._speakers.user(ssrc) not in (None, user_id):
            self._finish(ssrc)
        for old in self._speakers.learn(ssrc, user_id):
            self._close(old)

    def arrive(self, user_ids: Iterable[int]) -> None:
        """Record that these members are in the call."""
        self._speakers.arrive(user_ids)

    def leave(self, user_id: int) -> None:
        """Record that a member left the call; what they said last still comes out."""
        for ssrc in self._speakers.ssrcs(user_id):
            self._close(ssrc)
        self._speakers.leave(user_id)
        self.came.pop(user_id, None)

    def reset(self) -> None:
        """Forget streams, members and held packets, as the connection is new."""
        for ssrc in {*self._streams, *self._holding}:
            self._close(ssrc)
        self._speakers.clear()
        self.failing_since = None
        self._keys_fail = False

    # Packets

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
        stream = self._streams.get(ssrc)
        user_id = self._speakers.user(ssrc) if stream is None else stream.user_id
        if user_id is not None and user_id not in self._applied:
            figures.unconsented += 1
            return
        straight = (
            stream is not None and stream.in_line(sequence) and ssrc not in self._holding.queues
        )
        if not straight and self._has_or_had(ssrc, sequence, timestamp, at):
            figures.late += 1
            return
        try:
            keys = self.keys
            opened = self._cipher.get(keys.mode, keys.secret_key).open(datagram, size)
        except PacketError:
            figures.transport_failures += 1
            self._failed(at)
            return
        if user_id is not None:
            self.came[user_id] = at
        try:
            frame = rtp.payload(header, opened)
        except PacketError:
            figures.malformed += 1
            return
        if stream is not None and straight:
            self._known(ssrc, stream, sequence, timestamp, frame, at)
        else:
            self._hold(ssrc, sequence, timestamp, frame, at)
            self._open_held(ssrc, at)

    def tick(self, now: float) -> float | None:
        """Do what only time brings; returns in how many seconds it may bring more, if ever."""
        if self.allowed is not self._applied:
            self._apply_consent()
        for ssrc in self._holding:
            self._open_held(ssrc, now)
            self._expired(ssrc, self._holding.expire(ssrc, now))
        due = [due for stream in self._streams.values() if (due := stream.tick(now)) is not None]
        if self._holding:
            due.append(_REVIEW_S)
        return min(due, default=None)

    def take(self) -> list[tuple[int, bytes | None, float]]:
        """Return what was heard since the last call; see `Heard.events`."""
        if self.allowed is not self._applied:
            self._apply_consent()
        return self._heard.take()

    def rested(self, seconds: float) -> None:
        """Note for how long the packets that come now may have waited to be read."""
        self._heard.unread_s = seconds

    def rest(self, now: float) -> float:
        """Return for how many seconds packets may wait unread, as no stream would hand anything on.

        None may where nobody speaks: the next packet is the first of somebody.
        """
        first = None
        speaking = 0
        for stream in self._streams.values():
            if (at := stream.whole_at) is not None:
                speaking += 1
                if first is None or at < first:
                    first = at
        if first is None:
            return 0.0
        return min(first - now - _EARLY_S, _LONGEST_REST_S, _MOST_UNREAD * _PACKET_S / speaking)

    # Private

    # Fields one by one here, as nearly every packet goes through and few are ever held.

    def _known(  # noqa: PLR0917 - see above
        self, ssrc: int, stream: Stream, sequence: int, timestamp: int, frame: bytes, at: float
    ) -> None:
        opened = dave.open_frame(self.keys, stream.user_id, frame)
        if isinstance(opened, FrameRefusal):
            if opened is FrameRefusal.PLAIN:
                self._figures.plain_refused += 1
                return
            self._keys_fail = True
            self._failed(at)
            self._hold(ssrc, sequence, timestamp, frame, at)
            return
        if self.failing_since is not None:
            self._works(opened)
        try:
            stream.push(sequence, timestamp, opened, at)
        except PacketError:
            self._figures.undecodable += 1

    def _failed(self, at: float) -> None:
        if self.failing_since is None or at - self.failing_until > _FAR_APART_S:
            self.failing_since = at
        self.failing_until = max(self.failing_until, at)

    def _works(self, opened: bytes) -> None:
        # Silence comes unencrypted, so it shows nothing about the key that speech may wait for.
        if opened is not SILENCE or not self._keys_fail:
            self.failing_since = None
            self._keys_fail = False

    # Held packets

    def _has_or_had(self, ssrc: int, sequence: int, timestamp: int, at: float) -> bool:
        """Return whether a packet came before, or is too late."""
        stream = self._streams.get(ssrc)
        if stream is not None and not stream.wants(sequence, timestamp, at):
            return True
        return self._holding.holds(ssrc, sequence)

    def _hold(self, ssrc: int, sequence: int, timestamp: int, frame: bytes, at: float) -> None:
        self._figures.held += 1
        if (stream := self._streams.get(ssrc)) is not None:
            stream.touch(at)
        packet = Held(sequence, timestamp, frame, at, self._applied)
        self._expired(ssrc, self._holding.hold(ssrc, packet))

    def _open_held(self, ssrc: int, now: float, *, ends: bool = False) -> None:
        """Open what is held of a stream, oldest first, as far as that can be done now.

        Args:
            ssrc: The stream.
            now: Clock seconds.
            ends: Nothing more comes, so that nothing waits for a packet before it.
        """
        while self._open_in_order(ssrc, now, ends=ends):
            pass

    def _open_in_order(self, ssrc: int, now: float, *, ends: bool) -> bool:
        """Go through what is held once; true when it has to be done again from the oldest on."""
        queue = self._holding.queues.get(ssrc)
        user_id = self._speakers.user(ssrc)
        candidates = self._candidates(queue, user_id, now, ends=ends)
        if queue is None or not candidates:
            return False
        keys = dave.state(self.keys)
        for packet in queue.untried((keys, candidates)):
            sealed = packet.opened is None and dave.is_sealed(packet.frame)
            if not sealed and (queue.stuck or user_id is None):
                queue.pass_over()  # it would overtake what waits for its key, or tell nothing
                continue
            if user_id is not None and self._refused(ssrc, user_id, packet):
                queue.drop(packet)
                continue
            if sealed and not ends and self._early(ssrc, packet, now):
                break
            if queue.stuck and dave.state(self.keys) != keys:
                return True  # in this very moment there came a key, maybe for those that failed
            found = self._try(packet, user_id, candidates)
            if found is None:
                packet.failed = True
                queue.pass_over()
                continue
            owner, opened = found
            if queue.stuck or owner != user_id:
                self._turn_to(ssrc, queue, packet, owner)
                packet.opened = opened
                return True
            queue.drop(packet)
            self._hear(ssrc, owner, packet, opened, now)
        self._holding.tidy(ssrc)
        return False

    def _candidates(
        self, queue: Queue | None, user_id: int | None, now: float, *, ends: bool
    ) -> tuple[int, ...]:
        """Return whose a stream may be, the member it was announced for first."""
        doubted = bool(queue) and queue is not None and now - queue.since() >= _DOUBT_AFTER_S
        if user_id is not None and not doubted:
            return (user_id,)
        others: tuple[int, ...] = ()
        if self.keys.session is not None and not ends:
            others = self._speakers.candidates(self._applied)
        return others if user_id is None else (user_id, *others)

    def _refused(self, ssrc: int, user_id: int, packet: Held) -> bool:
        """Return whether a packet of this member is not to be heard, now or later."""
        stream = self._streams.get(ssrc)
        if user_id not in packet.allowed:
            self._figures.unconsented += 1  # it came before they agreed
        elif stream is not None and not stream.wants(packet.sequence, packet.timestamp, packet.at):
            self._figures.late += 1
        elif packet.opened is None and dave.is_plain(self.keys, packet.frame):
            self._figures.plain_refused += 1
        else:
            return False
        return True

    def _early(self, ssrc: int, packet: Held, now: float) -> bool:
        """Return whether a packet waits for one before it, which may come yet."""
        stream = self._streams.get(ssrc)
        if self.keys.session is None:
            return False
        if stream is None:
            return now < packet.at + START_S
        return not stream.in_line(packet.sequence) and now < packet.at + stream.window

    def _try(
        self, packet: Held, user_id: int | None, candidates: Sequence[int]
    ) -> tuple[int, bytes] | None:
        """Open a packet as somebody's; None when it is nobody's with the keys there are."""
        for candidate in candidates:
            if candidate not in packet.allowed:
                continue
            opened: bytes | FrameRefusal | None = packet.opened
            if opened is None:
                opened = dave.open_frame(self.keys, candidate, packet.frame)
            # In a call without DAVE a frame comes back as it was, which proves nothing.
            if isinstance(opened, bytes) and (candidate == user_id or opened is not packet.frame):
                return candidate, opened
        if user_id is not None:
            self._keys_fail = True
            self._failed(packet.at)
        return None

    def _turn_to(self, ssrc: int, queue: Queue, packet: Held, user_id: int) -> None:
        """Give a stream to a member whose key opened this packet; drop what failed before."""
        if self._speakers.user(ssrc) != user_id:
            self._figures.proven += 1
            self.announce(ssrc, user_id)
        self._expired(ssrc, queue.drop_failed_before(packet))

    def _hear(self, ssrc: int, user_id: int, packet: Held, opened: bytes, now: float) -> None:
        self._works(opened)
        self.came[user_id] = max(packet.at, self.came.get(user_id, packet.at))
        stream = self._streams.get(ssrc)
        if stream is None:
            stream = self._streams[ssrc] = Stream(user_id, self._heard, self._figures)
        try:
            stream.push(packet.sequence, packet.timestamp, opened, packet.at, now)
        except PacketError:
            self._figures.undecodable += 1

    def _expired(self, ssrc: int, count: int) -> None:
        if self._speakers.user(ssrc) is None:
            self._figures.unknown_expired += count
        else:
            self._figures.dave_failures += count

    def _apply_consent(self) -> None:
        self._applied = self.allowed
        self._heard.keep(self._applied)
        self._holding.keep(self._applied)
        for ssrc, stream in tuple(self._streams.items()):
            if stream.user_id not in self._applied:
                stream.drop()
                del self._streams[ssrc]
        for ssrc in self._holding:
            user_id = self._speakers.user(ssrc)
            if user_id is not None and user_id not in self._applied:
                self._figures.unconsented += self._holding.take(ssrc)

    def _finish(self, ssrc: int) -> None:
        # A stream that ends releases what it holds: nothing of a person who withdrew.
        if self.allowed is not self._applied:
            self._apply_consent()
        if ssrc in self._holding.queues:
            self._open_held(ssrc, self._holding.queues[ssrc].since(), ends=True)
        if (stream := self._streams.pop(ssrc, None)) is not None:
            stream.finish()

    def _close(self, ssrc: int) -> None:
        self._finish(ssrc)
        self._expired(ssrc, self._holding.take(ssrc))
