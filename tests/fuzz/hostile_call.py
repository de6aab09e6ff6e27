"""A call with a real DAVE group in which one member is honest and the others send rubbish."""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import davey
import numpy as np

from bot.audio.opus import SILENCE, Encoder
from bot.voice.figures import Figures
from bot.voice.receive import crypto
from bot.voice.receive.packet_path import PacketPath
from tests.fuzz.mutation import mutated
from tests.unit.loopback.voice.dave_call import DaveCall

RATE = 16_000
OURS, HONEST, STRANGER = 1, 2, 9
VILLAINS = (3, 4, 5)
FRAME_S = 0.02
PER_FRAME = 25  # bad datagrams for each good one


class OurSession:
    """Our member's DAVE session as the receiver uses it."""

    def __init__(self, call: DaveCall) -> None:
        self._session = call.members[OURS].session

    @property
    def voice_privacy_code(self) -> str:
        return self._session.privacy_code()

    def decrypt(self, user_id: int, media_type: davey.MediaType, packet: bytes) -> bytes:
        assert media_type == davey.MediaType.audio
        return self._session.decrypt(user_id, packet)


@dataclass
class CallKeys:
    """Keys of a connection; see `bot.voice.receive.dave.Keys`."""

    session: OurSession | None
    mode: str | None = crypto.AES_GCM
    secret_key: list[int] | None = field(default_factory=lambda: list(range(32)))
    dave_version: int = 1
    plain_allowed: bool = False


class Sender:
    """One stream into the call."""

    def __init__(self, call: DaveCall, keys: CallKeys, user_id: int, ssrc: int) -> None:
        self._call = call
        self._keys = keys
        self.user_id = user_id
        self.ssrc = ssrc
        self.sequence = 65_000
        self.timestamp = 0xFFFF_0000
        self._nonce = ssrc << 16

    def frame(self, opus: bytes) -> bytes:
        """Encrypted for the group."""
        if self._keys.session is None or opus == SILENCE:
            return opus
        return self._call.members[self.user_id].session.encrypt(opus)

    def header(self) -> bytearray:
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + 960) & 0xFFFFFFFF
        return bytearray(struct.pack(">BBHII", 0x80, 120, self.sequence, self.timestamp, self.ssrc))

    def sealed(self, header: bytearray, body: bytes) -> bytes:
        """A datagram with the right transport key."""
        self._nonce = (self._nonce + 1) & 0xFFFFFFFF
        assert self._keys.mode is not None
        assert self._keys.secret_key is not None
        cipher = crypto.cipher(self._keys.mode, bytes(self._keys.secret_key))
        return cipher.seal(bytes(header), body, self._nonce)


