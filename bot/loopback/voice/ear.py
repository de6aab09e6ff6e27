"""What a member heard, as sound on the true timeline."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.audio.opus import FRAME_MS, SILENCE, Decoder
from bot.loopback.voice import rtp

_MAX_PACKETS = (
    100_000  # of one user, about half an hour of speech; later ones are counted, not kept
)
_RECENT = 512  # sequence numbers remembered to tell a duplicate
# A packet this much later than its timestamp says comes after a pause; after frames of silence,
# which end a spurt, less is enough. What is late by less was held up on its way.
_PAUSE_S = 0.5
_PAUSE_AFTER_SILENCE_S = 0.06
_CONCEALED = 5  # frames that libopus may make up for lost ones in a row


@dataclass(frozen=True, slots=True)
class _Heard:
    at: float
    sequence: int
    timestamp: int
    frame: bytes


@dataclass(slots=True)
class _HeardVoice:
    """What was heard of one user."""

    ssrc: int | None = None
    packets: list[_Heard] = field(default_factory=list)
    recent: dict[int, None] = field(default_factory=dict)
    speech: int = 0


class Ear:
    """Records what arrives, per user; decodes when asked.

    Args:
        decrypt: Opens one frame of a user; raises ValueError or RuntimeError when it can't. None
            while the call has no end-to-end encryption.

    Attributes:
        failures: Frames that could not be decrypted.
        unencrypted: Frames that came plain where they must not.
        unkept: Packets beyond what is kept of one user.
    """

    def __init__(self, decrypt: Callable[[int, bytes], bytes] | None) -> None:
        self._decrypt = decrypt
        self._voices: dict[int, _HeardVoice] = {}
        self.failures = 0
        self.unencrypted = 0
        self.unkept = 0

    def hear(self, user_id: int, packet: rtp.Packet, at: float) -> None:
        """Take a packet that arrived at loop second `at`."""
        voice = self._voices.setdefault(user_id, _HeardVoice())
        if packet.ssrc != voice.ssrc:  # of a new connection, which counts anew
            voice.ssrc = packet.ssrc
            voice.recent.clear()
        if packet.sequence in voice.recent:
            return  # a duplicate; DAVE would refuse it, rightly
        voice.recent[packet.sequence] = None
        if len(voice.recent) > _RECENT:
            del voice.recent[next(iter(voice.recent))]
        frame = self._open(user_id, packet.frame)
        if frame is None:
            return
        if len(voice.packets) >= _MAX_PACKETS:
            self.unkept += 1
            return
        voice.speech += frame != SILENCE
        voice.packets.append(_Heard(at, packet.sequence, packet.timestamp, frame))

    def _open(self, user_id: int, frame: bytes) -> bytes | None:
        if self._decrypt is None or frame == SILENCE:
            return frame
        if not rtp.is_dave_frame(frame):
            self.unencrypted += 1
            return None
        try:
            return self._decrypt(user_id, frame)
        except (ValueError, RuntimeError):
            self.failures += 1
            return None

    def users(self) -> tuple[int, ...]:
        """Return everyone of whom something was heard."""
        return tuple(user_id for user_id, voice in self._voices.items() if voice.packets)

    def frames(self, user_id: int) -> int:
        """Return how many frames of this user were heard, frames of silence left out."""
        voice = self._voices.get(user_id)
        return voice.speech if voice else 0

    def began_at(self, user_id: int) -> float | None:
        """Return the loop second at which the first packet of this user arrived."""
        voice = self._voices.get(user_id)
        return voice.packets[0].at if voice and voice.packets else None

    def pcm(self, user_id: int, rate: int = 48_000) -> bytes:
        """Return PCM16 mono from this user's first packet on; silence where nothing came.

        Within a spurt of speech a frame stands where its timestamp says, between spurts where it
        arrived.

        Args:
            user_id: The user whose voice it is.
            rate: 8000, 12000, 16000, 24000 or 48000 hertz.

        Raises:
            OpusError: A frame is not Opus.
        """
        voice = self._voices.get(user_id)
        if voice is None or not voice.packets:
            return b""
        out = bytearray()
        began_at = voice.packets[0].at
        for spurt in _spurts(voice.packets):
            start = round((spurt[0].at - began_at) * rate) * 2
            out.extend(bytes(max(0, start - len(out))))
            out.extend(_decoded(spurt, rate))
        return bytes(out)


def _signed(difference: int, bits: int) -> int:
    """Return the distance of two wrapping numbers."""
    half = 1 << (bits - 1)
    return (difference + half) % (1 << bits) - half


def _spurts(packets: list[_Heard]) -> list[list[_Heard]]:
    """Cut packets where the speaker paused, each spurt in the order of sequence numbers."""
    spurts: list[list[_Heard]] = []
    silent = 0
    for packet in packets:
        if spurts:
            first, last = spurts[-1][0], spurts[-1][-1]
            due = first.at + _signed(packet.timestamp - first.timestamp, 32) / 48_000
            behind = _signed(packet.sequence - last.sequence, 16) < 0
            ended = silent and not behind
            if abs(packet.at - due) < (_PAUSE_AFTER_SILENCE_S if ended else _PAUSE_S):
                spurts[-1].append(packet)
                silent = silent + 1 if packet.frame == SILENCE else 0
                continue
        spurts.append([packet])
        silent = int(packet.frame == SILENCE)
    for spurt in spurts:
        base = spurt[0].sequence
        spurt.sort(key=lambda one: _signed(one.sequence - base, 16))
    return spurts


def _decoded(spurt: list[_Heard], rate: int) -> bytes:
    decoder = Decoder(rate)
    frame_bytes = rate * FRAME_MS // 1000 * 2
    out = bytearray()
    first = spurt[0].timestamp
    for packet in spurt:
        position = _signed(packet.timestamp - first, 32) * rate // 48_000 * 2
        missing = max(0, position - len(out)) // frame_bytes
        for _ in range(min(missing, _CONCEALED)):
            out.extend(decoder.conceal())
        out.extend(bytes(max(0, position - len(out))))
        out.extend(decoder.decode(packet.frame))
    return bytes(out)
