"""What the bot played in the last seconds, as its listeners heard it, on the clock's timeline.

The player's thread only notes each Opus frame with its time. Frames are decoded on the event loop,
and only when somebody is heard at that time, so a voice to which nobody talks costs nothing.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from bot.audio.opus import SILENCE, Decoder
from bot.domain.events import SPEECH_RATE
from bot.voice.echo.spectra import BINS, HOP, Spectra, spectra

REACH_S: Final = 0.88  # so late an echo may come: network, jitter buffers, sound card, room
TAIL_S: Final = 0.4  # and so long it may last

_FRAME: Final = SPEECH_RATE // 50
_KEPT: Final = 256  # hops, 4 s
_KEPT_FRAMES: Final = _KEPT * HOP // _FRAME
_AUDIBLE: Final = 30.0  # root mean square of PCM16, below which no loudspeaker returns anything


class PlayedVoice:
    """The reference that an echo is compared with.

    Args:
        now: The clock's; called on the player's thread.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._sent: deque[tuple[int, float, bytes]] = deque(maxlen=_KEPT_FRAMES)
        self._count = 0
        self._last_at: float | None = None
        self._decoder: Decoder | None = None  # made with the first frame
        # Rings: what belongs to hop n of the clock stands at n % _KEPT.
        self._sound = np.zeros((_KEPT, HOP), np.float32)
        self._spectra = np.zeros((_KEPT, BINS), np.complex64)
        self._audible = np.zeros(_KEPT, np.bool_)
        self._running = False  # the player, as far as its frames are decoded
        self._decoded = 0  # frames
        self._end = 0  # the sample of the clock behind the last one decoded
        self._ready = 0  # the hop behind the last one whose spectrum is there

    # On the player's thread

    def sent(self, frame: bytes) -> None:
        """Take an Opus frame that goes out now, one each 20 ms; an empty one: the player ends."""
        now = self._now()
        self._count += 1
        self._sent.append((self._count, now, frame))
        if frame and frame != SILENCE:
            self._last_at = now

    # On the event loop

    def returns(self, at: float) -> bool:
        """Whether something of what was played may come back at this clock second."""
        last_at = self._last_at
        return last_at is not None and at - last_at < REACH_S + TAIL_S

    def hops(self, first: int, count: int) -> tuple[Spectra, npt.NDArray[np.bool_]]:
        """Return the spectra of hops in a row, and in which of them something was audible.

        What was not played yet, or longer ago than four seconds, is silence.

        Args:
            first: The hop that begins at sample `first * HOP` of the clock.
            count: How many.
        """
        self._decode()
        self._transform()
        wanted = np.arange(first, first + count)
        known = (wanted >= self._ready - _KEPT + 2) & (wanted < self._ready)
        at = wanted % _KEPT
        found = self._spectra[at]
        found[~known] = 0.0
        return found, self._audible[at] & known

    def _decode(self) -> None:
        while self._sent:
            number, at, frame = self._sent.popleft()
            missed, self._decoded = number - self._decoded - 1, number
            if not frame:
                self._running = False
                continue
            # A player that wakes up late sends what it owes at once; its listeners hear no gap.
            due = self._end + missed * _FRAME
            late = round(at * SPEECH_RATE) - due
            begins = due if self._running and abs(late) < SPEECH_RATE else due + late
            self._running = True
            if (silence := min(begins - self._end, _KEPT * HOP)) > 0:
                self._write(begins - silence, np.zeros(silence, np.int16))
            if self._decoder is None:
                self._decoder = Decoder(SPEECH_RATE)
            self._write(self._end, np.frombuffer(self._decoder.decode(frame), "<i2"))

    def _write(self, start: int, pcm: npt.NDArray[np.int16]) -> None:
        if start > self._end:
            self._ready = max(self._ready, start // HOP - 1)  # all before that is out of reach
        at = np.arange(start, start + len(pcm))
        self._sound.reshape(-1)[at % (_KEPT * HOP)] = pcm
        self._end = start + len(pcm)

    def _transform(self) -> None:
        """Bring the spectra to what is decoded."""
        last = self._end // HOP - 1  # the first whose window is not whole
        if last <= self._ready:
            return
        hops = np.arange(max(self._ready, last - _KEPT + 2), last + 1)
        sound = self._sound[hops % _KEPT]
        found = spectra(sound.reshape(-1))
        power = np.square(sound).mean(axis=1)
        at = hops[:-1] % _KEPT
        self._spectra[at] = found
        self._audible[at] = np.maximum(power[:-1], power[1:]) > _AUDIBLE**2
        self._ready = last
