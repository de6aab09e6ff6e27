"""Sound files to and from PCM16 mono."""

import importlib.util
import stat
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import AudioError


@dataclass(frozen=True, slots=True)
class Recording:
    """What a sound file holds.

    Attributes:
        pcm: PCM16 little-endian mono, in whole samples.
        damaged: Packets that could not be decoded and are left out.
    """

    pcm: bytes
    damaged: int = 0


def read(path: Path, rate: int) -> bytes:
    """Return the sound of `load` alone."""
    return load(path, rate).pcm


def load(path: Path, rate: int, *, most_s: float | None = None) -> Recording:
    """Read a sound file as PCM16 mono at `rate` hertz.

    WAV with 16-bit samples at that rate is read as it is; everything else that FFmpeg knows is
    decoded by PyAV, which comes with the extra `local`, and as FFmpeg does it: what is damaged is
    left out, and the sound may change its form in the middle, as where files were joined.

    Args:
        path: The file.
        rate: The sampling rate, in hertz.
        most_s: What is longer is refused.

    Raises:
        AudioError: The file is missing, empty, unreadable, too long or no sound; the message names
            it.
    """
    most = None if most_s is None else int(most_s * rate) * 2
    name = shown(path)
    try:
        _look(path, name)
        recording = _plain_wav(path, rate) or _decoded(path, name, rate, most)
    except OSError as error:
        raise AudioError(f"{name} can't be read: {error.strerror}.") from error
    if not recording.pcm:
        if recording.damaged:
            raise AudioError(f"{name} is damaged: none of it can be decoded.")
        raise AudioError(f"{name} holds no sound.")
    if most is not None and len(recording.pcm) > most:
        raise AudioError(f"{name} is longer than {_long(most / (2 * rate))}.")
    return recording


def shown(path: Path) -> str:
    """Return a path for people, also one whose bytes are no UTF-8."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _long(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:g} hours" if hours >= 1 else f"{seconds:g} s"


def _look(path: Path, name: str) -> None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise AudioError(f"There is no file {name}.") from None
    except ValueError:  # a null byte
        raise AudioError(f"{name!r} can't be the name of a file.") from None
    if stat.S_ISDIR(status.st_mode):
        raise AudioError(f"{name} is a folder.")
    if not stat.S_ISREG(status.st_mode):
        raise AudioError(f"{name} is no ordinary file.")
    if not status.st_size:
        raise AudioError(f"{name} is empty.")


def _plain_wav(path: Path, rate: int) -> Recording | None:
    """Read a plain WAV file; None for all else, as a header without sound, for FFmpeg."""
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (rate, 1, 2):
                return None
            pcm = file.readframes(file.getnframes())
    except (wave.Error, EOFError):
        return None
    # A recording may break off in the middle of a sample.
    return Recording(pcm[: len(pcm) // 2 * 2]) if len(pcm) > 1 else None


def _decoded(path: Path, name: str, rate: int, most: int | None) -> Recording:
    if importlib.util.find_spec("av") is None:
        raise AudioError(
            f"{name} is not WAV PCM16 mono at {rate} Hz, and reading other sound needs the extra "
            "'local'."
        )
    import av  # noqa: PLC0415 - an extra, and slow to import
    import av.error  # noqa: PLC0415

    sound = bytearray()
    decoding = _Decoding(rate)
    try:
        # Opened here, so that its name is no address to FFmpeg, and any bytes may be in it.
        with path.open("rb") as file, av.open(file, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise AudioError(f"{name} holds no sound.")
            for part in decoding.parts(container):
                sound += part
                if most is not None and len(sound) > most:
                    break
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        if isinstance(error, av.error.InvalidDataError | av.error.EOFError):
            raise AudioError(f"{name} is no sound, or in a form that nobody knows.") from error
        raise AudioError(f"{name} can't be read as sound: {error.strerror}.") from error
    return Recording(bytes(sound), decoding.damaged)


class _Decoding:
    """Decodes the first audio stream of a container, packet by packet."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._form: tuple[object, ...] = ()
        self._resampler: Any = None
        self.damaged = 0

    def parts(self, container: Any) -> Iterator[bytes]:
        """Yield the sound, in whole samples."""
        for packet in self._packets(container):
            for frame in self._frames(packet):
                form = (frame.format.name, frame.layout.name, frame.rate)
                if form != self._form:
                    yield from self._resampled(None)
                    self._form = form
                    self._resampler = None
                yield from self._resampled(frame)
        yield from self._resampled(None)

    def _packets(self, container: Any) -> Iterator[Any]:
        import av.error  # noqa: PLC0415

        try:
            yield from container.demux(audio=0)
        except av.error.FFmpegError:
            self.damaged += 1  # where one ends is unknown from here on

    def _frames(self, packet: Any) -> list[Any]:
        import av.error  # noqa: PLC0415

        try:
            return list(packet.decode())
        except av.error.FFmpegError:
            self.damaged += 1
            return []

    def _resampled(self, frame: Any) -> Iterator[bytes]:
        import av  # noqa: PLC0415

        if frame is None and self._resampler is None:
            return
        if self._resampler is None:
            self._resampler = av.AudioResampler(format="s16", layout="mono", rate=self._rate)
        for part in self._resampler.resample(frame):
            yield part.to_ndarray().tobytes()


def write_wav(path: Path, pcm: bytes, rate: int) -> None:
    """Write PCM16 mono as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
