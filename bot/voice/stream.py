"""One SSRC of one member: from its Opus packets to speech on a true timeline."""

from bot.audio.opus import Decoder
from bot.errors import OpusError
from bot.room.events import SPEECH_RATE
from bot.voice import toc
from bot.voice.figures import Figures
from bot.voice.jitter import Ended, Gap, JitterBuffer, Lost, Piece, Play
from bot.voice.toc import FRAME_SAMPLES

_FRAME_BYTES = SPEECH_RATE // 50 * 2


class Heard:
    """What a batch of packets came to, per member in order: speech grown together, and ends.

    Attributes:
        events: (user, PCM16 at 16 kHz mono, clock seconds), the PCM None where a spurt ended.
    """

    def __init__(self) -> None:
        self.events: list[tuple[int, bytes | None, float]] = []
        self._open: dict[int, tuple[list[bytes], float]] = {}

    def drop(self, user_id: int) -> None:
        """Forget what was heard of a member and not yet taken."""
        self._open.pop(user_id, None)
        self.events = [event for event in self.events if event[0] != user_id]

    def speech(self, user_id: int, pcm: bytes, at: float) -> None:
        """Append speech of a member."""
        grown = self._open.get(user_id)
        if grown is None:
            self._open[user_id] = ([pcm], at)
        else:
            grown[0].append(pcm)
            self._open[user_id] = (grown[0], at)

    def silence(self, user_id: int, at: float) -> None:
        """A member's spurt ended."""
        self._close(user_id)
        self.events.append((user_id, None, at))

    def take(self) -> list[tuple[int, bytes | None, float]]:
        """Everything since the last call."""
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

    Args:
        user_id: Whose it is.
        heard: Takes what comes out.
        figures: Counts.
    """

    def __init__(self, user_id: int, heard: Heard, figures: Figures) -> None:
        self.user_id = user_id
        self._heard = heard
        self._figures = figures
        self._jitter = JitterBuffer()
        self._decoder = Decoder(SPEECH_RATE)

    @property
    def active(self) -> bool:
        """Whether time alone can bring something out."""
        return self._jitter.active

    @property
    def speaking(self) -> bool:
        """Whether a spurt is under way."""
        return self._jitter.speaking

    def wants(self, sequence: int) -> bool:
        """Whether a packet is neither there already nor too late."""
        return self._jitter.wants(sequence)

    def touch(self, now: float) -> None:
        """A packet came that can't be opened yet."""
        self._jitter.touch(now)

    def push(self, sequence: int, timestamp: int, packet: bytes, at: float) -> None:
        """Take an Opus packet and hand on what that makes ready.

        Raises:
            PacketError: It is no Opus packet; its place counts as lost.
        """
        samples = toc.samples(packet)
        if self._jitter.passes(sequence, timestamp, packet, samples, at):
            self._emit(self._played(packet, samples), at)
            return
        if not self._jitter.push(sequence, timestamp, packet, samples, at):
            self._figures.late += 1
            return
        self._decode(self._jitter.pull(at))

    def tick(self, now: float) -> None:
        """Hand on what has waited long enough, and the end of a spurt."""
        if self._jitter.due(now):
            self._decode(self._jitter.pull(now))

    @property
    def spoke_at(self) -> float:
        """When the last speech that came out had arrived, in clock seconds."""
        return self._jitter.spoke_at

    def finish(self) -> None:
        """Hand on what is left, as nothing more comes."""
        self._decode(self._jitter.finish())

    def _decode(self, pieces: list[Piece]) -> None:
        figures = self._figures
        for piece in pieces:
            if isinstance(piece, Play):
                self._emit(self._played(piece.packet, piece.samples), piece.at)
            elif isinstance(piece, Lost):
                figures.lost += 1
                self._emit(self._replaced(piece), piece.at)
            elif isinstance(piece, Gap):
                frames = (piece.samples + FRAME_SAMPLES // 2) // FRAME_SAMPLES
                figures.lost += frames
                figures.skipped += frames
                self._decoder.reset()
                if frames:
                    self._emit(bytes(frames * _FRAME_BYTES), piece.at)
            elif isinstance(piece, Ended):
                self._heard.silence(self.user_id, piece.at)
            else:
                figures.restarts += 1
                self._decoder.reset()

    def _played(self, packet: bytes, samples: int) -> bytes:
        try:
            return self._decoder.decode(packet)
        except OpusError:
            self._figures.undecodable += 1
            return bytes(samples // 3 * 2)

    def _replaced(self, piece: Lost) -> bytes:
        try:
            if piece.following is not None:
                pcm = self._decoder.recover(piece.following)
                self._figures.recovered += 1
            else:
                pcm = self._decoder.conceal()
                self._figures.concealed += 1
        except OpusError:
            self._figures.undecodable += 1
            return bytes(_FRAME_BYTES)
        return pcm

    def _emit(self, pcm: bytes, at: float) -> None:
        self._figures.frames += len(pcm) // _FRAME_BYTES
        self._heard.speech(self.user_id, pcm, at)
