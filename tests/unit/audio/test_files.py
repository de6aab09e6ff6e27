"""Sound files as people have them: joined, cut, damaged, or none at all."""

import os
import wave
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from bot.audio import files
from bot.errors import AudioError
from tests.support.another_user import as_another_user

RATE = 16_000
SECOND = 2 * RATE  # bytes


def tone(seconds: float, hertz: float = 440.0, rate: int = RATE) -> bytes:
    at = np.arange(int(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * hertz * at)).astype("<i2").tobytes()


def encoded(path: Path, seconds: float, *, layout: str, rate: int, codec: str) -> bytes:
    """A file in some form; returns what is in it."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.layout = layout
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(tone(seconds), "<i2").reshape(1, -1), format="s16", layout="mono"
        )
        frame.rate = RATE
        form = av.AudioResampler(
            format=stream.codec_context.format, layout=layout, rate=rate, frame_size=1152
        )
        for part in (*form.resample(frame), *form.resample(None)):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path.read_bytes()


def mp3(path: Path, seconds: float, *, layout: str = "mono", rate: int = 44_100) -> bytes:
    return encoded(path, seconds, layout=layout, rate=rate, codec="libmp3lame")


def test_two_files_joined_are_read_to_the_end_whatever_their_forms(tmp_path: Path) -> None:
    path = tmp_path / "joined.mp3"
    path.write_bytes(
        mp3(tmp_path / "1.mp3", 1.0)
        + mp3(tmp_path / "2.mp3", 2.0, layout="stereo")
        + mp3(tmp_path / "3.mp3", 1.0, rate=22_050)
    )
    recording = files.load(path, RATE)
    assert len(recording.pcm) / SECOND == pytest.approx(4.0, abs=0.3)
    # The last second is heard as it was said, not twice as fast or slow.
    tail = np.frombuffer(recording.pcm[-SECOND // 2 :], "<i2").astype(float)
    loudest = np.argmax(np.abs(np.fft.rfft(tail))) * RATE / len(tail)
    assert loudest == pytest.approx(440, abs=5)


def test_what_is_damaged_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "damaged.mp3"
    sound = mp3(path, 3.0)
    half = len(sound) // 2
    path.write_bytes(sound[:half] + np.random.default_rng(1).bytes(2000) + sound[half:])
    recording = files.load(path, RATE)
    assert recording.damaged >= 1
    assert len(recording.pcm) / SECOND == pytest.approx(3.0, abs=0.3)


def test_a_whole_file_is_not_damaged(tmp_path: Path) -> None:
    mp3(tmp_path / "whole.mp3", 1.0)
    assert files.load(tmp_path / "whole.mp3", RATE).damaged == 0


@pytest.mark.parametrize("cut", [1, 3, 32_001])
def test_a_recording_that_breaks_off_in_a_sample_ends_with_the_one_before(
    cut: int, tmp_path: Path
) -> None:
    path = tmp_path / "cut.wav"
    files.write_wav(path, tone(2.0), RATE)
    path.write_bytes(path.read_bytes()[:-cut])
    assert files.read(path, RATE) == tone(2.0)[: -(cut + 1)]


def test_a_recording_whose_header_was_never_finished_is_read(tmp_path: Path) -> None:
    path = tmp_path / "unfinished.wav"
    files.write_wav(path, tone(1.0), RATE)
    sound = bytearray(path.read_bytes())
    sound[4:8] = sound[40:44] = bytes(4)  # no length yet
    path.write_bytes(sound)
    assert len(files.read(path, RATE)) == pytest.approx(SECOND, abs=64)


def test_other_forms_of_wav_are_read(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(44_100)
        mono = np.frombuffer(tone(1.0, rate=44_100), "<i2")
        file.writeframes(np.repeat(mono, 2).tobytes())
    assert len(files.read(path, RATE)) == pytest.approx(SECOND, abs=64)


@pytest.mark.parametrize("name", [b"\xff\xe9.mp3", "Grüße.mp3".encode(), b"a:b.mp3", b"%d.mp3"])
def test_a_file_may_have_any_name(name: bytes, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(name)
    mp3(tmp_path / "plain.mp3", 1.0)
    (tmp_path / "plain.mp3").rename(path)
    assert files.load(path, RATE).damaged == 0
    files.shown(path).encode()


def test_a_name_that_is_no_text_is_shown_as_far_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    assert files.shown(path) == f"{tmp_path}/caf\N{REPLACEMENT CHARACTER}.wav"
    with pytest.raises(AudioError, match="There is no file"):
        files.load(path, RATE)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"Dear diary,\n" * 100, "is no sound, or in a form that nobody knows"),
        (bytes(range(256)) * 40, "is no sound, or in a form that nobody knows"),
        (b"RIFF\x24\x00\x00\x00WAVE", "is no sound"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "sound"),
    ],
)
def test_what_is_no_sound_is_named_and_said_to_be_none(
    content: bytes, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.mp3"
    path.write_bytes(content)
    with pytest.raises(AudioError) as caught:
        files.load(path, RATE)
    assert str(caught.value).startswith(f"{path} ")
    assert says in str(caught.value)
    assert "Errno" not in str(caught.value)


def test_a_wav_without_a_sample_holds_no_sound(tmp_path: Path) -> None:
    files.write_wav(tmp_path / "nothing.wav", b"", RATE)
    with pytest.raises(AudioError, match=r"nothing\.wav holds no sound\."):
        files.load(tmp_path / "nothing.wav", RATE)


def test_what_is_no_file_is_said_to_be_what_it_is(tmp_path: Path) -> None:
    for path, says in (
        (tmp_path, "is a folder."),
        (Path("/dev/null"), "is no ordinary file."),
    ):
        with pytest.raises(AudioError) as caught:
            files.load(path, RATE)
        assert str(caught.value) == f"{path} {says}"
    for path in (tmp_path / "none.wav", Path("/dev/null/none.wav")):
        with pytest.raises(AudioError) as caught:
            files.load(path, RATE)
        assert str(caught.value) == f"There is no file {path}."


def test_a_file_of_another_user_is_named_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "theirs.wav"
    files.write_wav(path, tone(1.0), RATE)
    path.chmod(0)
    with as_another_user(), pytest.raises(AudioError) as caught:
        files.load(path, RATE)
    assert str(caught.value) == f"{path} can't be read: Permission denied."


@pytest.mark.parametrize("form", ["wav", "mp3"])
def test_what_is_too_long_is_refused(form: str, tmp_path: Path) -> None:
    path = tmp_path / f"long.{form}"
    if form == "wav":
        files.write_wav(path, tone(3.0), RATE)
    else:
        mp3(path, 3.0)
    assert files.load(path, RATE, most_s=4).pcm
    with pytest.raises(AudioError) as caught:
        files.load(path, RATE, most_s=2)
    assert str(caught.value) == f"{path} is longer than 2 s."
