"""What the demo leaves behind: captions.json, transcript.vtt, voice.wav, report.json."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.demo.timeline import Said, Timeline


@dataclass(frozen=True, slots=True)
class CaptionRow:
    """One caption; all seconds count from the beginning of the call.

    Attributes:
        speaker: Under whose name it stands.
        language: Of `text`.
        source_language: Of `source_text`, as detected; empty where unknown.
        source_text: The original as recognised.
        text: The translation.
        file: What was being said.
        spoke_at_s: The first packet of that speech.
        spoke_until_s: The last packet of that speech.
        first_caption_s: The caption appeared.
        final_caption_s: The caption got its last words.
        edits: How often it was edited.
    """

    speaker: str
    language: str
    source_language: str
    source_text: str
    text: str
    file: str
    spoke_at_s: float
    spoke_until_s: float
    first_caption_s: float
    final_caption_s: float
    edits: int


def caption_rows(timeline: Timeline) -> list[CaptionRow]:
    """Each caption with the speech it belongs to: the latest its speaker had begun by then."""
    rows = []
    for shown in timeline.captions():
        said = _speech_of(shown.speaker, shown.first_s, timeline.said)
        if said is None:
            continue
        rows += [
            CaptionRow(
                speaker=shown.speaker,
                language=words.language,
                source_language=words.source_language,
                source_text=words.source,
                text=words.text,
                file=said.file,
                spoke_at_s=round(said.began_s, 3),
                spoke_until_s=round(said.ended_s, 3),
                first_caption_s=round(shown.first_s, 3),
                final_caption_s=round(shown.last_s, 3),
                edits=shown.edits,
            )
            for words in shown.read()
        ]
    return rows


def _speech_of(speaker: str, at_s: float, said: Sequence[Said]) -> Said | None:
    begun = [line for line in said if line.name == speaker and line.began_s <= at_s]
    return max(begun, key=lambda line: line.began_s, default=None)


def write_captions(path: Path, rows: Sequence[CaptionRow]) -> None:
    """The rows as JSON."""
    write_json(path, [asdict(row) for row in rows])


def write_transcript(path: Path, rows: Sequence[CaptionRow]) -> None:
    """The rows as WebVTT, each shown while it was being said."""
    cues = ["WEBVTT"]
    for row in sorted(rows, key=lambda row: row.spoke_at_s):
        words = row.text or row.source_text
        cues.append(
            f"{_stamp(row.spoke_at_s)} --> {_stamp(row.spoke_until_s)}\n"
            f"<v {_plain(row.speaker)}>{_plain(words)}</v>"
        )
    path.write_text("\n\n".join(cues) + "\n", encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Readable JSON with a line's end."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _stamp(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
