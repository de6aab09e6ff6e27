"""Pictures as WebP, still and moving, by the FFmpeg in PyAV."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from struct import unpack_from
from typing import cast

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_MS = Fraction(1, 1000)


@dataclass(frozen=True, slots=True)
class Form:
    """What a WebP file says of itself.

    Attributes:
        seconds: How long it moves; 0 of a still picture.
        loops: How often; 0 for ever.
    """

    width: int
    height: int
    seconds: float
    loops: int


def still(png: bytes) -> bytes:
    """A picture, without loss."""
    return _encoded("libwebp", [(0, _frame(png))])


def moving(pngs: Sequence[tuple[int, bytes]], end_ms: int) -> bytes:
    """Pictures, each with the millisecond from which it is seen, without loss and for ever."""
    file = _encoded("libwebp_anim", [(at_ms, _frame(png)) for at_ms, png in pngs])
    # FFmpeg does not tell the encoder when the last one ends, which then takes an average.
    lasting = [at + 12 for kind, at in _chunks(file, 12) if kind == b"ANMF"]
    last_ms = end_ms - sum(_three(file, at) for at in lasting[:-1])
    return file[: lasting[-1]] + last_ms.to_bytes(3, "little") + file[lasting[-1] + 3 :]


def form(file: bytes) -> Form:
    """What a WebP file is."""
    chunks = list(_chunks(file, 12))
    width = height = duration = loops = 0
    for kind, at in chunks:
        if kind == b"VP8X":
            width, height = _three(file, at + 4) + 1, _three(file, at + 7) + 1
        elif kind == b"VP8L" and not width:
            bits = unpack_from("<I", file, at + 1)[0]
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif kind == b"ANIM":
            loops = unpack_from("<H", file, at + 4)[0]
        elif kind == b"ANMF":
            duration += _three(file, at + 12)
    return Form(width, height, duration / 1000, loops)


def _chunks(file: bytes, at: int) -> Iterator[tuple[bytes, int]]:
    while at + 8 <= len(file):
        size = unpack_from("<I", file, at + 4)[0]
        yield file[at : at + 4], at + 8
        at += 8 + size + size % 2


def _three(file: bytes, at: int) -> int:
    return int.from_bytes(file[at : at + 3], "little")


def _frame(png: bytes) -> VideoFrame:
    with av.open(io.BytesIO(png), "r", format="png_pipe") as container:
        return next(container.decode(video=0)).reformat(format="bgra")


def _encoded(codec: str, frames: Sequence[tuple[int, VideoFrame]]) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="webp", options={"loop": "0"}) as container:
        options = {"lossless": "1", "compression_level": "4", "quality": "60"}
        stream = cast(VideoStream, container.add_stream(codec, rate=1000, options=options))
        stream.width, stream.height = frames[0][1].width, frames[0][1].height
        stream.pix_fmt = "bgra"
        stream.time_base = stream.codec_context.time_base = _MS
        for at_ms, frame in frames:
            frame.pts, frame.time_base = at_ms, _MS
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
