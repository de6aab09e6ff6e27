"""libopus through ctypes: the codec of Discord's voice at any of its rates, without a resampler.

libopus decodes to 8, 12, 16, 24 or 48 kHz and one or two channels whatever the sender chose, so
speech comes out at 16 kHz mono directly; and it encodes from 24 kHz mono, so the translated voice
goes in as it is. All PCM is 16 bit, native order (little-endian on every platform Parley runs on).
Reference: RFC 6716 and opus/opus.h.
"""

import ctypes
import ctypes.util
import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from bot.errors import OpusError

FRAME_MS = 20
SILENCE = b"\xf8\xff\xfe"  # one frame of silence, which Discord clients send five of at the end

_APPLICATION_VOIP = 2048
_APPLICATION_AUDIO = 2049
_SET_BITRATE = 4002
_SET_INBAND_FEC = 4012
_SET_SIGNAL = 4024
_SIGNAL_VOICE = 3001
_RESET_STATE = 4028
_MAX_PACKET = 4000  # bytes, as opus.h advises for an encoder's buffer
# By name where the system's loader finds what ctypes does not, by path where Homebrew and MacPorts
# put it and only their own Pythons look.
_ELSEWHERE = ("libopus.so.0", "/opt/homebrew/lib/libopus.dylib", "/opt/local/lib/libopus.dylib")
_MAX_FRAME_MS = 120  # the longest packet


def _candidates() -> list[str]:
    found = [name] if (name := ctypes.util.find_library("opus")) else []
    found += _ELSEWHERE
    spec = importlib.util.find_spec("av")
    if spec is not None and spec.origin is not None:
        package = Path(spec.origin).parent
        # delvewheel and auditwheel put the copy beside the package, delocate inside it.
        for folder in (package.with_name("av.libs"), package / ".dylibs"):
            found += sorted(str(path) for path in folder.glob("*opus*"))
    return found


@cache
def library() -> ctypes.CDLL:
    """Return libopus: the system's where there is one, else the copy inside PyAV's wheel.

    Raises:
        OpusError: Neither is there.
    """
    for name in _candidates():
        try:
            lib = ctypes.CDLL(name)
            _declare(lib)
        except (OSError, AttributeError):
            continue
        return lib
    raise OpusError(
        "libopus was not found. Install it: apt install libopus0 (Debian, Ubuntu), dnf install "
        "opus (Fedora), apk add opus (Alpine), brew install opus (macOS). Or take the copy in a "
        "package: .venv/bin/python -m pip install av"
    )


def version() -> str:
    """Return what libopus calls itself, as "libopus 1.3.1".

    Raises:
        OpusError: It was not found.
    """
    return str(library().opus_get_version_string().decode("ascii", "replace"))


def _declare(lib: ctypes.CDLL) -> None:
    state, size, data = ctypes.c_void_p, ctypes.c_int32, ctypes.c_char_p
    lib.opus_strerror.argtypes = [ctypes.c_int]
    lib.opus_strerror.restype = ctypes.c_char_p
    lib.opus_get_version_string.argtypes = []
    lib.opus_get_version_string.restype = ctypes.c_char_p
    lib.opus_decoder_create.argtypes = [size, ctypes.c_int, ctypes.POINTER(ctypes.c_int)]
    lib.opus_decoder_create.restype = state
    lib.opus_decoder_destroy.argtypes = [state]
    lib.opus_decoder_destroy.restype = None
    lib.opus_decode.argtypes = [state, data, size, ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    lib.opus_decode.restype = ctypes.c_int
    lib.opus_encoder_create.argtypes = [
        size,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_int),
    ]
    lib.opus_encoder_create.restype = state
    lib.opus_encoder_destroy.argtypes = [state]
    lib.opus_encoder_destroy.restype = None
    lib.opus_encode.argtypes = [state, data, ctypes.c_int, ctypes.c_char_p, size]
    lib.opus_encode.restype = size
    # The two ctl functions are variadic: only the fixed part is declared, as some ABIs (arm64 on
    # macOS) pass the rest differently and ctypes tells them apart by this.
    for ctl in (lib.opus_decoder_ctl, lib.opus_encoder_ctl):
        ctl.argtypes = [state, ctypes.c_int]
        ctl.restype = ctypes.c_int


def _check(result: int, what: str) -> int:
    if result < 0:
        reason = library().opus_strerror(result).decode()
        raise OpusError(f"libopus could not {what}: {reason}.")
    return result