class HostileCall:
    """Throws datagrams at a `PacketPath`, and an honest member's speech between them.

    Args:
        seed: Of all dice.
        encrypted: With DAVE; without, what is in a packet reaches the decoder as it is.
    """

    def __init__(self, seed: int, *, encrypted: bool) -> None:
        self.dice = random.Random(seed)
        group = DaveCall(seed)
        for user_id in (OURS, HONEST, *VILLAINS):
            group.join(user_id)
        group.steps()
        self.keys = CallKeys(OurSession(group) if encrypted else None)
        self.keys.dave_version = int(encrypted)
        self.figures = Figures()
        self.hearing = PacketPath(self.keys, self.figures)
        self.hearing.allowed = frozenset((HONEST, *VILLAINS))
        self.hearing.arrive((HONEST, *VILLAINS))
        self.now = 100.0
        self.thrown = 0
        self.samples_out = 0
        self.honest_sent = 0
        self.honest_heard = 0
        self._honest = Sender(group, self.keys, HONEST, 2000)
        self._villains = [Sender(group, self.keys, v, 1000 + v) for v in VILLAINS]
        self.hearing.announce(self._honest.ssrc, HONEST)
        self._opus = _speech()
        self._accidents: tuple[Callable[[Sender], bytes], ...] = (
            self._noise, self._audio_noise, self._broken_on_the_way, self._broken_header,
            self._broken_payload, self._broken_frame, self._broken_opus, self._jumping,
            self._stray, self._whole,
        )  # fmt: skip

    def throw(self, count: int) -> None:
        """So many bad datagrams, and the honest speech and the time that pass meanwhile."""
        for number in range(count):
            sender = self.dice.choice(self._villains)
            self._take(self.dice.choice(self._accidents)(sender))
            if number % PER_FRAME == 0:
                self._pass()

    def finish(self) -> None:
        """Everybody falls silent."""
        for _ in range(100):
            self.now += 0.02
            self.hearing.tick(self.now)
        self._collect()

    def _pass(self) -> None:
        opus = self._opus[self.honest_sent % len(self._opus)]
        self.honest_sent += 1
        honest = self._honest
        self._take(honest.sealed(honest.header(), honest.frame(opus)))
        self.now += FRAME_S
        self.hearing.tick(self.now)
        self._collect()
        if self.dice.random() < 0.02:
            self._gossip()

    def _gossip(self) -> None:
        """The gateway says something of the villains, right or wrong."""
        villain = self.dice.choice(self._villains)
        kind = self.dice.randrange(4)
        if kind == 0:
            self.hearing.announce(villain.ssrc, villain.user_id)
        elif kind == 1:
            self.hearing.announce(villain.ssrc, self.dice.choice(VILLAINS))
        elif kind == 2:
            self.hearing.leave(villain.user_id)
        else:
            self.hearing.arrive((villain.user_id, STRANGER))

    def _take(self, datagram: bytes) -> None:
        self.thrown += 1
        self.hearing.packet(datagram, self.now)

    def _collect(self) -> None:
        for user_id, pcm, _ in self.hearing.take():
            frames = len(pcm or b"") / (RATE // 50 * 2)
            self.samples_out += len(pcm or b"") // 2
            if user_id == HONEST:
                self.honest_heard += int(frames)

    # Accidents

    def _noise(self, _sender: Sender) -> bytes:
        return self.dice.randbytes(self.dice.randrange(200))

    def _audio_noise(self, _sender: Sender) -> bytes:
        head = bytes((0x80 | self.dice.randrange(64), 120))
        return head + self.dice.randbytes(self.dice.randrange(200))

    def _broken_on_the_way(self, sender: Sender) -> bytes:
        return mutated(self._whole(sender), self.dice)

    def _broken_header(self, sender: Sender) -> bytes:
        header = sender.header()
        header[self.dice.choice((0, 0, 1, 2, 3, 4, 5, 6, 7))] ^= 1 << self.dice.randrange(8)
        header += self.dice.randbytes(self.dice.choice((0, 0, 4, 8, 3)))
        return sender.sealed(header, sender.frame(self.dice.choice(self._opus)))

    def _broken_payload(self, sender: Sender) -> bytes:
        header = sender.header()
        header[0] |= self.dice.choice((0x20, 0x10, 0x30))
        if header[0] & 0x10:
            header += b"\xbe\xde" + struct.pack(">H", self.dice.choice((0, 1, 2, 9, 40, 65535)))
        body = bytes(8) + sender.frame(self.dice.choice(self._opus))
        return sender.sealed(header, body + bytes((self.dice.randrange(256),)))

    def _broken_frame(self, sender: Sender) -> bytes:
        frame = sender.frame(self.dice.choice(self._opus))
        return sender.sealed(sender.header(), mutated(frame, self.dice))

    def _broken_opus(self, sender: Sender) -> bytes:
        opus = self.dice.choice(self._opus)
        bad = self.dice.choice((mutated(opus, self.dice), self.dice.randbytes(40), b"", SILENCE))
        return sender.sealed(sender.header(), sender.frame(bad))

    def _jumping(self, sender: Sender) -> bytes:
        sender.sequence = self.dice.choice(
            (sender.sequence + self.dice.randrange(-120, 600), self.dice.randrange(1 << 16))
        )
        sender.timestamp = self.dice.choice(
            (sender.timestamp + self.dice.randrange(-9600, 96000), self.dice.randrange(1 << 32))
        )
        return self._whole(sender)

    def _stray(self, sender: Sender) -> bytes:
        """Of a stream that nobody announced."""
        header = sender.header()
        header[8:12] = struct.pack(">I", self.dice.randrange(1 << 32))
        return sender.sealed(header, sender.frame(self.dice.choice(self._opus)))

    def _whole(self, sender: Sender) -> bytes:
        return sender.sealed(sender.header(), sender.frame(self.dice.choice(self._opus)))


def _speech() -> list[bytes]:
    encoder = Encoder(RATE)
    t = np.arange(RATE * 2) / RATE
    pcm = (np.sin(2 * np.pi * 300 * t) * 8000).astype("<i2").tobytes()
    size = encoder.frame_bytes
    return [encoder.encode(pcm[i : i + size]) for i in range(0, len(pcm), size)]
