"""A member whose loudspeaker plays the bot's voice into their microphone, without sockets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bot.audio.opus import Decoder, Encoder
from bot.voice.echo.guard import EchoGuard, Passed
from bot.voice.echo.played import PlayedVoice
from tests.support.clips import clip

RATE = 16_000
BATCH = 1600  # samples, 100 ms
BEGINS_AT = 1000.0  # clock seconds, of everything here

Sound = npt.NDArray[np.float64]


def recorded(name: str) -> Sound:
    """A recording."""
    return np.frombuffer(clip(name)[0], "<i2").astype(float)


def in_a_row(*names: str, pause_s: float = 0.3, after_s: float = 1.0) -> Sound:
    """Recordings, one after the other."""
    pause = np.zeros(int(pause_s * RATE))
    parts = [part for name in names for part in (recorded(name), pause)]
    return np.concatenate([*parts, np.zeros(int(after_s * RATE))])


def later(sound: Sound, seconds: float) -> Sound:
    """With silence before it."""
    return np.concatenate([np.zeros(int(seconds * RATE)), sound])


def mixed(*sounds: Sound) -> Sound:
    """All at once."""
    whole = np.zeros(max(len(sound) for sound in sounds))
    for sound in sounds:
        whole[: len(sound)] += sound
    return whole


def level(sound: Sound) -> float:
    """The root mean square of where there is sound."""
    power = np.square(sound[: len(sound) // 320 * 320]).reshape(-1, 320).mean(axis=1)
    return float(np.sqrt(power[power > power.max() / 1000].mean()))


def pcm16(sound: Sound) -> bytes:
    return np.clip(np.rint(sound), -32768, 32767).astype("<i2").tobytes()


def samples(pcm: bytes) -> Sound:
    return np.frombuffer(pcm, "<i2").astype(float)


def encoded(sound: Sound) -> list[bytes]:
    """Opus frames, as Discord carries them."""
    encoder = Encoder(RATE)
    size = encoder.frame_bytes
    pcm = pcm16(sound)
    pcm += bytes(-len(pcm) % size)
    return [encoder.encode(pcm[at : at + size]) for at in range(0, len(pcm), size)]


def decoded(frames: Sequence[bytes]) -> Sound:
    decoder = Decoder(RATE)
    return samples(b"".join(decoder.decode(frame) for frame in frames))


def through_opus(sound: Sound) -> Sound:
    return decoded(encoded(sound))


def noise(length: int, rms: float, seed: int = 0) -> Sound:
    """A room's: louder the deeper."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(length))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 20))
    sound = np.fft.irfft(spectrum, length)
    return np.asarray(sound / sound.std() * rms)


@dataclass(frozen=True, slots=True)
class Way:
    """From the bot's voice to a member's microphone.

    Attributes:
        delay_s: Of the network, the buffers and the sound card.
        db: How loud the voice returns, relative to how it was played.
        reverberation_s: Until the room's echo is 60 dB down.
        direct_db: How loud the direct sound is, relative to the room's.
        overdriven: The loudspeaker distorts.
        drift: How much slower the member's clock runs.
        seed: Of the room.
    """

    delay_s: float = 0.2
    db: float = -12.0
    reverberation_s: float = 0.3
    direct_db: float = 0.0
    overdriven: bool = False
    drift: float = 0.0
    seed: int = 1

    def returned(self, voice: Sound) -> Sound:
        """What comes back."""
        sound = voice
        if self.overdriven:
            sound = np.tanh(sound / np.abs(sound).max() * 2) * np.abs(sound).max()
        sound = _convolved(sound, self.room())
        sound *= level(voice) / level(sound) * 10 ** (self.db / 20)
        if self.drift:
            at = np.arange(len(sound))
            sound = np.interp(at * (1 + self.drift), at, sound)
        return later(sound, self.delay_s)

    def room(self) -> Sound:
        """What becomes of a click, as loud as it was."""
        length = int(self.reverberation_s * RATE)
        decay = np.exp(-6.9 * np.arange(length) / length)
        room = np.random.default_rng(self.seed).standard_normal(length) * decay
        room[0] = np.sqrt(np.square(room[1:]).sum()) * 10 ** (self.direct_db / 20)
        return np.asarray(room / np.sqrt(np.square(room).sum()))


def _convolved(sound: Sound, room: Sound) -> Sound:
    size = len(sound) + len(room)
    both = np.fft.rfft(sound, size) * np.fft.rfft(room, size)
    return np.asarray(np.fft.irfft(both, size)[: len(sound)])


class Now:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = BEGINS_AT

    def __call__(self) -> float:
        return self.at


@dataclass
class Call:
    """The bot speaks while a member's microphone is open; both begin at `BEGINS_AT`.

    Attributes:
        played: Frames of the bot's voice, one each 20 ms.
        microphone: What the bot gets of the member.
    """

    played: Sequence[bytes]
    microphone: Sound

    def __post_init__(self) -> None:
        self.now = Now()
        self.voice = PlayedVoice(self.now)
        self.guard = EchoGuard(self.voice)
        self.passed: list[Passed | None] = []

    def batches(self) -> Iterator[tuple[bytes, float]]:
        """The member's speech as it comes in, the bot's voice sent meanwhile."""
        pcm, sent = pcm16(self.microphone), 0
        for start in range(0, len(pcm) // 2 // BATCH * BATCH, BATCH):
            ends_at = BEGINS_AT + (start + BATCH) / RATE
            while sent < len(self.played) and BEGINS_AT + sent / 50 <= ends_at:
                self.now.at = BEGINS_AT + sent / 50
                self.voice.sent(self.played[sent])
                sent += 1
            self.now.at = ends_at
            yield pcm[start * 2 : (start + BATCH) * 2], ends_at

    def run(self) -> "Call":
        """All of it."""
        for pcm, at in self.batches():
            self.passed += self.guard.feed(pcm, at)
        self.passed += self.guard.finish()
        return self

    @property
    def pcm(self) -> bytes:
        """What went through."""
        return b"".join(one.pcm for one in self.passed if one is not None)

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / RATE

    def timeline(self) -> Sound:
        """What went through, at its time, and silence elsewhere."""
        whole = np.zeros(len(self.microphone))
        for one in self.passed:
            if one is not None:
                part = samples(one.pcm)
                end = round((one.at - BEGINS_AT) * RATE)
                whole[max(0, end - len(part)) : end] = part[-min(end, len(part)) :][
                    : len(whole) - max(0, end - len(part))
                ]
        return whole
