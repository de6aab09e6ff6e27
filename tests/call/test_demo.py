"""`parley demo` as its user runs it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from faster_whisper import WhisperModel

from bot import speech
from bot.engine.models import weights
from tests.support.call import ROOT
from tests.support.clips import word_error_rate
from tests.support.subtitles import read_vtt

pytestmark = pytest.mark.timeout(170)  # whichever test is the first waits for a whole call


def demo(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "bot", "demo", *words],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def recognised(path: Path, language: str) -> str:
    """What another recogniser's run hears in a recording."""
    folder = weights.find(None, ROOT / "data/models", download=False)
    model = WhisperModel(str(folder), compute_type="int8", cpu_threads=1)
    segments, _ = model.transcribe(str(path), language=language, beam_size=5, vad_filter=True)
    return " ".join(segment.text for segment in segments)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo")
    done = demo("--plain", "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_every_line_is_captioned_under_its_speaker_with_few_word_errors(played: Path) -> None:
    texts = {clip.path.name: clip.text for clip in speech.clips()}
    rows = load(played / "captions.json")
    assert len({row["speaker"] for row in rows}) == 3
    for file in {row["file"] for row in rows}:
        mine = [row for row in rows if row["file"] == file]
        assert len({row["speaker"] for row in mine}) == 1
        understood = " ".join(row["source_text"] for row in mine)
        assert word_error_rate(texts[file], understood) < 0.25, (file, understood)
    overlapping = [
        (a["speaker"], b["speaker"])
        for a in rows
        for b in rows
        if a["speaker"] < b["speaker"]
        and a["spoke_at_s"] < b["spoke_until_s"]
        and b["spoke_at_s"] < a["spoke_until_s"]
    ]
    assert overlapping, "two of them talk at once"


def test_the_voice_speaks_the_translations_and_nothing_else(played: Path) -> None:
    rows = sorted(load(played / "captions.json"), key=lambda row: row["final_caption_s"])
    spoken = " ".join(row["text"] for row in rows)
    heard = recognised(played / "voice.wav", "en")
    assert word_error_rate(spoken, heard) < 0.35, (spoken, heard)


def test_nothing_was_refused_and_everything_is_left_behind(played: Path) -> None:
    report = load(played / "report.json")
    assert report["engine"] == "Whisper base"
    assert "Whisper base" in (played / "screen.svg").read_text(encoding="utf-8").replace(
        "&#160;", " "
    )
    assert report["refused_by_discord"] == []
    assert report["voice"]["unencrypted_frames"] == 0
    assert report["voice"]["undecryptable_frames"] == 0
    assert set(report["own_share_ms"]) == {
        "speech_to_service",
        "first_event_to_caption",
        "last_event_to_caption",
        "in_and_out",
    }
    assert (played / "transcript.vtt").read_text(encoding="utf-8").startswith("WEBVTT")
    assert "<svg" in (played / "screen.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--speak", "Ana=none.wav"], "parley: There is no file none.wav."),
        (["--live", "--plain"], "parley: DASHSCOPE_API_KEY is missing"),
    ],
)
def test_what_can_not_be_is_one_clear_line(words: list[str], line: str, tmp_path: Path) -> None:
    done = demo(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(line), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_what_is_spoken_in_the_language_asked_for_is_shown_as_it_was_said(tmp_path: Path) -> None:
    (english,) = (clip for clip in speech.clips() if clip.name == "en_librivox_0870")
    recording = tmp_path / os.fsdecode(b"caf\xe9.wav")  # a name that is no UTF-8
    recording.write_bytes(english.path.read_bytes()[:-1])  # and a recording cut in a sample
    out = tmp_path / "out"
    done = demo("--plain", "--speak", f"Bob={recording}", "--to", "en", "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Bob: And " in done.stdout
    assert "said in English: not translated" in done.stdout
    rows = load(out / "captions.json")
    assert {row["source_text"] for row in rows} == {""}
    assert {row["file"] for row in rows} == {"caf\N{REPLACEMENT CHARACTER}.wav"}
    said = " ".join(row["text"] for row in rows)
    assert word_error_rate(english.text, said) < 0.25, said
    cues = read_vtt((out / "transcript.vtt").read_text(encoding="utf-8"))
    assert [cue.lines[0][2] for cue in cues] == [row["text"] for row in rows]


@pytest.mark.parametrize("stage", ["loading", "starting", "speaking"])
def test_an_interrupt_at_any_stage_is_one_line(stage: str, tmp_path: Path) -> None:
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, *(["-v"] if stage == "loading" else []), "-m", "bot", "demo", "--plain"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # as a terminal interrupts all processes that it runs
    )
    stream, sign = {
        "loading": (process.stderr, "import 'bot.errors'"),
        "starting": (process.stdout, "Starting a Discord"),
        "speaking": (process.stdout, "Lucía speaks"),
    }[stage]
    assert stream is not None
    try:
        while sign not in (row := stream.readline()):
            assert row, "it ended by itself"
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=40)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert process.returncode == 130
    if stage == "loading":  # what -v says goes the same way
        assert said.splitlines()[-1] == "parley: stopped."
        assert "Traceback" not in said
    else:
        assert said == "parley: stopped.\n"


def test_a_taken_port_is_one_clear_line(engine_url: str) -> None:
    port = engine_url.split(":")[2].partition("/")[0]
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "bot", "engine", "--port", port],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"parley: The local engine can't listen on port {port}")


def test_of_two_languages_no_line_is_said_to_be_the_one_that_was_spoken(tmp_path: Path) -> None:
    (english,) = (clip for clip in speech.clips() if clip.name == "en_librivox_0870")
    out = tmp_path / "out"
    words = ("--speak", f"Bob={english.path}", "--to", "en,es", "--voice", "off")
    done = demo("--plain", "--page", *words, "--out", str(out))
    assert re.search(
        r"^The page, for one browser: http://localhost:\d+/#[\w-]{22}$", done.stdout, re.MULTILINE
    )
    assert "Bob: And " in done.stdout
    assert "not translated" not in done.stdout
    languages = {row["language"] for row in load(out / "captions.json")}
    assert "en" in languages
    assert not any(row["source_text"] for row in load(out / "captions.json"))
