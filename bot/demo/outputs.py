"""What the demo leaves behind: captions.json, transcript.vtt, voice.wav, report.json."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.demo.timeline import Said, Timeline
from bot.records import subtitles
from bot.records.utterances import Utterance


@dataclass(frozen=True, slots=True)
class CaptionRow:
    """One caption; all seconds count from the beginning of the call.

    Attributes:
        speaker: The name it stands under.
        language: The language of `text`.
        source_language: The language of `source_text`, as detected; empty where unknown.
        source_text: The original as recognised.
        text: The translation.
        file: What was being said.
        spoke_at_s: When the first packet of that speech was sent.
        spoke_until_s: When the last packet of that speech was sent.
        first_caption_s: When the caption appeared.
        final_caption_s: When the caption got its last words.
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
    """Return each caption with its speech: the latest its speaker had begun by then."""
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
    """Write the rows as JSON."""
    write_json(path, [asdict(row) for row in rows])


def write_transcript(path: Path, rows: Sequence[CaptionRow]) -> None:
    """Write the captions as WebVTT, each shown while it was said, in all its languages.

    When a line became several captions, each stands where its words were said, as far as one can
    tell: as long before it appeared as the line's first was.
    """
    together: dict[tuple[str, float], list[CaptionRow]] = {}
    lag: dict[tuple[str, float], float] = {}  # from the words to their caption, by line
    for row in sorted(rows, key=lambda row: row.first_caption_s):
        lag.setdefault((row.speaker, row.spoke_at_s), row.first_caption_s - row.spoke_at_s)
        together.setdefault((row.speaker, row.first_caption_s), []).append(row)
    numbers = {row.speaker: number for number, row in enumerate(rows)}
    said = [
        Utterance(
            at=same[0].first_caption_s - lag[same[0].speaker, same[0].spoke_at_s],
            until=same[0].spoke_until_s,
            user_id=numbers[same[0].speaker],
            name=same[0].speaker,
            source_language=same[0].source_language or None,
            source_text=same[0].source_text,
            texts={row.language: row.text for row in same},
        )
        for same in together.values()
    ]
    said.sort(key=lambda one: one.at)
    path.write_text(subtitles.vtt(said, _words, zero=0.0), encoding="utf-8")


def _words(one: Utterance) -> subtitles.Words:
    several = len(one.texts) > 1
    return [
        (language if several else None, text or one.source_text)
        for language, text in one.texts.items()
    ]


def write_json(path: Path, value: Any) -> None:
    """Write readable JSON that ends with a line break."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
