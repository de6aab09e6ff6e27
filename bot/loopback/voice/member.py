"""A participant of a call inside this process: it speaks, listens and keeps its keys."""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import TypeAlias

import numpy as np

from bot.audio.opus import FRAME_MS, SILENCE, Encoder
from bot.errors import LoopbackError
from bot.loopback.voice import rtp
from bot.loopback.voice.call import VoiceCall
from bot.loopback.voice.ear import Ear
from bot.loopback.voice.membership import DaveySession, GroupSession, Membership
from bot.loopback.voice.opcodes import Body, Op

NewSession: TypeAlias = Callable[[int, int], GroupSession]
"""Makes a DAVE session of a user (first) in a channel (second)."""

_FRAME_S = FRAME_MS / 1000
_CODEC_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
_SILENT_FRAMES = 5
_UPCOMING = 100  # frames, 2 s: what may be needed while a change of keys runs
_READY_S = 10.0
_SLICE = 10  # frames encoded before the event loop has its turn
_AHEAD = 3000  # frames, a minute: encoded before it speaks; what follows is, while it does


@dataclass(frozen=True, slots=True)
class Spoken:
    """When something was said.

    Attributes:
        began_at: Loop second of the first packet with speech.
        ended_at: Loop second at which the last one's sound ends.
    """

    began_at: float
    ended_at: float


def encodable(pcm: bytes, rate: int) -> tuple[bytes, int]:
    """Return PCM16 mono at a rate that Opus takes: as it is, else brought to 48 kHz.

    Raises:
        LoopbackError: It is empty, half a sample, or at no rate.
    """
    if not pcm or len(pcm) % 2 or rate <= 0:
        raise LoopbackError(f"{len(pcm)} bytes at {rate} Hz are no PCM16 to speak.")
    if rate in _CODEC_RATES:
        return pcm, rate
    # The whole sound at once: its spectrum, cut or continued, is an exact resampler.
    samples = np.frombuffer(pcm, "<i2").astype(float)
    wanted = max(1, round(len(samples) * 48_000 / rate))
    resampled = np.fft.irfft(np.fft.rfft(samples), wanted) * (wanted / len(samples))
    return np.clip(np.rint(resampled), -32768, 32767).astype("<i2").tobytes(), 48_000


