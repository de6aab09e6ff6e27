"""The voice of one language, coded once for all who listen."""

from collections.abc import Iterator
from typing import Final

from bot.audio.opus import Encoder
from bot.domain.events import VOICE_RATE
from bot.page import packets
from bot.page.packets import PageMessage, VoiceFlag, VoiceKind

_BITRATE: Final = 32_000  # speech is transparent at that
_MOST_FRAMES: Final = 50  # in one packet: a second


class Sound:
    """Cuts voice into frames of 20 ms and codes them for those who listen. Pure."""

    def __init__(self) -> None:
        self._encoder: Encoder | None = None
        self._rest = b""
        self._next = 0  # number of the next frame
        self._frame_bytes = VOICE_RATE // 50 * 2

    def forget(self) -> None:
        """Forget the stream: nobody listens."""
        self._encoder = None
        self._rest = b""

    def take(
        self, pcm: bytes, kinds: frozenset[VoiceKind], *, last: bool = False
    ) -> Iterator[dict[VoiceKind, PageMessage]]:
        """Yield the packets of a piece of voice, for each way to code it.

        Args:
            pcm: PCM16, 24 kHz, mono, any length.
            kinds: The ways that somebody listens in.
            last: Of its utterance: filled up with silence to a whole frame.
        """
        size = self._frame_bytes
        data = self._rest + pcm
        if last and len(data) % size:
            data += bytes(size - len(data) % size)
        whole = len(data) - len(data) % size
        frames = [data[at : at + size] for at in range(0, whole, size)]
        self._rest = data[whole:]
        while frames or last:
            part, frames = frames[:_MOST_FRAMES], frames[_MOST_FRAMES:]
            ends = last and not frames
            yield {kind: self._packet(kind, part, ends=ends) for kind in kinds}
            self._next += len(part)
            if ends:
                return

    def cut(self, kinds: frozenset[VoiceKind]) -> dict[VoiceKind, PageMessage]:
        """Return the packets that take back what is not heard yet."""
        self._rest = b""
        return {kind: packets.voice(kind, VoiceFlag.CUT, self._next, ()) for kind in kinds}

    def _packet(self, kind: VoiceKind, frames: list[bytes], *, ends: bool) -> PageMessage:
        if kind is VoiceKind.OPUS:
            if self._encoder is None:
                self._encoder = Encoder(VOICE_RATE, bitrate=_BITRATE)
            frames = [self._encoder.encode(frame) for frame in frames]
        flag = VoiceFlag.LAST if ends else VoiceFlag.NONE
        return packets.voice(kind, flag, self._next, frames)
