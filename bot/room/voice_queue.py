"""Whose translation is spoken when.

Consecutive interpretation: one shared voice in the channel, one utterance after the other in the
order in which their voices began. The utterance whose turn it is streams straight through; the
others wait whole. When more than the limit waits, the oldest waiting utterance is dropped: it still
stands as a caption, and an interpreter who is half a minute behind helps nobody.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.domain.events import VOICE_RATE
from bot.room.captions import CaptionLine

_BYTES_PER_SECOND = VOICE_RATE * 2
_PAUSE = bytes(_BYTES_PER_SECOND // 4)  # between two utterances, so that they stay apart
_PAUSE_S = len(_PAUSE) / _BYTES_PER_SECOND
_STALLED_S = 5.0  # a voice that brings nothing for so long has broken off
_REMEMBERED_DROPS = 64
_PIECE = _BYTES_PER_SECOND  # smaller ones are put together while they wait
_MOST_OF_ONE_S = 60.0  # of an utterance that waits, as much as a voice link holds
_MOST_WAITING = 64  # utterances

MAX_WAITING_S = 20.0


@dataclass(frozen=True, slots=True)
class QueuedUtterance:
    """One turn of one conversation, as something to be spoken."""

    line: CaptionLine
    turn: int


@dataclass(slots=True)
class _WaitingVoice:
    utterance: QueuedUtterance
    grew_at: float
    pieces: list[bytearray] = field(default_factory=list)
    seconds: float = 0.0  # waiting
    handed: float = 0.0  # seconds, to the link
    ended: bool = False

    def keep(self, pcm: bytes) -> None:
        """Add to what waits, as far as there is room."""
        self.seconds += len(pcm) / _BYTES_PER_SECOND
        if self.pieces and len(self.pieces[-1]) + len(pcm) <= _PIECE:
            self.pieces[-1] += pcm
        else:
            self.pieces.append(bytearray(pcm))


class VoiceQueue:
    """Orders the voices of a room's conversations onto one voice link.

    Args:
        play: Queues PCM16, 24 kHz, mono on the link.
        max_waiting_s: Seconds of voice that may wait behind the one being spoken.
    """

    def __init__(
        self, play: Callable[[bytes], None], *, max_waiting_s: float = MAX_WAITING_S
    ) -> None:
        self._play = play
        self._max_waiting_s = max_waiting_s
        self._queue: deque[_WaitingVoice] = deque()
        self._latest: _WaitingVoice | None = None  # that anything was handed on for
        self._dropped: deque[QueuedUtterance] = deque(maxlen=_REMEMBERED_DROPS)
        self.dropped = 0  # utterances left unspoken because too much waited

    def voice(self, utterance: QueuedUtterance, pcm: bytes, now: float) -> None:
        """Take a piece of the voice of an utterance."""
        if utterance in self._dropped:
            return
        self._pass_over_stalled(now)
        waiting = next((w for w in self._queue if w.utterance == utterance and not w.ended), None)
        if waiting is None:
            waiting = _WaitingVoice(utterance, now)
            self._queue.append(waiting)
            if len(self._queue) == 1:
                self._begin(waiting)
        waiting.grew_at = now
        if waiting is self._queue[0]:
            self._play(pcm)
            waiting.handed += len(pcm) / _BYTES_PER_SECOND
        elif waiting.seconds < _MOST_OF_ONE_S:
            waiting.keep(pcm)
            self._shed()

    def ended(self, utterance: QueuedUtterance) -> None:
        """End an utterance, for which no more voice comes; the next in line is spoken."""
        for waiting in self._queue:
            if waiting.utterance == utterance:
                waiting.ended = True
        self._advance()

    def broke_off(self, line: CaptionLine) -> None:
        """End what a conversation had begun: no more voice comes, and what there is, is spoken."""
        for waiting in self._queue:
            if waiting.utterance.line == line:
                waiting.ended = True
        self._advance()

    def take_back(self, utterance: QueuedUtterance) -> float:
        """Take back an utterance that should not be heard after all.

        Returns:
            Seconds handed on for it if nothing was for another since, else 0.
        """
        self._dropped.append(utterance)
        latest = self._latest
        handed = latest.handed if latest is not None and latest.utterance == utterance else 0.0
        for waiting in self._queue:
            if waiting.utterance == utterance:
                waiting.ended = True
                waiting.pieces.clear()
        return handed

    def silence(self, visit: int) -> None:
        """Leave unspoken whatever still waits of this visit."""
        for waiting in tuple(self._queue):
            if waiting.utterance.line.visit == visit:
                waiting.ended = True
                waiting.pieces.clear()
                self._dropped.append(waiting.utterance)
        self._advance()

    def _begin(self, waiting: _WaitingVoice) -> None:
        if self._latest is not None:
            self._play(_PAUSE)
            waiting.handed = _PAUSE_S
        self._latest = waiting

    def _pass_over_stalled(self, now: float) -> None:
        if self._queue and now - self._queue[0].grew_at > _STALLED_S:
            self._queue[0].ended = True
            self._advance()

    def _advance(self) -> None:
        while self._queue and self._queue[0].ended:
            self._queue.popleft()
            if self._queue and (pieces := self._queue[0].pieces):
                self._begin(self._queue[0])
                for piece in pieces:
                    self._play(bytes(piece))
                pieces.clear()
                self._queue[0].handed += self._queue[0].seconds
                self._queue[0].seconds = 0.0

    def _shed(self) -> None:
        while len(self._queue) > 2 and (
            len(self._queue) > _MOST_WAITING
            or sum(w.seconds for w in self._queue) > self._max_waiting_s
        ):
            oldest = self._queue[1]
            del self._queue[1]
            self._dropped.append(oldest.utterance)
            self.dropped += 1
