"""Plays voice through discord.py's player thread, which only takes frames that are ready."""

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum

import discord

from bot.audio.opus import SILENCE, Encoder
from bot.clock import Clock
from bot.domain.events import VOICE_RATE
from bot.logs import get_logger
from bot.voice.figures import Figures
from bot.voice.playback.level import Leveller
from bot.voice.playback.mixer import FRAME_S, Mixer
from bot.voice.playback.priority import turns
from bot.voice.playback.track import Track

log = get_logger(__name__)

AHEAD = 4  # frames encoded before they are due: so late does a change of mind become audible
JITTER_S = 0.1  # waited for more voice, where the first piece is short
_INTERRUPTED_S = 1.0  # without a frame, after which nobody knows what was being said
_LINGER = 15  # frames of silence before the player ends, so that a late piece finds it running
_MEASURED = VOICE_RATE // 10  # samples whose level is taken at once


class Gate(Enum):
    """What may be done with a frame at the moment."""

    SEND = "send"
    HOLD = "hold"  # the call has no key for us yet
    DISCARD = "discard"  # nobody is there, or the bot was silenced


# Starts playing a source and calls back on another thread when it ended; false if it can't now.
Start = Callable[[discord.AudioSource, Callable[[Exception | None], None]], bool]


class _Source(discord.AudioSource):
    """What discord.py's player reads, one ready frame each 20 ms."""

    def __init__(self, player: "Player") -> None:
        self._player = player

    def is_opus(self) -> bool:
        return True

    def read(self) -> bytes:
        frame = self._player.next_frame()
        self._player.tap(frame)
        return frame


class PlayedTrack:
    """The port `VoiceTrack`. Made by `Player.begin`."""

    def __init__(self, player: "Player", track: Track) -> None:
        self._player = player
        self._track = track

    @property
    def over(self) -> bool:
        """Whether nothing more of it is heard."""
        return self._track.over and self._player.sent >= self._track.ended_at

    def left_s(self) -> float:
        """Return the seconds of it still to be heard."""
        return self._player.left_s(self._track)

    def add(self, pcm: bytes) -> None:
        """Queue a piece behind what is queued of it."""
        self._player.add(self._track, pcm)

    def end(self) -> None:
        """Add no more; what is queued is played out."""
        self._track.end()
        self._player.start(self._track)

    def drop(self) -> None:
        """Fade it out at once."""
        self._track.drop()
        self._player.fill()

    def hold(self, *, on: bool) -> None:
        """Fade it out and keep its rest, or go on with that."""
        self._track.hold(on=on)
        self._player.fill()

    def set_gain(self, gain: float) -> None:
        """Glide to this gain, a factor, within some 200 ms."""
        self._track.set_gain(gain)

    def set_rate(self, rate: float) -> None:
        """Speak this many times as fast from now on."""
        self._track.set_rate(rate)


