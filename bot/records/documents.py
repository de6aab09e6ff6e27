"""Transcripts as files: one language, or all side by side."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from bot.records import cells, subtitles
from bot.records.utterances import Utterance, languages


class Format(StrEnum):
    """What a transcript can be had as; the value is the file's ending, too."""

    TXT = "txt"
    VTT = "vtt"
    SRT = "srt"
    JSON = "json"
    CSV = "csv"


def document(form: Format, said: Sequence[Utterance], language: str | None = None) -> bytes:
    """The file.

    Args:
        form: Which.
        said: In order of speech.
        language: The only one; None: all, with the originals.
    """
    data = _MAKERS[form](said, language).encode("utf-8", "replace")
    # Without the mark, spreadsheets take a table for one of their own country's encoding.
    return b"\xef\xbb\xbf" + data if form is Format.CSV else data


def _words(language: str | None) -> Callable[[Utterance], subtitles.Words]:
    if language is None:
        return Utterance.everything
    return lambda one: [(one.language_of(language), one.in_language(language))]


def _txt(said: Sequence[Utterance], language: str | None) -> str:
    words = _words(language)
    rows: list[str] = []
    shown = ""
    for one in said:
        at = datetime.fromtimestamp(one.at, UTC)
        if (day := f"{at:%Y-%m-%d} (UTC)") != shown:
            rows += ["", day] if rows else [day]
            shown = day
        head = f"[{at:%H:%M:%S}] {_line(one.name)}"
        lines = [(code, _line(text)) for code, text in words(one)]
        if language is not None:
            rows.append(f"{head}: {lines[0][1]}")
        else:
            rows.append(head)
            rows += [
                f"    {text}" if code is None else f"    {code}: {text}" for code, text in lines
            ]
    return "\n".join([*rows, ""])


def _line(text: str) -> str:
    return " ".join(text.split())


def _json(said: Sequence[Utterance], language: str | None) -> str:
    rows: list[dict[str, object]] = []
    for one in said:
        row: dict[str, object] = {
            "at": one.at,
            "until": one.until,
            "user_id": str(one.user_id),  # longer than JavaScript's numbers are exact
            "name": one.name,
            "source_language": one.source_language,
            "source_text": one.source_text,
        }
        if language is None:
            row["texts"] = dict(one.texts)
        else:
            row["language"] = one.language_of(language)
            row["text"] = one.in_language(language)
        rows.append(row)
    return json.dumps({"utterances": rows}, ensure_ascii=False, indent=1) + "\n"


def _csv(said: Sequence[Utterance], language: str | None) -> str:
    text = io.StringIO(newline="")
    table = csv.writer(text)
    columns = languages(said) if language is None else [language]
    table.writerow(["at", "until", "user_id", "name", "source_language", "source_text", *columns])
    for one in said:
        shown = (
            [one.texts.get(column, "") for column in columns]
            if language is None
            else [one.in_language(language)]
        )
        known = (one.name, one.source_language or "", one.source_text)
        table.writerow(
            [
                _date(one.at),
                _date(one.until),
                one.user_id,
                *(cells.safe(cell) for cell in (*known, *shown)),
            ]
        )
    return text.getvalue()


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


_MAKERS = {
    Format.TXT: _txt,
    Format.VTT: lambda said, language: subtitles.vtt(said, _words(language)),
    Format.SRT: lambda said, language: subtitles.srt(said, _words(language)),
    Format.JSON: _json,
    Format.CSV: _csv,
}
