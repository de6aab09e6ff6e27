"""Transcripts as subtitles: WebVTT (https://www.w3.org/TR/webvtt1/) and SubRip.

Times count from the first word. Cues come in the order of their starts and may overlap, as people
do; a cue of a speaker ends where their next one starts, however short it is, and what they said at
the same millisecond is one cue.
"""

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.records.utterances import Utterance

_LEAST_MS: Final = 1000  # that one can read it, while its speaker says no more
_MARKUP: Final = re.compile(r"<(?=[a-zA-Z/])|\{(?=\\)")  # what players of SubRip take for markup

Words = Sequence[tuple[str | None, str]]
"""The lines of a cue: language where known, and text."""


@dataclass(frozen=True, slots=True)
class _Cue:
    start_ms: int
    end_ms: int
    name: str
    words: Words


def vtt(
    said: Sequence[Utterance],
    words: Callable[[Utterance], Words],
    *,
    zero: float | None = None,
) -> str:
    """Return the utterances as WebVTT, with voices and languages marked.

    Args:
        said: The utterances, in order of speech.
        words: What is shown of one.
        zero: The time that is second 0; None takes the first word's, and notes its date.
    """
    head = "WEBVTT\n"
    if said and zero is None:
        zero = said[0].at
        began = datetime.fromtimestamp(zero, UTC).isoformat(timespec="milliseconds")
        head += f"\nNOTE 00:00:00.000 is {began}\n"
    parts = [head]
    for cue in _cues(said, words, zero or 0.0):
        lines = [
            f"<v {_escaped(cue.name)}>{_in_language(language, text)}</v>"
            for language, text in cue.words
        ]
        times = f"{_time(cue.start_ms, '.')} --> {_time(cue.end_ms, '.')}"
        parts.append("\n".join([times, *lines, ""]))
    return "\n".join(parts)


def srt(said: Sequence[Utterance], words: Callable[[Utterance], Words]) -> str:
    """Return the utterances as SubRip, each with its speaker before it."""
    parts = []
    for number, cue in enumerate(_cues(said, words, said[0].at if said else 0.0), start=1):
        times = f"{_time(cue.start_ms, ',')} --> {_time(cue.end_ms, ',')}"
        lines = [_bare(text) for _, text in cue.words]
        lines[0] = f"{_bare(cue.name)}: {lines[0]}"
        parts.append("\n".join([str(number), times, *lines, ""]))
    return "\n".join(parts)


def _cues(
    said: Sequence[Utterance], words: Callable[[Utterance], Words], zero: float
) -> list[_Cue]:
    cues: dict[tuple[int, int], _Cue] = {}
    following: dict[int, int] = {}  # the start of each speaker's next cue, as we go backwards
    for one in reversed(said):
        shown = [(language, line) for language, text in words(one) if (line := _line(text))]
        if not shown:
            continue
        start_ms = round((one.at - zero) * 1000)
        end_ms = max(round((one.until - zero) * 1000), start_ms + _LEAST_MS)
        if (same := cues.pop((one.user_id, start_ms), None)) is not None:
            shown += same.words
            end_ms = same.end_ms
        elif one.user_id in following:
            end_ms = min(end_ms, following[one.user_id])
        name = _line(one.name) or str(one.user_id)
        cues[one.user_id, start_ms] = _Cue(start_ms, end_ms, name, shown)
        following[one.user_id] = start_ms
    return list(reversed(cues.values()))


def _line(text: str) -> str:
    """Return a text on one line, without characters that only machines read."""
    printable = (character for character in text if character.isspace() or character >= " ")
    return " ".join("".join(printable).split())


def _escaped(text: str) -> str:
    return html.escape(text, quote=False)  # & < >, which takes the arrow with it


def _in_language(language: str | None, text: str) -> str:
    escaped = _escaped(text)
    return escaped if language is None else f"<lang {_escaped(language)}>{escaped}</lang>"


def _bare(text: str) -> str:
    # SubRip has no way to escape: what would be read as markup or times looks a little different.
    return _MARKUP.sub(lambda found: "‹" if found[0] == "<" else "(", text.replace("-->", "→"))  # noqa: RUF001 - the very character


def _time(milliseconds: int, mark: str) -> str:
    seconds, thousandths = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{mark}{thousandths:03}"
