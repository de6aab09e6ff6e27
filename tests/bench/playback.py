"""How evenly and how soon the bot's voice leaves it, with an idle and with a busy interpreter.

The whole way from the service's first piece of voice on: the room's queue, the player, discord.py's
own thread, DAVE, a datagram. They run in a process of their own, and this one, which does nothing
else, notes when each datagram arrives. Beside it all, a thread may count in pure Python, which is
the worst that another part of the bot could do.
"""

import asyncio
import random
import socket
import statistics
import threading
import time
from functools import partial
from multiprocessing.connection import Connection
from types import SimpleNamespace
from typing import Any, cast

import davey
import discord

from bot.audio.opus import SILENCE
from bot.clock import LoopClock
from bot.room.captions import CaptionLine
from bot.room.spoken.voice_queue import QueuedUtterance, VoiceQueue
from bot.voice.figures import Figures
from bot.voice.playback.player import Gate, Player
from tests.bench.group import group
from tests.bench.measure import Child, listening_socket, settle
from tests.support.sounds import spoken

FRAME_MS = 20.0
_BOT = 1
_DELTA = 7_680  # bytes, 160 ms: a piece of the service's voice
_BYTES_PER_S = 48_000
_AHEAD_S = 2.0  # of voice that the service is ahead of what is spoken
_SKIPPED = 50  # frames, the first second
_PAUSE_S = 0.6  # between utterances: the player has ended
_PACE = 1.2  # of the service, to real time


def ticks_ms(seconds: float, *, busy: bool) -> list[float]:
    """When each frame of so long an utterance arrived, in milliseconds since the first."""
    arrived = [at for at, _ in _received(partial(_long, seconds), busy=busy)]
    return [(at - arrived[0]) * 1e3 for at in arrived[: round(seconds * 50)]]


def intervals_p99_ms(ticks: list[float]) -> float:
    """The 99th percentile of the time from frame to frame, the first second left out."""
    steps = [b - a for a, b in zip(ticks[_SKIPPED:], ticks[_SKIPPED + 1 :], strict=False)]
    return statistics.quantiles(steps, n=100)[98]


def drift_ms(ticks: list[float]) -> float:
    """How far the last second of frames is off the grid of the first, by the medians."""
    off = [tick - number * FRAME_MS for number, tick in enumerate(ticks)]
    return abs(statistics.median(off[-50:]) - statistics.median(off[:50]))


def first_voice_ms(utterances: int, *, busy: bool) -> list[float]:
    """From the service's first piece to the first frame, of utterances after silence."""
    begun: list[float] = []
    packets = _received(partial(_short, utterances), busy=busy, begun=begun)
    waits = []
    for at in begun:
        first = next(when for when, size in packets if when >= at and size > len(SILENCE))
        waits.append((first - at) * 1e3)
    return waits


def _received(
    work: Any, *, busy: bool, begun: list[float] | None = None
) -> list[tuple[float, int]]:
    """When each datagram arrived, in seconds, and its size."""
    found: list[tuple[float, int]] = []
    with listening_socket() as sock:
        sock.settimeout(0.2)
        child = Child(partial(_bot, work, sock.getsockname(), busy))
        try:
            while not child.pipe.poll():
                try:
                    data = sock.recv(2048)
                except TimeoutError:
                    continue
                found.append((time.monotonic(), len(data)))
            times = child.result()
            assert isinstance(times, list)
            if begun is not None:
                begun.extend(times)
        finally:
            child.end()
    return found


# In the measured process


class _Client:
    """What discord.py's player needs of a voice client: DAVE and a socket, and no gateway."""

    timeout = 1.0

    def __init__(self, session: davey.DaveSession, to: tuple[str, int]) -> None:
        self._session = session
        self._to = to
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.client = SimpleNamespace(loop=asyncio.get_running_loop())
        self.ws = self
        self.player: discord.player.AudioPlayer | None = None

    async def speak(self, _state: discord.SpeakingState) -> None:
        """Nobody is told."""

    def is_connected(self) -> bool:
        return True

    def send_audio_packet(self, frame: bytes, *, encode: bool) -> None:
        assert not encode
        data = frame if frame == SILENCE else self._session.encrypt_opus(frame)
        self._socket.sendto(data, self._to)

    def play(self, source: discord.AudioSource, after: Any) -> bool:
        player = discord.player.AudioPlayer(source, cast("discord.VoiceClient", self), after=after)
        self.player = player
        player.start()
        return True


class _Speaker:
    """A room's queue on a player."""

    def __init__(self, client: _Client) -> None:
        self._clock = LoopClock()
        self.player = Player(client.play, lambda: Gate.SEND, Figures(), self._clock)
        self.queue = VoiceQueue(lambda gain: self.player.begin(gain=gain))
        self._turn = 0

    async def say(self, pcm: bytes, *, paced: bool) -> float:
        """Speak an utterance to its end; when its first piece came."""
        self._turn += 1
        utterance = QueuedUtterance(CaptionLine(1, "en"), self._turn)
        began_at = self._clock.now()
        for at in range(0, len(pcm), _DELTA):
            due = began_at + at / _BYTES_PER_S / _PACE if paced else began_at
            ahead_of = began_at + at / _BYTES_PER_S - _AHEAD_S
            await asyncio.sleep(max(0.0, max(due, ahead_of) - self._clock.now()))
            self.queue.voice(utterance, pcm[at : at + _DELTA], self._clock.now())
            self.queue.advance(self._clock.now())
        self.queue.ended(utterance)
        while self.queue.advance(self._clock.now()) is not None:  # noqa: ASYNC110 - it is asked
            await asyncio.sleep(0.02)
        return began_at


async def _long(seconds: float, speaker: _Speaker) -> list[float]:
    pcm = spoken()
    whole = pcm * (int(seconds * _BYTES_PER_S / len(pcm)) + 1)
    return [await speaker.say(whole[: round(seconds * _BYTES_PER_S)], paced=False)]


async def _short(utterances: int, speaker: _Speaker) -> list[float]:
    begun = []
    loud = spoken()[12_000:60_000]
    for _ in range(utterances):
        begun.append(await speaker.say(loud, paced=True))
        await asyncio.sleep(_PAUSE_S + random.random() / 10)
    return begun


def _bot(work: Any, to: tuple[str, int], busy: bool, pipe: Connection) -> None:  # noqa: FBT001
    stop = threading.Event()

    def count() -> None:
        while not stop.is_set():
            sum(range(1_000))

    async def run() -> list[float]:
        _, sessions = group([_BOT])
        speaker = _Speaker(_Client(sessions[_BOT], to))
        settle()
        counting = threading.Thread(target=count, daemon=True)
        if busy:
            counting.start()
        times: list[float] = await work(speaker)
        stop.set()
        await asyncio.sleep(0.5)  # the last frames are on their way
        return times

    pipe.send(asyncio.run(run()))
