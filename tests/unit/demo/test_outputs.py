"""What the demo leaves behind."""

import json
from pathlib import Path

from bot.demo.outputs import caption_rows, write_captions, write_transcript
from bot.demo.timeline import Said, Shown, Timeline
from tests.support.subtitles import read_vtt


def timeline(*shown: Shown) -> Timeline:
    line = Timeline(1, lambda: 0.0, lambda _at, _text: None)
    line.said = [Said("Ana", "a.wav", 0.5, 2.0), Said("Ana", "b.wav", 5.0, 7.0)]
    line.shown = {one.message_id: one for one in shown}
    return line


def shown(number: int, content: str, first_s: float, speaker: str = "Ana") -> Shown:
    return Shown(
        number,
        speaker,
        caption=True,
        content=content,
        names={},
        first_s=first_s,
        last_s=first_s + 1,
    )


def test_each_caption_belongs_to_the_speech_its_speaker_had_begun_last() -> None:
    rows = caption_rows(
        timeline(
            shown(1, "`EN` One.\n-# es · Uno.", 1.5),
            shown(2, "`EN` Two.", 6.5),
            shown(3, "`EN` Nobody said this.", 6.5, speaker="Ben"),
        )
    )
    assert [(row.file, row.text, row.source_text, row.final_caption_s) for row in rows] == [
        ("a.wav", "One.", "Uno.", 2.5),
        ("b.wav", "Two.", "", 7.5),
    ]


def test_the_files_hold_every_caption(tmp_path: Path) -> None:
    rows = caption_rows(timeline(shown(1, "`EN` 1 \\< 2 & 3", 1.5)))
    write_captions(tmp_path / "captions.json", rows)
    write_transcript(tmp_path / "transcript.vtt", rows)
    (row,) = json.loads((tmp_path / "captions.json").read_text(encoding="utf-8"))
    assert (row["speaker"], row["language"], row["spoke_until_s"]) == ("Ana", "en", 2.0)
    assert (tmp_path / "transcript.vtt").read_text(encoding="utf-8") == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\n<v Ana>1 &lt; 2 &amp; 3</v>\n"
    )


def test_captions_of_one_line_follow_each_other_in_the_subtitles(tmp_path: Path) -> None:
    rows = caption_rows(
        timeline(
            shown(1, "`EN` One.\n`DE` Eins.", 1.5),
            shown(2, "`EN` Two.\n`DE` Zwei.", 1.75),
            shown(3, "`EN` Three.", 6.5),
        )
    )
    write_transcript(tmp_path / "transcript.vtt", rows)
    cues = read_vtt((tmp_path / "transcript.vtt").read_text(encoding="utf-8"))
    assert [(cue.start_ms, cue.end_ms, [text for *_, text in cue.lines]) for cue in cues] == [
        (500, 750, ["One.", "Eins."]),
        (750, 2000, ["Two.", "Zwei."]),
        (5000, 7000, ["Three."]),
    ]
