"""libopus through ctypes."""

import ctypes.util

import numpy as np
import pytest

from bot.audio import opus
from bot.errors import OpusError

RATE = 16_000


def tone(hertz: float, seconds: float, rate: int) -> bytes:
    t = np.arange(int(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * hertz * t)).astype("<i2").tobytes()


def pitch(pcm: bytes, rate: int) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


def packets(pcm: bytes, encoder: opus.Encoder) -> list[bytes]:
    size = encoder.frame_bytes
    return [encoder.encode(pcm[i : i + size]) for i in range(0, len(pcm) // size * size, size)]


@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_a_tone_comes_out_at_16_khz_mono_whatever_rate_it_went_in(rate: int) -> None:
    decoder = opus.Decoder(RATE)
    pcm = b"".join(decoder.decode(p) for p in packets(tone(440, 1, rate), opus.Encoder(rate)))
    assert len(pcm) == RATE * 2
    assert pitch(pcm[3200:], RATE) == pytest.approx(440, abs=5)


def test_a_concealed_frame_is_as_long_as_a_real_one() -> None:
    decoder = opus.Decoder(RATE)
    frames = packets(tone(440, 0.2, 48_000), opus.Encoder(48_000, fec=True))
    decoder.decode(frames[0])
    assert len(decoder.conceal()) == len(decoder.recover(frames[3])) == RATE * 20 // 1000 * 2


def test_a_packet_that_is_not_opus_is_an_opus_error_and_the_stream_goes_on() -> None:
    decoder = opus.Decoder(RATE)
    with pytest.raises(OpusError):
        decoder.decode(b"\xff" * 3)
    assert len(decoder.decode(opus.SILENCE)) == RATE * 20 // 1000 * 2


def test_an_encoder_takes_whole_frames_only() -> None:
    encoder = opus.Encoder(24_000)
    with pytest.raises(OpusError, match="960 bytes, not 5"):
        encoder.encode(b"\0" * 5)


def test_a_missing_library_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opus, "_candidates", list)
    opus.library.cache_clear()
    with pytest.raises(OpusError, match="libopus was not found") as caught:
        opus.library()
    for cure in ("apt install libopus0", "dnf install opus", "apk add opus", "brew install opus"):
        assert cure in str(caught.value)
    assert "\n" not in str(caught.value)
    opus.library.cache_clear()


def test_the_loader_finds_the_systems_where_ctypes_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if ctypes.util.find_library("opus") is None:
        pytest.skip("this system has no libopus of its own")
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: None)
    opus.library.cache_clear()
    assert opus.library()._name in opus._ELSEWHERE
    opus.library.cache_clear()


def test_the_copy_in_pyavs_wheel_serves_when_the_system_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("av")
    monkeypatch.setattr(ctypes.util, "find_library", lambda _: None)
    monkeypatch.setattr(opus, "_ELSEWHERE", ())
    opus.library.cache_clear()
    assert "av" in opus.library()._name
    opus.library.cache_clear()
