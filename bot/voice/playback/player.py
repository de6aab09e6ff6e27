"""Plays voice through discord.py's player thread, which only ever pops a frame that is ready."""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum

import discord

from bot.audio.opus import SILENCE
from bot.voice.figures import Figures
from bot.voice.playback.playout import AHEAD, Playout

log = logging.getLogger(__name__)

_LINGER = 15  # frames of silence before the player ends, so that a late piece finds it running
_SLICE = 8  # frames encoded at once on the event loop, about 0.6 ms


class Gate(Enum):
    """What may be done with a frame now."""

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
        return self._player.next_frame()


class Player:
    """Queued voice, started when there is something to say and ended when there is not.

    Args:
        start: See `Start`.
        gate: Called on the player's thread before each frame.
        figures: Counts.
    """

    def __init__(self, start: Start, gate: Callable[[], Gate], figures: Figures) -> None:
        self._start = start
        self._gate = gate
        self._figures = figures
        self._loop = asyncio.get_running_loop()
        self._playout = Playout()
        self._running = False
        self._closed = False
        self._refill_due = False
        self._quiet = 0  # frames since the last one of voice; the player's thread owns it

    def play(self, pcm: bytes) -> None:
        """Queue voice (PCM16, 24 kHz, mono, any length) behind what is queued."""
        if self._closed:
            return
        self._playout.add(pcm)
        self._figures.dropped_voice_s = self._playout.dropped_s
        self._encode()
        self.resume()

    def resume(self) -> None:
        """Start playing what is queued, where that can be done now."""
        if self._running or self._closed or not self._playout.queued_s():
            return
        self._quiet = 0
        self._running = self._start(_Source(self), self._ended)

    def queued_s(self) -> float:
        """Seconds queued and not yet sent."""
        return self._playout.queued_s()

    def clear(self) -> None:
        """Drop what is queued."""
        self._playout.clear()

    def close(self) -> None:
        """Play nothing any more. The one who starts players ends the one that runs."""
        self._closed = True
        self._playout.clear()

    def next_frame(self) -> bytes:
        """The frame that is due; empty at the end. Called on the player's thread."""
        gate = self._gate()
        if gate is Gate.HOLD:
            self._figures.unsent += 1
            return SILENCE
        frame = self._playout.pop()
        if self._playout.ready < AHEAD // 2:
            self._ask_refill()
        if frame is None:
            self._quiet += 1
            return SILENCE if self._quiet <= _LINGER and not self._closed else b""
        self._quiet = 0
        if gate is Gate.DISCARD:
            return SILENCE
        self._figures.sent += 1
        return frame

    def _ask_refill(self) -> None:
        if self._refill_due or self._closed:
            return
        self._refill_due = True
        try:
            self._loop.call_soon_threadsafe(self._refill)
        except RuntimeError:
            self._closed = True  # the loop is gone, and this thread goes with the next frame

    def _refill(self) -> None:
        self._refill_due = False
        if not self._closed:
            self._encode()
            self._playout.pad()

    def _encode(self) -> None:
        if not self._closed and self._playout.encode(_SLICE):
            self._loop.call_soon(self._encode)

    def _ended(self, error: Exception | None) -> None:
        if error is not None:
            log.error("the player ended with an error: %s", type(error).__name__)
        try:
            self._loop.call_soon_threadsafe(self._restart)
        except RuntimeError:
            self._closed = True

    def _restart(self) -> None:
        self._running = False
        self.resume()
