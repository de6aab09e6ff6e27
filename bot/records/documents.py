"""Transcripts as files: one language, or all side by side."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from bot.records import cells, subtitles
from bot.records.pausing import PausingSequence
from bot.records.utterances import Utterance, languages


class Format(StrEnum):
    """What a transcript can be had as; the value is the file's ending, too."""

    TXT = "txt"
    VTT = "vtt"
    SRT = "srt"
    JSON = "json"
    CSV = "csv"


class Writer(Protocol):
    """Writes a file, some utterances at a time."""

    def add(self, said: Sequence[Utterance]) -> str:
        """Return what the next utterances, in order of speech, add to the file."""

    def end(self) -> str:
        """Return the rest. May take long: not for the event loop's thread."""


def writer(form: Format, language: str | None = None, columns: Sequence[str] = ()) -> Writer:
    """Begin a file and return its writer.

    Args:
        form: The file's format.
        language: The only language in it; None: all, with the originals.
        columns: All languages there are; a table has a column for each.
    """
    match form:
        case Format.TXT:
            return _PlainWriter(language)
        case Format.VTT:
            return _Subtitles(subtitles.vtt, language)
        case Format.SRT:
            return _Subtitles(subtitles.srt, language)
        case Format.JSON:
            return _JsonWriter(language)
        case Format.CSV:
            return _Table(language, columns)


def encoded(form: Format, parts: Iterable[str]) -> bytes:
    """Return the bytes of the file that was written in these parts."""
    # Without the mark, spreadsheets take a table for one of their own country's encoding.
    mark = b"\xef\xbb\xbf" if form is Format.CSV else b""
    return b"".join((mark, *(part.encode("utf-8", "replace") for part in parts)))


def document(form: Format, said: Sequence[Utterance], language: str | None = None) -> bytes:
    """Write a whole file at once and return it.

    Args:
        form: The file's format.
        said: The utterances, in order of speech.
        language: The only one; None: all, with the originals.
    """
    file = writer(form, language, languages(said))
    return encoded(form, (file.add(said), file.end()))


def _words(language: str | None) -> Callable[[Utterance], subtitles.Words]:
    if language is None:
        return Utterance.everything
    return lambda one: [(one.language_of(language), one.in_language(language))]


class _PlainWriter:
    def __init__(self, language: str | None) -> None:
        self._words = _words(language)
        self._alone = language is not None
        self._day = ""

    def add(self, said: Sequence[Utterance]) -> str:
        rows: list[str] = []
        for one in said:
            at = datetime.fromtimestamp(one.at, UTC)
            if (day := f"{at:%Y-%m-%d} (UTC)") != self._day:
                rows += ["", day] if self._day else [day]
                self._day = day
            head = f"[{at:%H:%M:%S}] {_line(one.name)}"
            lines = [(code, _line(text)) for code, text in self._words(one)]
            if self._alone:
                rows.append(f"{head}: {lines[0][1]}")
                continue
            rows.append(head)
            rows += [
                f"    {text}" if code is None else f"    {code}: {text}" for code, text in lines
            ]
        return "\n".join([*rows, ""])

    def end(self) -> str:
        return ""


def _line(text: str) -> str:
    return " ".join(text.split())


class _JsonWriter:
    def __init__(self, language: str | None) -> None:
        self._language = language
        self._begun = False

    def add(self, said: Sequence[Utterance]) -> str:
        rows = ",\n".join(json.dumps(self._row(one), ensure_ascii=False) for one in said)
        if not rows:
            return ""
        before = ",\n" if self._begun else '{"utterances": [\n'
        self._begun = True
        return before + rows

    def _row(self, one: Utterance) -> dict[str, object]:
        row: dict[str, object] = {
            "at": one.at,
            "until": one.until,
            "user_id": str(one.user_id),  # longer than JavaScript's numbers are exact
            "name": one.name,
            "source_language": one.source_language,
            "source_text": one.source_text,
        }
        if self._language is None:
            row["texts"] = dict(one.texts)
        else:
            row["language"] = one.language_of(self._language)
            row["text"] = one.in_language(self._language)
        return row

    def end(self) -> str:
        return "\n]}\n" if self._begun else '{"utterances": []}\n'


class _Table:
    def __init__(self, language: str | None, columns: Sequence[str]) -> None:
        self._language = language
        self._columns = columns if language is None else [language]
        self._text = io.StringIO(newline="")
        self._table = csv.writer(self._text)
        known = ("at", "until", "user_id", "name", "source_language", "source_text")
        self._table.writerow([*known, *self._columns])

    def add(self, said: Sequence[Utterance]) -> str:
        for one in said:
            shown = (
                [one.texts.get(column, "") for column in self._columns]
                if self._language is None
                else [one.in_language(self._language)]
            )
            known = (one.name, one.source_language or "", one.source_text)
            self._table.writerow(
                [
                    _date(one.at),
                    _date(one.until),
                    one.user_id,
                    *(cells.safe(cell) for cell in (*known, *shown)),
                ]
            )
        return self.end()

    def end(self) -> str:
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return text


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


class _Subtitles:
    """A cue ends where its speaker's next one begins, so all are needed for the first."""

    def __init__(
        self,
        write: Callable[[Sequence[Utterance], Callable[[Utterance], subtitles.Words]], str],
        language: str | None,
    ) -> None:
        self._write = write
        self._words = _words(language)
        self._said: list[Utterance] = []

    def add(self, said: Sequence[Utterance]) -> str:
        self._said += said
        return ""

    def end(self) -> str:
        return self._write(PausingSequence(self._said), self._words)