class Decoder:
    """Decodes one stream of Opus packets to PCM16; keeps the codec's state between them.

    Not safe for two threads at once. About 35 µs per 20 ms at 16 kHz mono, the GIL released.

    Args:
        rate: Hertz of the output: 8000, 12000, 16000, 24000 or 48000.
        channels: 1 or 2, interleaved.

    Raises:
        OpusError: libopus is missing or refuses the figures.
    """

    def __init__(self, rate: int, channels: int = 1) -> None:
        self._lib = library()
        self._state: int | None = None
        error = ctypes.c_int()
        self._state = self._lib.opus_decoder_create(rate, channels, ctypes.byref(error))
        _check(error.value, "make a decoder")
        self.rate = rate
        self.channels = channels
        self._bytes_per_sample = 2 * channels
        self._max_samples = rate * _MAX_FRAME_MS // 1000
        # Room for one of the longest packets behind a tenth of a second of usual ones.
        self._room = rate // 10 * self._bytes_per_sample
        longest = self._max_samples * self._bytes_per_sample
        self._buffer = ctypes.create_string_buffer(self._room + longest)
        self._pcm = memoryview(self._buffer).cast("B")
        self._call = self._lib.opus_decode
        self._into = ctypes.addressof(self._buffer)

    def decode(self, packet: bytes) -> bytes:
        """Return the PCM of one packet.

        Raises:
            OpusError: The packet is not Opus; the state is as before.
        """
        return self._decode(packet, self._max_samples, fec=False)

    def decode_run(self, packets: Sequence[bytes]) -> tuple[bytes, int]:
        """Return the PCM of packets in a row, and how many there are in it.

        It ends before a packet that is not Opus, where the state is as before that packet.
        """
        call, state, into, most = self._call, self._state, self._into, self._max_samples
        scale, room, pcm = self._bytes_per_sample, self._room, b""
        used = done = 0  # bytes, packets
        for packet in packets:
            if used > room:
                pcm += self._pcm[:used]
                used = 0
            got = call(state, packet, len(packet), into + used, most, 0)
            if got < 0:
                break
            used += got * scale
            done += 1
        return pcm + self._pcm[:used], done

    def recover(self, following: bytes, ms: float = FRAME_MS) -> bytes:
        """Return the PCM of the lost packet before `following`, by its forward error correction.

        Concealed when there is none in it. Decode `following` afterwards.

        Args:
            following: The packet behind the lost one.
            ms: How long the lost one was, a multiple of 2.5.
        """
        return self._decode(following, round(self.rate * ms / 1000), fec=True)

    def conceal(self, ms: float = FRAME_MS) -> bytes:
        """Return PCM in the place of a lost packet, continued from the last and faded out."""
        return self._decode(None, round(self.rate * ms / 1000), fec=False)

    def _decode(self, packet: bytes | None, samples: int, *, fec: bool) -> bytes:
        size = 0 if packet is None else len(packet)
        got = self._call(self._state, packet, size, self._into, samples, fec)
        if got < 0:
            _check(got, "decode a packet")
        return bytes(self._pcm[: got * self._bytes_per_sample])

    def reset(self) -> None:
        """Forget the stream, as after a gap that is no longer concealed."""
        _check(self._lib.opus_decoder_ctl(self._state, _RESET_STATE), "reset a decoder")

    def __del__(self) -> None:
        if self._state is not None:
            self._lib.opus_decoder_destroy(self._state)


class Encoder:
    """Encodes 20 ms frames of PCM16 speech to Opus packets.

    Without forward error correction by default: with it, libopus takes up to 450 µs a frame from
    24 kHz mono.

    Args:
        rate: Hertz of the input: 8000, 12000, 16000, 24000 or 48000.
        channels: 1 or 2, interleaved.
        bitrate: Bits a second.
        voip: Clean up speech from a microphone: filters low tones. Without it the wave keeps its
            form, and 64 kbit/s of speech cost 68 µs a frame instead of 260.
        fec: Put forward error correction in.

    Raises:
        OpusError: libopus is missing or refuses the figures.
    """

    def __init__(
        self,
        rate: int,
        channels: int = 1,
        *,
        bitrate: int = 64_000,
        voip: bool = True,
        fec: bool = False,
    ) -> None:
        self._lib = library()
        self._state: int | None = None
        error = ctypes.c_int()
        self._state = self._lib.opus_encoder_create(
            rate,
            channels,
            _APPLICATION_VOIP if voip else _APPLICATION_AUDIO,
            ctypes.byref(error),
        )
        _check(error.value, "make an encoder")
        for request, value in (
            (_SET_BITRATE, bitrate),
            (_SET_SIGNAL, _SIGNAL_VOICE),
            (_SET_INBAND_FEC, int(fec)),
        ):
            result = self._lib.opus_encoder_ctl(self._state, request, ctypes.c_int(value))
            _check(result, "set up an encoder")
        self.samples = rate * FRAME_MS // 1000
        self.frame_bytes = self.samples * 2 * channels
        self._buffer = ctypes.create_string_buffer(_MAX_PACKET)

    def encode(self, pcm: bytes) -> bytes:
        """Return the packet of one frame.

        Raises:
            OpusError: `pcm` is not exactly 20 ms (`frame_bytes`).
        """
        if len(pcm) != self.frame_bytes:
            raise OpusError(f"A frame has {self.frame_bytes} bytes, not {len(pcm)}.")
        size = self._lib.opus_encode(self._state, pcm, self.samples, self._buffer, _MAX_PACKET)
        return self._buffer.raw[: _check(size, "encode a frame")]

    def __del__(self) -> None:
        if self._state is not None:
            self._lib.opus_encoder_destroy(self._state)
