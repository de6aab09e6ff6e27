"""The bot's own share, from what the engine and the channel saw."""

import json
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from bot.demo.latency import middle_ms, read_trace, shares
from bot.demo.outputs import CaptionRow
from bot.demo.timeline import Said


def row(speaker: str, spoke: tuple[float, float], shown: tuple[float, float]) -> CaptionRow:
    return CaptionRow(speaker, "en", "es", "Hola", "Hello", "x.wav", *spoke, *shown, edits=1)


def trace(path: Path, *entries: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries), encoding="utf-8")
    return path


def chunk(session: str, at: float, *, sound: bool) -> dict[str, Any]:
    return {"kind": "audio", "session": session, "samples": 0, "sound": sound, "at": at}


def event(session: str, at: float, kind: str) -> dict[str, Any]:
    return {"kind": "event", "session": session, "type": kind, "at": at}


def test_each_speakers_share_is_taken_from_the_session_that_fits(tmp_path: Path) -> None:
    path = trace(
        tmp_path / "trace.jsonl",
        *(chunk("a", 100.1 + i / 10, sound=i < 20) for i in range(30)),  # sound until 102.0
        *(chunk("b", 101.1 + i / 10, sound=i < 30) for i in range(40)),  # sound until 104.0
        event("a", 101.5, "response.text.text"),
        event("a", 102.9, "response.text.done"),
        event("b", 102.5, "response.audio_transcript.delta"),
        event("b", 104.8, "response.audio_transcript.done"),
        event("b", 104.9, "conversation.item.input_audio_transcription.completed"),
    )
    said = [Said("Ana", "x.wav", 0.05, 1.95), Said("Ben", "x.wav", 1.0, 3.9)]
    rows = [row("Ana", (0.05, 1.95), (1.51, 2.92)), row("Ben", (1.0, 3.9), (2.53, 4.91))]
    ana, ben = shares(read_trace(path, 100.0), said, rows)
    assert astuple(ana) == pytest.approx((0.05, 0.01, 0.02))
    assert astuple(ben) == pytest.approx((0.1, 0.03, 0.01))


def test_what_never_came_has_no_share(tmp_path: Path) -> None:
    path = trace(tmp_path / "trace.jsonl", chunk("a", 100.1, sound=True))
    (ana,) = shares(read_trace(path, 100.0), [Said("Ana", "x.wav", 0, 0.05)], [])
    assert ana.audio_in_s == pytest.approx(0.05)
    assert (ana.first_out_s, ana.final_out_s) == (None, None)
    assert middle_ms([ana.first_out_s]) is None


def test_the_median_is_of_what_is_known() -> None:
    assert middle_ms([0.01, None, 0.03, 0.02]) == 20.0
