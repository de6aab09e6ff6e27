"""Sound files to and from PCM16 mono."""

import importlib.util
import wave
from pathlib import Path

from bot.errors import AudioError


def read(path: Path, rate: int) -> bytes:
    """A sound file as PCM16 little-endian mono at `rate` hertz.

    WAV with 16-bit samples at that rate is read as it is; everything else that FFmpeg knows is
    decoded by PyAV, which comes with the extra `local`.

    Raises:
        AudioError: The file is missing, empty, unreadable or no sound; the message names it.
    """
    if not path.is_file():
        raise AudioError(f"There is no file {path}.")
    pcm = _plain_wav(path, rate)
    if pcm is None:
        pcm = _decoded(path, rate)
    if not pcm:
        raise AudioError(f"{path} holds no sound.")
    return pcm


def _plain_wav(path: Path, rate: int) -> bytes | None:
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (rate, 1, 2):
                return None
            return file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        return None
    except OSError as error:
        raise AudioError(f"{path} can't be read: {error.strerror}.") from error


def _decoded(path: Path, rate: int) -> bytes:
    if importlib.util.find_spec("av") is None:
        raise AudioError(
            f"{path} is not WAV PCM16 mono at {rate} Hz, and reading other sound needs the extra "
            "'local'."
        )
    import av  # noqa: PLC0415 - an extra, and slow to import
    import av.error  # noqa: PLC0415

    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise AudioError(f"{path} holds no sound.")
            resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
            parts = [
                part for frame in container.decode(audio=0) for part in resampler.resample(frame)
            ]
            parts += resampler.resample(None)
    except (av.error.FFmpegError, OSError) as error:
        raise AudioError(f"{path} can't be read as sound: {error}.") from error
    return b"".join(part.to_ndarray().tobytes() for part in parts)


def write_wav(path: Path, pcm: bytes, rate: int) -> None:
    """Write PCM16 mono as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
