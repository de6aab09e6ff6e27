"""A glossary as a CSV file: the columns source, translation and language.

Read tolerantly (a byte order mark, a heading in any order, semicolons or tabs as spreadsheets in
some countries write them), but whole: a file with a mistake gives no terms, and every mistake is
named by its line.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.errors import GlossaryFileError, UsageError
from bot.records import cells
from bot.records.terms import MOST_TERMS, term
from bot.room.records import Term
from bot.words import number, t

MOST_BYTES: Final = 256 * 1024
_SHOWN: Final = 24  # characters of what is wrong, so that all mistakes fit a message
_COLUMNS: Final = ("source", "translation", "language")

FindLanguage = Callable[[str], str | None]
"""The code of a language that somebody wrote by code or name; None when there is no such."""


def write(terms: Iterable[Term]) -> bytes:
    """The file, in UTF-8 with the mark that spreadsheets know it by. `read` gives the same."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for one in terms:
        table.writerow(cells.safe(cell) for cell in (one.source, one.translation, one.target))
    return text.getvalue().encode("utf-8-sig")


def read(data: bytes, find: FindLanguage, language: str | None = None) -> list[Term]:
    """The terms of a file, in its order, each once.

    Args:
        data: The file.
        find: Knows the languages.
        language: Of lines that name none.

    Raises:
        GlossaryFileError: It has mistakes; says all of them.
    """
    if len(data) > MOST_BYTES:
        raise GlossaryFileError([(0, t("The file is larger than 256 kB."))])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wrong = t("This is not UTF-8; save the file as “CSV UTF-8”.")
        raise GlossaryFileError([(line, wrong)]) from None
    reading = _Reading(find, language)
    for line, row in _rows(text, reading.wrong):
        reading.take(line, row)
    return reading.done()


def _rows(text: str, wrong: Callable[[int, str], None]) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, each with the number of its first line."""
    table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    while True:
        line = table.line_num + 1
        try:
            row = next(table)
        except StopIteration:
            return
        except csv.Error:
            wrong(line, t("The quotation marks here do not fit together."))
            continue
        row = [cells.plain(cell).strip() for cell in row]
        if any(row):
            yield line, row


def _delimiter(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return next((mark for mark in ",;\t" if mark in first), ",")


@dataclass(slots=True)
class _Reading:
    find: FindLanguage
    language: str | None
    columns: Sequence[str] | None = None
    terms: dict[tuple[str, str], tuple[Term, int]] = field(default_factory=dict)
    mistakes: list[tuple[int, str]] = field(default_factory=list)

    def wrong(self, line: int, what: str) -> None:
        self.mistakes.append((line, what))

    def take(self, line: int, row: list[str]) -> None:
        if self.columns is None:
            self.columns = _COLUMNS
            names = [cell.casefold() for cell in row]
            if {"source", "translation"} <= set(names):
                self._head(line, names)
                return
        while len(row) > len(self.columns) and not row[-1]:
            row.pop()
        if not 2 <= len(row) <= len(self.columns):
            wrong = t("This line has {count} columns instead of 2 or 3.", count=number(len(row)))
            self.wrong(line, wrong)
            return
        try:
            self._add(line, dict(zip(self.columns, row, strict=False)))
        except UsageError as error:
            self.wrong(line, error.message)

    def _head(self, line: int, names: list[str]) -> None:
        self.columns = names
        for name in names:
            if name not in _COLUMNS or names.count(name) > 1:
                self.wrong(
                    line,
                    t(
                        "The column “{column}” does not belong here; there are source, "
                        "translation and language.",
                        column=name[:_SHOWN],
                    ),
                )
        if self.mistakes:
            raise GlossaryFileError(self.mistakes)  # else every line would be one

    def _add(self, line: int, row: dict[str, str]) -> None:
        target = self._target(row.get("language", ""))
        one = term(target, row.get("source", ""), row.get("translation", ""))
        key = (target, one.source)
        known, at = self.terms.setdefault(key, (one, line))
        if known != one:
            raise UsageError(
                t(
                    "“{term}” has another translation in line {line}.",
                    term=one.source[:_SHOWN],
                    line=number(at),
                )
            )

    def _target(self, written: str) -> str:
        if not written:
            if self.language is None:
                raise UsageError(
                    t("No language is named; add the column, or choose one in the command.")
                )
            return self.language
        if (code := self.find(written)) is None:
            raise UsageError(t("I can't translate into “{language}”.", language=written[:_SHOWN]))
        return code

    def done(self) -> list[Term]:
        if not self.mistakes and not self.terms:
            self.wrong(0, t("The file has no terms."))
        if len(self.terms) > MOST_TERMS:
            self.wrong(
                0,
                t(
                    "The file has {count} terms; {most} are the most.",
                    count=number(len(self.terms)),
                    most=number(MOST_TERMS),
                ),
            )
        if self.mistakes:
            raise GlossaryFileError(self.mistakes)
        return [one for one, _ in self.terms.values()]
