"""One SSRC of one member: from its Opus packets to speech on a true timeline."""

from bot.audio.opus import Decoder
from bot.domain.events import SPEECH_RATE
from bot.errors import OpusError
from bot.voice.figures import Figures
from bot.voice.receive import opus_toc
from bot.voice.receive.jitter import MAX_GAP_S, RATE, Ended, Gap, JitterBuffer, Lost, Piece, Play
from bot.voice.receive.opus_toc import FRAME_SAMPLES

_BYTES_PER_S = SPEECH_RATE * 2
_FRAME_BYTES = _BYTES_PER_S // 50
_SCALE = RATE // SPEECH_RATE  # samples as they are counted to samples that are handed on
_GROUP_SAMPLES = 5 * FRAME_SAMPLES  # 100 ms
_FIRST_CREDIT_S = 2.0  # of a new stream, whose first packets may have been held or delayed
_MOST_CREDIT_S = MAX_GAP_S + 0.5  # the longest gap that is filled, and a delay
_LATER_S = 0.01  # by which a group may be expected later than the one before
_DRIFT = 1.01  # how much faster than ours a sender's clock may run


class Heard:
    """What a batch of packets came to, per member in order: speech grown together, and ends.

    Attributes:
        events: (user, PCM16 at 16 kHz mono, clock seconds), the PCM None where a spurt ended.
        unread_s: For how long the packets that come now may have waited to be read.
    """

    def __init__(self) -> None:
        self.events: list[tuple[int, bytes | None, float]] = []
        self.unread_s = 0.0
        self._open: dict[int, tuple[list[bytes], float]] = {}
        self._spurts: dict[int, int] = {}  # streams in the middle of one, of members with any

    def keep(self, user_ids: frozenset[int]) -> None:
        """Forget what was heard of others and not yet taken; that they fell silent stays."""
        for user_id in [user_id for user_id in self._open if user_id not in user_ids]:
            del self._open[user_id]
        self.events = [event for event in self.events if event[0] in user_ids or event[1] is None]

    def speech(self, user_id: int, pcm: bytes, at: float) -> None:
        """Append speech of a member."""
        grown = self._open.get(user_id)
        if grown is None:
            self._open[user_id] = ([pcm], at)
        else:
            grown[0].append(pcm)
            self._open[user_id] = (grown[0], at)

    def began(self, user_id: int) -> None:
        """Record that a spurt of one of a member's streams began."""
        self._spurts[user_id] = self._spurts.get(user_id, 0) + 1

    def ended(self, user_id: int, at: float) -> None:
        """Record that a spurt ended: the member is silent, unless another stream goes on."""
        if (others := self._spurts.pop(user_id) - 1) > 0:
            self._spurts[user_id] = others
            return
        self._close(user_id)
        self.events.append((user_id, None, at))

    def take(self) -> list[tuple[int, bytes | None, float]]:
        """Return everything since the last call."""
        for user_id in tuple(self._open):
            self._close(user_id)
        events, self.events = self.events, []
        return events

    def _close(self, user_id: int) -> None:
        if user_id in self._open:
            parts, at = self._open.pop(user_id)
            self.events.append((user_id, b"".join(parts), at))


