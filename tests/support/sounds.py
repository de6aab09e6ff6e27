"""Voice to play, and what can be said of what was heard of it."""

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from bot import speech
from bot.audio import files
from bot.domain.events import VOICE_RATE

Sound = npt.NDArray[np.float64]
FRAME = VOICE_RATE // 50


@cache
def spoken(name: str = "en_librivox_0880") -> bytes:
    """A recording of speech as the service would send it."""
    (found,) = (clip for clip in speech.clips() if clip.name == name)
    return files.read(found.path, VOICE_RATE)


def sound(pcm: bytes) -> Sound:
    """Samples from -1 to 1."""
    return np.frombuffer(pcm, "<i2").astype(float) / 32_768


def pcm_of(samples: Sound) -> bytes:
    """PCM16 of samples."""
    return (np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes()


def sine(hertz: float, seconds: float, amplitude: float = 0.25) -> Sound:
    """A tone."""
    at = np.arange(round(seconds * VOICE_RATE)) / VOICE_RATE
    return amplitude * np.sin(2 * np.pi * hertz * at)


def db(samples: Sound) -> float:
    """RMS below full scale, at least -100."""
    power = float(np.mean(samples**2)) if len(samples) else 0.0
    return 10 * math.log10(max(power, 1e-10))


def frame_levels(samples: Sound) -> Sound:
    """The level of each 20 ms."""
    whole = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    return np.array([db(each) for each in whole])


def lag(part: Sound, whole: Sound) -> tuple[int, float]:
    """Where a part is in the whole, in samples, and how alike they are there, up to 1."""
    size = 1 << (len(whole) + len(part)).bit_length()
    product = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size))
    found = np.fft.irfft(product, size)[: len(whole) - len(part) + 1]
    power = np.cumsum(np.concatenate(([0.0], whole**2)))
    energy = power[len(part) :] - power[: -len(part)]
    likeness = found / np.sqrt(np.maximum(energy, 1e-9) * np.sum(part**2))
    best = int(np.argmax(likeness))
    return best, float(likeness[best])


def roughness(samples: Sound) -> float:
    """The largest bend of the wave: a click has a large one whatever its level."""
    return float(np.abs(np.diff(samples, 2)).max()) if len(samples) > 2 else 0.0


def gaps(samples: Sound, *, floor: float = 1e-4) -> float:
    """The longest stretch without a sound, in seconds, between the first sound and the last."""
    loud = np.flatnonzero(np.abs(samples) > floor)
    return float(np.diff(loud).max() / VOICE_RATE) if len(loud) > 1 else 0.0