class VoiceMember:
    """A person in a call.

    Args:
        user_id: The user.
        ssrc: The SSRC of its stream.
        call: The call to enter; it is in it at once.
        left: Is called once, when it is out again.
        new_session: Its implementation of DAVE.

    Attributes:
        ear: Collects what it hears.
        speaking: When set, is told that it began (True) or ended to speak, and the loop second.
    """

    def __init__(
        self,
        user_id: int,
        ssrc: int,
        call: VoiceCall,
        left: Callable[[], None],
        new_session: NewSession = DaveySession,
    ) -> None:
        self.user_id = user_id
        self.ssrc = ssrc
        self.speaking: Callable[[bool, float], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._call = call
        self._left = left
        self._gone = False
        self._changed = asyncio.Event()
        self._speech = asyncio.Lock()
        self._frames: list[bytes] = []  # of what is being said
        self._next = 0  # the one of them to send
        self._sequence = secrets.randbits(16)
        self._timestamp = secrets.randbits(32)
        self.membership: Membership | None = None
        if call.dave_version:
            session = new_session(user_id, call.channel_id)
            self.membership = Membership(user_id, session, self._upcoming)
        self.ear = Ear(None if self.membership is None else self.membership.session.decrypt)
        call.enter(self)
        if self.membership is not None:
            self._answer(self.membership.start())

    def _upcoming(self) -> Iterable[bytes]:
        return self._frames[self._next : self._next + _UPCOMING]

    # For the call

    def tell(self, op: Op, body: Body) -> None:
        """Take a message of the gateway, in its turn."""
        self._loop.call_soon(self._take, op, body)

    def hear(self, sender: int, packet: rtp.Packet) -> None:
        """Take a packet of another participant."""
        self.ear.hear(sender, packet, self._loop.time())

    def ousted(self, code: int) -> None:  # noqa: ARG002 - a person has no websocket
        """Leave the call; what is being said ends."""
        self._gone = True
        self._changed.set()
        self._left()

    def _take(self, op: Op, body: Body) -> None:
        if self._gone or self.membership is None:
            return
        self._answer(self.membership.receive(op, body))
        self._changed.set()

    def _answer(self, answers: list[tuple[Op, Body]]) -> None:
        for op, body in answers:
            self._loop.call_soon(self._send, op, body)

    def _send(self, op: Op, body: Body) -> None:
        if not self._gone:
            self._call.dave(self.user_id, op, body)

    # For tests and the demo

    @property
    def can_talk(self) -> bool:
        """Whether it can be heard: it shares keys, is alone, or nothing is encrypted."""
        if self.membership is None or len(self._call.participants()) == 1:
            return True
        return self.membership.ready

    async def ready(self) -> None:
        """Wait until it can speak and hear.

        Raises:
            LoopbackError: It left, or that took longer than ten seconds.
        """
        try:
            async with asyncio.timeout(_READY_S):
                while not self.can_talk:
                    self._check()
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise LoopbackError(
                f"Member {self.user_id} got no keys for the call within {_READY_S:.0f} s."
            ) from None
        self._check()

    def _check(self) -> None:
        if self._gone:
            raise LoopbackError(f"Member {self.user_id} is not in the voice channel.")

    async def speak(self, pcm: bytes, *, rate: int = 16_000) -> Spoken:
        """Say PCM16 mono in real time; several calls follow each other.

        Raises:
            LoopbackError: It is not in the call, or left before the first packet; or `pcm` is
                none. When it leaves later, it is said as far as that.
        """
        async with self._speech:
            count, speech = _encoded(*encodable(pcm, rate))
            coming = chain(speech, repeat(SILENCE, _SILENT_FRAMES))
            frames: list[bytes] = []
            for frame in islice(coming, _AHEAD):
                frames.append(frame)
                if len(frames) % _SLICE == 0:
                    await asyncio.sleep(0)
            await self.ready()
            self._frames, self._next = frames, 0
            began_at = self._loop.time()
            self._say_that(on=True)
            try:
                await self._send_frames(began_at, coming)
            finally:
                sent = min(self._next, count)
                self._frames, self._next = [], 0
                self._say_that(on=False)
        return Spoken(began_at, began_at + sent * _FRAME_S)

    def _say_that(self, *, on: bool) -> None:
        if not self._gone:
            self._call.speaking(self.user_id, int(on))
        if self.speaking is not None:
            self.speaking(on, self._loop.time())

    async def _send_frames(self, began_at: float, coming: Iterator[bytes]) -> None:
        for number, frame in enumerate(self._frames):
            self._frames += islice(coming, 1)  # as many as go
            # Every deadline counts from the first packet, so that no delay adds to the next.
            if (wait := began_at + number * _FRAME_S - self._loop.time()) > 0:
                await asyncio.sleep(wait)
            if self._gone:
                return
            self._next = number + 1
            self._send_frame(frame)

    def _send_frame(self, frame: bytes) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + rtp.TICKS) & 0xFFFF_FFFF
        if self.membership is not None and frame != SILENCE:
            if not self.membership.session.ready:
                return  # nobody shares a key yet; plain speech must never leave
            frame = self.membership.session.encrypt(frame)
        packet = rtp.Packet(self._sequence, self._timestamp, self.ssrc, frame)
        self._call.relay(self.user_id, packet)

    async def leave(self) -> None:
        """Go out of the call. Idempotent."""
        if not self._gone:
            self._call.leave(self.user_id)


def _encoded(pcm: bytes, rate: int) -> tuple[int, Iterator[bytes]]:
    """Return how many frames a sound takes, and the frames, each encoded when it is asked for."""
    encoder = Encoder(rate)
    size = encoder.frame_bytes
    starts = range(0, len(pcm), size)
    return len(starts), (encoder.encode(pcm[at : at + size].ljust(size, b"\0")) for at in starts)
