"""Voice on its way out: PCM queued, cut into frames and encoded a little ahead of the player."""

from collections import deque

from bot.audio.opus import Encoder
from bot.domain.events import VOICE_RATE

MAX_QUEUED_S = 60.0
AHEAD = 25  # frames encoded before they are due, half a second
_LOW = 2  # frames left at which a tail shorter than a frame is padded rather than waited with

_BYTES_PER_S = VOICE_RATE * 2


class Playout:
    """A queue of voice, PCM16 at 24 kHz mono, that comes out as Opus frames of 20 ms.

    Pieces join without a seam. Beyond a minute the oldest whole piece is dropped. All but `pop`
    belongs to the event loop; `pop` may be called from one other thread.
    """

    def __init__(self) -> None:
        self._encoder = Encoder(VOICE_RATE)
        self._pieces: deque[bytes] = deque()
        self._piece_bytes = 0
        self._cut = bytearray()  # less than a frame, or the piece being cut
        self._frames: deque[bytes] = deque()
        self.dropped_s = 0.0

    def queued_s(self) -> float:
        """Seconds not yet popped."""
        return (self._piece_bytes + len(self._cut)) / _BYTES_PER_S + len(self._frames) * 0.02

    @property
    def ready(self) -> int:
        """Frames encoded and not yet popped."""
        return len(self._frames)

    def add(self, pcm: bytes) -> None:
        """Queue a piece of any length behind what is queued."""
        if not pcm:
            return
        self._pieces.append(pcm)
        self._piece_bytes += len(pcm)
        while self._pieces and self.queued_s() > MAX_QUEUED_S:
            oldest = self._pieces.popleft()
            self._piece_bytes -= len(oldest)
            self.dropped_s += len(oldest) / _BYTES_PER_S

    def encode(self, frames: int) -> bool:
        """Encode up to so many frames ahead; true when more can be encoded now."""
        size = self._encoder.frame_bytes
        for _ in range(frames):
            while len(self._cut) < size and self._pieces:
                piece = self._pieces.popleft()
                self._piece_bytes -= len(piece)
                self._cut += piece
            if len(self._cut) < size or len(self._frames) >= AHEAD:
                return False
            self._encode(bytes(self._cut[:size]))
            del self._cut[:size]
        return len(self._frames) < AHEAD

    def pad(self) -> None:
        """Fill up a last tail, when nothing follows it and it is about to be due."""
        if self._pieces or not self._cut or len(self._frames) > _LOW:
            return
        size = self._encoder.frame_bytes
        if len(self._cut) < size:
            self._encode(bytes(self._cut).ljust(size, b"\0"))
            self._cut.clear()

    def pop(self) -> bytes | None:
        """The next frame; None when there is none ready."""
        try:
            return self._frames.popleft()
        except IndexError:
            return None

    def clear(self) -> None:
        """Drop everything, and what the codec remembers."""
        self._pieces.clear()
        self._piece_bytes = 0
        self._cut.clear()
        self._frames.clear()
        self._encoder = Encoder(VOICE_RATE)

    def _encode(self, frame: bytes) -> None:
        self._frames.append(self._encoder.encode(frame))
