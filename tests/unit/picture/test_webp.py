"""WebP files that are made say what was asked for."""

import io

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from tests.picture.webp import Form, form, moving, still


def png(shade: int) -> bytes:
    pixels = np.full((30, 40, 3), shade, np.uint8)
    file = io.BytesIO()
    with av.open(file, "w", format="image2pipe") as container:
        stream = container.add_stream("png")
        stream.width, stream.height, stream.pix_fmt = 40, 30, "rgb24"
        container.mux(stream.encode(VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()


def test_a_still_picture_does_not_move() -> None:
    assert form(still(png(9))) == Form(40, 30, 0.0, 0)


@pytest.mark.parametrize("end_ms", [700, 2000, 9000])
def test_the_last_of_moving_pictures_is_seen_until_the_end(end_ms: int) -> None:
    made = moving([(0, png(9)), (100, png(99)), (650, png(200))], end_ms)
    assert form(made) == Form(40, 30, end_ms / 1000, 0)
