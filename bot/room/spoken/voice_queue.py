"""Whose translation is spoken when, how loud and how fast.

The order and the manners are decided here, by the time that is passed in; the sound is the voice
link's. The utterance whose turn it is streams straight through, the others wait whole. What waits
too long is left as a caption only: an interpreter who is half a minute behind helps nobody.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot.domain.events import VOICE_RATE
from bot.domain.ports import VoiceTrack
from bot.domain.voice_mode import VoiceMode
from bot.room.captions import CaptionLine

_BYTES_PER_SECOND = VOICE_RATE * 2
_PAUSE_S = 0.25  # between two utterances, so that they visit apart
_STALLED_S = 5.0  # a voice that brings nothing for so long has broken off
_REMEMBERED = 256  # utterances of which nothing more is to be heard
_PIECE = _BYTES_PER_SECOND  # smaller ones are put together while they wait
_MOST_OF_ONE_S = 60.0  # of an utterance that waits, as much as a voice link holds
_MOST_WAITING = 64  # utterances
_MOST_AT_ONCE = 4  # speakers
_LOOK_S = 0.1  # until the people and the backlog are looked at again

BACKLOG_S = 8.0  # of voice, from which on it is spoken faster
SKIP_S = 16.0  # from which on all but the newest is left as captions
MOST_RATE = 1.25  # reached with half of what lies between the two
POLITE_S = 10.0  # an utterance waits for people's pauses, altogether
DUCKED = 0.5  # of the volume, while a person speaks


@dataclass(frozen=True, slots=True)
class QueuedUtterance:
    """One turn of one conversation, as something to be spoken."""

    line: CaptionLine
    turn: int


def _unheard(_utterance: QueuedUtterance) -> None:
    """Ignore that an utterance is not heard."""


def _unmeasured(_since: float) -> None:
    """Ignore how late a voice is."""


@dataclass(slots=True)
class _QueuedVoice:
    utterance: QueuedUtterance
    grew_at: float
    began_at: float  # what it translates
    pieces: list[bytearray] = field(default_factory=list)
    seconds: float = 0.0  # waiting
    track: VoiceTrack | None = None  # once its turn has come
    ended: bool = False
    held: bool = False
    rate: float = 1.0
    kept_s: float = 0.0  # from being heard, for the people's sake

    def keep(self, pcm: bytes) -> None:
        """Add to what waits, as far as there is room."""
        if self.seconds >= _MOST_OF_ONE_S:
            return
        self.seconds += len(pcm) / _BYTES_PER_SECOND
        if self.pieces and len(self.pieces[-1]) + len(pcm) <= _PIECE:
            self.pieces[-1] += pcm
        else:
            self.pieces.append(bytearray(pcm))

    def left_s(self) -> float:
        """Return the seconds that were not heard yet, at the speed of the service."""
        return self.seconds if self.track is None else self.track.left_s() * self.rate

    @property
    def finished(self) -> bool:
        """Nothing more is heard of it."""
        if self.track is not None:
            return self.track.over
        return self.ended and not self.pieces


class VoiceQueue:
    """Orders the voices of a room's conversations onto one voice link.

    Whoever owns it calls `advance` after each change and when that is due.

    Args:
        begin: A track on the link with a gain; None where nothing is spoken at the moment.
        speaking: Whether a person in the call speaks.
        skipped: Told of each utterance that is left unspoken as there was too much, or on request.
        begun: Told for each utterance that begins to be heard when its speech began.
    """

    def __init__(
        self,
        begin: Callable[[float], VoiceTrack | None],
        *,
        speaking: Callable[[], bool] = lambda: False,
        skipped: Callable[[QueuedUtterance], None] = _unheard,
        begun: Callable[[float], None] = _unmeasured,
    ) -> None:
        self._begin_track = begin
        self._speaking = speaking
        self._tell_skipped = skipped
        self._tell_begun = begun
        self._queue: list[_QueuedVoice] = []  # in the order in which they began
        self._closed: deque[QueuedUtterance] = deque(maxlen=_REMEMBERED)
        self._free_at: dict[int, float] = {}  # by lane, until when it is silent
        self._freed: set[int] = set()  # lanes in which somebody was broken off since
        self._looked_at: float | None = None
        self._mode = VoiceMode.CONSECUTIVE
        self._volume = 1.0
        self.skipped = 0  # utterances left unspoken because too much waited, or on request

    # Settings and wishes

    @property
    def mode(self) -> VoiceMode:
        """How translations are spoken."""
        return self._mode

    @mode.setter
    def mode(self, mode: VoiceMode) -> None:
        self._mode = mode
        self._free_at.clear()

    @property
    def volume(self) -> float:
        """As a factor; 1 is as loud as the people are."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = volume

    def skip(self) -> int:
        """Break off what is being spoken and go on with what waits; how many were broken off."""
        spoken = [voice for voice in self._queue if voice.track is not None]
        for voice in spoken:
            self._skip(voice)
        return len(spoken)

    def stop(self) -> None:
        """Drop everything that is queued or being spoken."""
        for voice in tuple(self._queue):
            self._close(voice)

    # What the conversations bring

    def voice(
        self, utterance: QueuedUtterance, pcm: bytes, now: float, began_at: float | None = None
    ) -> None:
        """Take a piece of the voice of an utterance.

        Args:
            utterance: The utterance.
            pcm: PCM16, 24 kHz, mono.
            now: Clock seconds.
            began_at: Clock seconds when the speech that it translates began; None: now.
        """
        if utterance in self._closed:
            return
        self._end_stalled(now)
        voice = next((v for v in self._queue if v.utterance == utterance and not v.ended), None)
        if voice is None:
            voice = _QueuedVoice(utterance, now, now if began_at is None else began_at)
            self._queue.append(voice)
        voice.grew_at = now
        if voice.track is None:
            voice.keep(pcm)
        else:
            voice.track.add(pcm)

    def ended(self, utterance: QueuedUtterance) -> None:
        """Record that no more voice comes for this utterance."""
        self._end(voice for voice in self._queue if voice.utterance == utterance)

    def broke_off(self, line: CaptionLine) -> None:
        """End what a conversation had begun, which brings no more; what there is, is spoken."""
        self._end(voice for voice in self._queue if voice.utterance.line == line)

    def take_back(self, utterance: QueuedUtterance) -> None:
        """Drop an utterance that should not be heard after all, and what still comes of it."""
        for voice in tuple(self._queue):
            if voice.utterance == utterance:
                self._close(voice)
        self._remember(utterance)

    def silence(self, visit: int) -> None:
        """Drop everything of this visit, which is not heard any more."""
        for voice in tuple(self._queue):
            if voice.utterance.line.visit == visit:
                self._close(voice)

    # The time

    def heard_s(self) -> float:
        """Return for how many seconds what is being spoken is still heard; 0: nothing is."""
        tracks = [v.track for v in self._queue if v.track is not None and not v.track.over]
        return max((track.left_s() for track in tracks), default=0.0)

    def advance(self, now: float) -> float | None:
        """Begin what may begin, and have people minded.

        Returns:
            When to call again at the latest; None: not before something changes.
        """
        self._end_stalled(now)
        self._forget_finished(now)
        self._free_at = {lane: at for lane, at in self._free_at.items() if at > now}
        self._free_at |= dict.fromkeys(self._freed, now + _PAUSE_S)
        self._freed.clear()
        minds = self._mode in (VoiceMode.POLITE, VoiceMode.OVER)
        people = bool(self._queue) and minds and self._speaking()
        passed = 0.0 if self._looked_at is None else max(0.0, now - self._looked_at)
        self._looked_at = now if self._queue else None
        for lane in dict.fromkeys(self._lane(voice) for voice in self._queue):
            self._shed(lane)
            self._advance_lane(lane, now, passed, people=people)
        return self._due(now, minds=minds)

    def _advance_lane(self, lane: int, now: float, passed: float, *, people: bool) -> None:
        voices = self._of(lane)
        if not voices:
            return
        waits_for_people = people and self._mode is VoiceMode.POLITE
        rate = self._rate(sum(voice.left_s() for voice in voices))
        gain = self._gain(people=people)
        for voice in voices:
            if voice.held or voice.track is None:
                voice.kept_s += passed if waits_for_people else 0.0
        if not any(voice.track is not None for voice in voices):
            self._begin_next(voices, lane, now, waits_for_people=waits_for_people, gain=gain)
        for voice in voices:
            if voice.track is None or voice.track.over:
                continue
            held = waits_for_people and voice.kept_s < POLITE_S
            if held is not voice.held:
                voice.held = held
                voice.track.hold(on=held)
            voice.track.set_gain(gain)
            if rate != voice.rate:
                voice.rate = rate
                voice.track.set_rate(rate)

    def _begin_next(
        self,
        voices: list[_QueuedVoice],
        lane: int,
        now: float,
        *,
        waits_for_people: bool,
        gain: float,
    ) -> None:
        if now < self._free_at.get(lane, now):
            return
        if sum(v.track is not None for v in self._queue) >= _MOST_AT_ONCE:
            return
        voice = voices[0]
        if waits_for_people and voice.kept_s < POLITE_S:
            return
        track = self._begin_track(gain)
        if track is None:
            self.stop()
            return
        voice.track = track
        self._tell_begun(voice.began_at)
        for piece in voice.pieces:
            track.add(bytes(piece))
        voice.pieces.clear()
        voice.seconds = 0.0
        if voice.ended:
            track.end()

    def _due(self, now: float, *, minds: bool) -> float | None:
        if not self._queue:
            return None
        waits = any(voice.track is None for voice in self._queue)
        if minds or waits:
            return now + _LOOK_S
        return min(
            now + max(_LOOK_S, voice.left_s() / voice.rate)
            if voice.ended
            else voice.grew_at + _STALLED_S
            for voice in self._queue
        )

    # Inside

    def _lane(self, voice: _QueuedVoice) -> int:
        return voice.utterance.line.visit if self._mode is VoiceMode.SIMULTANEOUS else 0

    def _of(self, lane: int) -> list[_QueuedVoice]:
        return [voice for voice in self._queue if self._lane(voice) == lane]

    def _gain(self, *, people: bool) -> float:
        return self._volume * (DUCKED if people and self._mode is VoiceMode.OVER else 1.0)

    @staticmethod
    def _rate(backlog_s: float) -> float:
        excess = (backlog_s - BACKLOG_S) / (SKIP_S - BACKLOG_S) * 2
        # In steps, so that it is not changed all the time.
        return 1 + math.ceil(max(0.0, min(1.0, excess)) * 5) / 5 * (MOST_RATE - 1)

    def _shed(self, lane: int) -> None:
        voices = self._of(lane)
        waiting = [voice for voice in voices if voice.track is None]
        too_long = sum(voice.left_s() for voice in voices) > SKIP_S
        if too_long or len(waiting) > _MOST_WAITING:
            for voice in waiting[:-1]:
                self._skip(voice)

    def _skip(self, voice: _QueuedVoice) -> None:
        self._close(voice)
        self.skipped += 1
        self._tell_skipped(voice.utterance)

    def _close(self, voice: _QueuedVoice) -> None:
        self._queue.remove(voice)
        self._remember(voice.utterance)
        if voice.track is not None:
            voice.track.drop()
            self._freed.add(self._lane(voice))

    def _remember(self, utterance: QueuedUtterance) -> None:
        if utterance not in self._closed:
            self._closed.append(utterance)

    def _end_stalled(self, now: float) -> None:
        self._end(v for v in self._queue if now >= v.grew_at + _STALLED_S)

    def _end(self, voices: Iterable[_QueuedVoice]) -> None:
        for voice in voices:
            if not voice.ended:
                voice.ended = True
                if voice.track is not None:
                    voice.track.end()

    def _forget_finished(self, now: float) -> None:
        for voice in tuple(self._queue):
            if voice.finished:
                self._queue.remove(voice)
                if voice.track is not None:
                    self._free_at[self._lane(voice)] = now + _PAUSE_S
                if not voice.ended:  # interrupted: nobody begins to listen in its middle
                    self._remember(voice.utterance)