class Stream:
    """The jitter buffer and the decoder of one SSRC.

    Speech is handed on in groups that end with each 100 ms of a spurt, its first packet alone at
    once: a conversation sends no smaller chunks, and packets decoded in a row find the codec's
    state in the processor's cache. What comes faster than time, as only a forger's stream does, is
    dropped beyond what a gap may fill.

    Args:
        user_id: The member it belongs to.
        heard: Takes what comes out.
        figures: The link's counters.
    """

    def __init__(self, user_id: int, heard: Heard, figures: Figures) -> None:
        self.user_id = user_id
        self._heard = heard
        self._figures = figures
        self._jitter = JitterBuffer()
        self._decoder = Decoder(SPEECH_RATE)
        self._ready: list[bytes] = []  # packets in order, to be decoded together
        self._pcm: list[bytes] = []  # decoded, and before those in time
        self._missing = 0  # samples at 48 kHz until the group is whole
        self._at = 0.0  # when the last packet came that is in the group
        self._whole_at = 0.0  # when the packet is expected that makes it whole, at the earliest
        self._in_spurt = False  # as `heard` was told
        self._credit = _FIRST_CREDIT_S
        self._credited_at: float | None = None

    @property
    def whole_at(self) -> float | None:
        """When its group is expected to be whole, in clock seconds; None between two spurts."""
        return self._whole_at if self._jitter.speaking else None

    @property
    def window(self) -> float:
        """Seconds for which a packet waits for one before it."""
        return self._jitter.window

    def in_line(self, sequence: int) -> bool:
        """Return whether a packet is the next."""
        return sequence == self._jitter.next

    def wants(self, sequence: int, timestamp: int, now: float) -> bool:
        """Return whether a packet is neither there already nor too late."""
        if self._jitter.wants(sequence, timestamp, now):
            return True
        self._jitter.refuse(sequence, now)
        return False

    def touch(self, now: float) -> None:
        """Keep the spurt alive: a packet came that can't be decrypted yet."""
        self._jitter.touch(now)

    def push(
        self, sequence: int, timestamp: int, packet: bytes, at: float, now: float | None = None
    ) -> None:
        """Take an Opus packet that came at `at` and hand on what that makes ready.

        With `now` given it was held until now, and waits no longer for one before it.

        Raises:
            PacketError: It is no Opus packet; its place counts as lost.
        """
        samples = opus_toc.samples(packet)
        if self._jitter.passes(sequence, timestamp, packet, samples, at):
            self._ready.append(packet)
            self._grow(samples, at)
            return
        if not self._jitter.push(sequence, timestamp, packet, samples, at):
            self._figures.late += 1
            return
        self._take(self._jitter.ready(at if now is None else now))

    def tick(self, now: float) -> float | None:
        """Hand on what has waited long enough, and the end of a spurt.

        Returns:
            In how many seconds there may be more of it; None: never.
        """
        due = self._jitter.due(now)
        if due is None or (due > 0 and not self._jitter.waits):
            return due
        self._take(self._jitter.pull(now))
        return self._jitter.due(now)

    def finish(self) -> None:
        """Hand on what is left, as nothing more comes."""
        self._take(self._jitter.finish())

    def drop(self) -> None:
        """Hand on nothing more, only that it ends."""
        self._end(self._jitter.spoke_at)

    def _end(self, at: float) -> None:
        if self._in_spurt:
            self._in_spurt = False
            self._heard.ended(self.user_id, at)

    def _take(self, pieces: list[Piece]) -> None:
        figures = self._figures
        for piece in pieces:
            if isinstance(piece, Play):
                self._ready.append(piece.packet)
                self._grow(piece.samples, piece.at)
            elif isinstance(piece, Lost):
                figures.lost += 1
                self._decode()
                self._pcm.append(self._replaced(piece))
                self._grow(piece.samples, piece.at)
            elif isinstance(piece, Gap):
                frames = (piece.samples + FRAME_SAMPLES // 2) // FRAME_SAMPLES
                figures.lost += frames
                figures.skipped += frames
                self._decode()
                self._decoder.reset()
                self._pcm.append(bytes(piece.samples // _SCALE * 2))
                self._grow(piece.samples, piece.at)
            elif isinstance(piece, Ended):
                self._hand_on()
                self._missing = 0
                self._end(piece.at)
            else:
                figures.restarts += 1
                self._decode()
                self._decoder.reset()

    def _grow(self, samples: int, at: float) -> None:
        self._at = at
        self._missing -= samples
        if self._missing <= 0:
            self._expect(at)
            self._hand_on()
        elif self._missing <= FRAME_SAMPLES:
            self._decode()  # so that the last packet waits for no other's decoding

    def _expect(self, at: float) -> None:
        """Begin the next group, this one's last packet having come at `at`."""
        self._missing = self._missing % _GROUP_SAMPLES or _GROUP_SAMPLES
        span = self._missing / RATE
        if self._in_spurt:
            # The earliest packets count, as a delayed one says nothing of the next; `_LATER_S`
            # lets the time follow a sender whose clock drifts.
            self._whole_at = min(at, self._whole_at + _LATER_S) + span
        else:
            self._whole_at = at - self._heard.unread_s + span

    def _hand_on(self) -> None:
        self._decode()
        if not self._pcm:
            return
        if not self._in_spurt:
            self._in_spurt = True
            self._heard.began(self.user_id)
        pcm = b"".join(self._pcm)
        self._pcm.clear()
        at = self._at
        if self._credited_at is None:
            self._credited_at = at
        elif at > self._credited_at:
            passed = (at - self._credited_at) * _DRIFT
            self._credit = min(_MOST_CREDIT_S, self._credit + passed)
            self._credited_at = at
        seconds = len(pcm) / _BYTES_PER_S
        if seconds > self._credit:
            self._figures.excess += len(pcm) // _FRAME_BYTES
            return
        self._credit -= seconds
        self._figures.samples += len(pcm) // 2
        self._heard.speech(self.user_id, pcm, at)

    def _decode(self) -> None:
        ready = self._ready
        while ready:
            pcm, done = self._decoder.decode_run(ready)
            self._pcm.append(pcm)
            if done < len(ready):
                self._figures.undecodable += 1
                self._pcm.append(bytes(opus_toc.samples(ready[done]) // _SCALE * 2))
            del ready[: done + 1]

    def _replaced(self, piece: Lost) -> bytes:
        ms = piece.samples * 1000 / RATE
        try:
            if piece.following is not None:
                pcm = self._decoder.recover(piece.following, ms)
                self._figures.recovered += 1
            else:
                pcm = self._decoder.conceal(ms)
                self._figures.concealed += 1
        except OpusError:
            self._figures.undecodable += 1
            return bytes(piece.samples // _SCALE * 2)
        return pcm