class Player:
    """Mixes tracks, encodes them a little ahead, and plays them while there is something to say.

    Args:
        start: Starts a player; see `Start`.
        gate: Called on the player's thread before each frame.
        figures: The link's counters.
        clock: The time, of the event loop.
        tap: Called on the player's thread with each frame sent; empty at the end.
    """

    def __init__(
        self,
        start: Start,
        gate: Callable[[], Gate],
        figures: Figures,
        clock: Clock,
        *,
        tap: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self._start = start
        self.tap = tap
        self._gate = gate
        self._figures = figures
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._mixer = Mixer()
        self._encoder = Encoder(VOICE_RATE, voip=False)
        self._ready: deque[bytes] = deque()
        self._running = False
        self._closed = False
        self._fill_due = False
        self._stale = False  # what is ready was interrupted and must be dropped
        self._alive_at: float | None = None  # the player's thread owns this and the next
        self._quiet = 0  # frames since the last voice

    @property
    def level(self) -> Leveller:
        """What is known of how loud people and the bot's voices are."""
        return self._mixer.level

    @property
    def sent(self) -> int:
        """Frames of voice that the player's thread took."""
        return self._mixer.mixed - len(self._ready)

    def begin(self, *, gain: float = 1.0) -> PlayedTrack:
        """Return a new track, heard at the same time as the others once voice was added."""
        track = Track(gain=gain)
        if self._closed:
            track.drop()
        else:
            self._mixer.add(track)
        return PlayedTrack(self, track)

    def add(self, track: Track, pcm: bytes) -> None:
        """Queue voice on a track; the first waits for more, if it is short."""
        refused = track.refused_s
        samples = track.add(pcm)
        self._figures.dropped_voice_s += track.refused_s - refused
        for at in range(0, len(samples), _MEASURED):
            piece = samples[at : at + _MEASURED]
            self.level.voice.hear(piece, len(piece) / VOICE_RATE)
        if not len(samples):
            return
        if track.started or track.plenty:
            self.start(track)
        elif not track.awaited:
            track.awaited = True
            self._clock.call_at(self._clock.now() + JITTER_S, lambda: self.start(track))

    def start(self, track: Track) -> None:
        """Begin to play a track with what it has."""
        track.start()
        self.fill()

    def resume(self) -> None:
        """Start playing what is ready, if that is possible now."""
        if self._running or self._closed or not self._ready:
            return
        self._quiet = 0
        self._alive_at = None
        self._running = self._start(_Source(self), self._ended)
        if self._running:
            turns.begin(self)

    def renewed(self) -> None:
        """Drop the tracks that were partly heard before the call was interrupted."""
        begun = [
            track
            for track in self._mixer.tracks
            if track.begun_at is not None and track.begun_at < self.sent
        ]
        if begun:
            self._mixer.interrupt(begun)
            self._ready.clear()
            self.fill()
        self._stale = False

    def left_s(self, track: Track) -> float:
        """Return the seconds of a track that were not sent yet."""
        if track.over:
            return max(0, track.ended_at - self.sent) * FRAME_S
        return track.left_s() + (0 if track.begun_at is None else len(self._ready) * FRAME_S)

    def queued_s(self) -> float:
        """Return the seconds until all that is queued was sent."""
        longest = max((track.left_s() for track in self._mixer.tracks), default=0.0)
        return longest + len(self._ready) * FRAME_S

    def close(self) -> None:
        """Stop playing. The player that runs is ended by whoever started it."""
        self._closed = True
        turns.end(self)
        self._mixer.interrupt(tuple(self._mixer.tracks))
        self._ready.clear()

    def fill(self) -> None:
        """Encode the next few frames, as far as there is voice for them."""
        self._fill_due = False
        while not self._closed and len(self._ready) < AHEAD:
            frame = self._mixer.next(due=len(self._ready) < 2)
            if frame is None:
                break
            self._ready.append(self._encoder.encode(frame))
        self._figures.underruns = self._mixer.underruns
        self.resume()

    def next_frame(self) -> bytes:
        """Return the frame that is due; empty at the end. Called on the player's thread."""
        gate = self._gate()
        if gate is Gate.HOLD:
            self._figures.unsent += 1
            return SILENCE
        now, alive_at = self._clock.now(), self._alive_at
        self._alive_at = now
        if self._stale or (alive_at is not None and now - alive_at > _INTERRUPTED_S):
            if not self._stale:
                self._stale = True
                self._ask(self.renewed)
            return SILENCE
        try:
            frame = self._ready.popleft()
        except IndexError:
            self._quiet += 1
            return SILENCE if self._quiet <= _LINGER and not self._closed else b""
        if not self._fill_due:
            self._fill_due = True
            self._ask(self.fill)
        self._quiet = 0
        if gate is Gate.DISCARD:
            return SILENCE
        self._figures.sent += 1
        return frame

    def _ask(self, what: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(what)
        except RuntimeError:
            self._closed = True  # the loop is gone, and this thread ends with the next frame

    def _ended(self, error: Exception | None) -> None:
        if error is not None:
            log.error("the player ended with an error", error=type(error).__name__)
        self._ask(self._restart)

    def _restart(self) -> None:
        self._running = False
        turns.end(self)
        self.resume()
