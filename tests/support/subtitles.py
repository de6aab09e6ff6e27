"""Strict readers of WebVTT and SubRip: what a player might not take is refused."""

import html
import re
from dataclasses import dataclass

_VTT_TIME = r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})"
_SRT_TIME = r"(\d{2,}):([0-5]\d):([0-5]\d),(\d{3})"
_VOICE = re.compile(r"<v ([^<>\n]+)>(.*)</v>")
_LANG = re.compile(r"<lang ([^<>\n]+)>(.*)</lang>")
_REFERENCE = re.compile(r"&(?!(amp|lt|gt);)")


@dataclass(frozen=True, slots=True)
class Cue:
    start_ms: int
    end_ms: int
    lines: tuple[tuple[str, str | None, str], ...]
    """Speaker, language and text."""


def read_vtt(text: str) -> list[Cue]:
    """The cues of a WebVTT file."""
    assert "\0" not in text
    assert "\r" not in text
    head, *blocks = text.split("\n\n")
    assert head.rstrip("\n") == "WEBVTT"
    cues: list[Cue] = []
    for block in blocks:
        rows = block.rstrip("\n").split("\n")
        if rows == [""]:
            continue
        if rows[0].startswith("NOTE "):
            assert "-->" not in block
            continue
        start, end = _times(rows[0], _VTT_TIME)
        lines = [_vtt_line(row) for row in rows[1:]]
        assert lines
        cues.append(Cue(start, end, tuple(lines)))
    return _in_order(cues)


def _vtt_line(row: str) -> tuple[str, str | None, str]:
    assert "-->" not in row
    assert not _REFERENCE.search(row)
    voice = _VOICE.fullmatch(row)
    assert voice is not None, row
    name, inner = voice.groups()
    language = _LANG.fullmatch(inner)
    words = inner if language is None else language[2]
    assert "<" not in words
    assert ">" not in words
    return html.unescape(name), language and language[1], html.unescape(words)


def read_srt(text: str) -> list[Cue]:
    """The cues of a SubRip file; a cue's first line begins with its speaker."""
    assert "\r" not in text
    cues: list[Cue] = []
    for number, block in enumerate(filter(None, text.split("\n\n")), start=1):
        rows = block.rstrip("\n").split("\n")
        assert rows[0] == str(number)
        start, end = _times(rows[1], _SRT_TIME)
        assert rows[2:]
        assert all("-->" not in row and row.strip() for row in rows[2:])
        assert not any(re.search(r"</?[a-zA-Z]|\{\\", row) for row in rows[2:])
        name, colon, first = rows[2].partition(": ")
        assert colon
        lines = [(name, None, words) for words in (first, *rows[3:])]
        cues.append(Cue(start, end, tuple(lines)))
    return _in_order(cues)


def _times(row: str, form: str) -> tuple[int, int]:
    found = re.fullmatch(f"{form} --> {form}", row)
    assert found is not None, row
    start, end = (_ms(found.groups()[at : at + 4]) for at in (0, 4))
    assert start < end
    return start, end


def _ms(parts: tuple[str, ...]) -> int:
    hours, minutes, seconds, thousandths = (int(part) for part in parts)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths


def _in_order(cues: list[Cue]) -> list[Cue]:
    starts = [cue.start_ms for cue in cues]
    assert starts == sorted(starts)
    return cues
