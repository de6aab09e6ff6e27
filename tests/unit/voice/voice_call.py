"""A call of one voice connection on the desk: members that send packets, and what hears them."""

import struct
from dataclasses import dataclass, field

import davey
import numpy as np

from bot.audio.opus import SILENCE, Encoder
from bot.voice.figures import Figures
from bot.voice.receive import crypto
from bot.voice.receive.packet_path import PacketPath

RATE = 16_000
FRAME = 0.02


@dataclass
class Group:
    """Stands for the DAVE session: the user and the epoch a frame was sealed in are written in it.

    Real sessions need a whole MLS group; the tests on the loopback Discord have those. As in a real
    one, the first frame of an epoch that is opened counts as its first: older ones are refused.
    """

    ready: bool = True
    epoch: int = 1
    members: set[int] = field(default_factory=set)
    opened_for: list[int] = field(default_factory=list)
    sealed: int = 0
    failures: int = 0
    newest: dict[tuple[int, int], int] = field(default_factory=dict)
    missing: set[tuple[int, int, int]] = field(default_factory=set)

    @property
    def voice_privacy_code(self) -> str:
        return f"{self.epoch:030}"

    def seal(self, user_id: int, frame: bytes, epoch: int | None = None) -> bytes:
        self.sealed += 1
        head = struct.pack(">QIQ", user_id, self.epoch if epoch is None else epoch, self.sealed)
        return head + frame + b"\xfa\xfa"

    def decrypt(self, user_id: int, _media: davey.MediaType, packet: bytes) -> bytes:
        self.opened_for.append(user_id)
        sender, epoch, nonce = struct.unpack_from(">QIQ", packet)
        if user_id not in self.members:
            self.failures += 1
            raise ValueError("NoDecryptorForUser")
        key = sender, epoch
        newest = self.newest.get(key, nonce - 1)
        fresh = nonce > newest or (*key, nonce) in self.missing
        if sender != user_id or epoch > self.epoch or not fresh:
            self.failures += 1
            raise ValueError("NoValidCryptorFound")
        self.missing |= {(*key, other) for other in range(newest + 1, nonce)}
        self.missing.discard((*key, nonce))
        self.newest[key] = max(newest, nonce)
        return packet[20:-2]


@dataclass
class DeskKeys:
    """Keys that a test can change."""

    mode: str | None = crypto.AES_GCM
    secret_key: list[int] | None = field(default_factory=lambda: list(range(32)))
    session: Group | None = field(default_factory=Group)
    dave_version: int = 1
    plain_allowed: bool = False


class Talker:
    """A member's sending side; each call makes one datagram, usually of 20 ms."""

    def __init__(
        self, keys: DeskKeys, user_id: int, ssrc: int, *, sequence: int = 65_530, ms: float = 20.0
    ) -> None:
        self.ms = ms
        self.keys = keys
        self.user_id = user_id
        self.ssrc = ssrc
        self.sequence = sequence
        self.timestamp = 0xFFFF_F000
        self._encoder = Encoder(RATE)
        self._encoder.samples = round(RATE * ms / 1000)
        self._encoder.frame_bytes = self._encoder.samples * 2
        self._counter = 0

    def packet(self, frame: bytes, *, plain: bool = False, epoch: int | None = None) -> bytes:
        session = self.keys.session
        if session is not None and not plain and frame != SILENCE:
            frame = session.seal(self.user_id, frame, epoch)
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + round(self.ms * 48)) & 0xFFFFFFFF
        return self.seal(frame)

    def seal(self, body: bytes, *, flags: int = 0, tail: bytes = b"") -> bytes:
        header = struct.pack(">BBHII", 0x80 | flags, 120, self.sequence, self.timestamp, self.ssrc)
        assert self.keys.mode is not None
        assert self.keys.secret_key is not None
        self._counter += 1
        cipher = crypto.cipher(self.keys.mode, bytes(self.keys.secret_key))
        return cipher.seal(header + tail, body, self._counter)

    def tone(self, hertz: float, frames: int) -> list[bytes]:
        """Opus packets of a tone, not yet sealed."""
        t = np.arange(frames * self._encoder.samples) / RATE
        pcm = (np.sin(2 * np.pi * hertz * t) * 8000).astype("<i2").tobytes()
        size = self._encoder.frame_bytes
        return [self._encoder.encode(pcm[i : i + size]) for i in range(0, len(pcm), size)]


class Desk:
    """A hearing, and what it heard so far."""

    def __init__(self, *allowed: int) -> None:
        self.keys = DeskKeys()
        self.figures = Figures()
        self.hearing = PacketPath(self.keys, self.figures)
        self.hearing.allowed = frozenset(allowed)
        self.pcm: dict[int, bytes] = {}
        self.ends: list[tuple[int, float]] = []
        self.now = 100.0

    def join(self, user_id: int, ssrc: int, *, announced: bool = True, ms: float = 20.0) -> Talker:
        if self.keys.session is not None:
            self.keys.session.members.add(user_id)
        self.hearing.arrive([user_id])
        if announced:
            self.hearing.announce(ssrc, user_id)
        return Talker(self.keys, user_id, ssrc, ms=ms)

    def take(self, datagram: bytes | None, seconds: float = FRAME) -> None:
        """A datagram arrives, or is lost, and time passes."""
        if datagram is not None:
            self.hearing.packet(datagram, self.now)
        self.wait(seconds)

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until - 1e-9:
            self.now = min(self.now + 0.01, until)
            self.hearing.tick(self.now)
        for user_id, pcm, at in self.hearing.take():
            if pcm is None:
                self.ends.append((user_id, at))
            else:
                self.pcm[user_id] = self.pcm.get(user_id, b"") + pcm

    def seconds(self, user_id: int) -> float:
        return len(self.pcm.get(user_id, b"")) / 2 / RATE


def pitch(pcm: bytes) -> float:
    """The strongest frequency, in hertz."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * RATE / len(samples))
