"""A glossary as a CSV file: the columns source, translation and language.

Read tolerantly (a byte order mark, UTF-16, a heading in any order, semicolons or tabs as
spreadsheets in some countries write them, `sep=;` as Excel does, empty columns and characters that
nobody sees), but whole: a file with a mistake gives no terms, and every mistake is named by its
line.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.domain.stored import Term
from bot.errors import GlossaryFileError, UsageError
from bot.records import cells
from bot.records.terms import MOST_TERMS, term
from bot.words import number, t, tn
from bot.words.clean import clean

MOST_BYTES: Final = 256 * 1024
_SHOWN: Final = 24  # characters of what is wrong, so that all mistakes fit a message
_COLUMNS: Final = ("source", "translation", "language")
_NEEDED: Final = frozenset(_COLUMNS[:2])  # of a heading
_LOOKED_AT: Final = 200  # rows, to know by what they are divided
_DELIMITERS: Final = ",;\t|"
_SEPARATOR: Final = re.compile(r'"?sep=([^"\r\n])"?(?:\r\n|\r|\n|$)', re.IGNORECASE)

FindLanguage = Callable[[str], str | None]
"""The code of a language that somebody wrote by code or name; None when there is no such."""


def write(terms: Iterable[Term]) -> bytes:
    """Return the file, in UTF-8 with the mark spreadsheets know it by. `read` gives the same."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(_COLUMNS)
    for one in terms:
        table.writerow(cells.safe(cell) for cell in (one.source, one.translation, one.target))
    return text.getvalue().encode("utf-8-sig")


def read(data: bytes, find: FindLanguage, language: str | None = None) -> list[Term]:
    """Return the terms of a file, in its order, each once.

    Args:
        data: The file's content.
        find: Finds a language by code or name.
        language: The language of lines that name none.

    Raises:
        GlossaryFileError: It has mistakes; says all of them.
    """
    if len(data) > MOST_BYTES:
        raise GlossaryFileError([(0, t("The file is larger than 256 kB."))])
    text = _text(data)
    reading = _Reading(find, language)
    for line, row in _table(text, find, reading.wrong):
        reading.take(line, row)
    return reading.done()


def _text(data: bytes) -> str:
    # What spreadsheets call Unicode text; it says so by its mark.
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        wrong = t("This isn't UTF-8. Save the file as “CSV UTF-8”.")
        raise GlossaryFileError([(line, wrong)]) from None


_Rows = list[tuple[int, list[str]]]
_Wrong = Callable[[int, str], None]


def _table(text: str, find: FindLanguage, wrong: _Wrong) -> _Rows:
    """Return the rows that are not blank, each with the number of its first line."""
    if (named := _SEPARATOR.match(text)) is not None:
        rows = _rows(text[named.end() :], named[1], wrong)
        return [(line + 1, row) for line, row in rows]
    # The first of those that fit equally well.
    delimiter = max(_DELIMITERS, key=lambda mark: _fit(_rows(text, mark, _unsaid), find))
    return _rows(text, delimiter, wrong)


def _unsaid(_line: int, _what: str) -> None:
    """Ignore a mistake, in a reading that is only tried."""


def _fit(rows: _Rows, find: FindLanguage) -> tuple[bool, int, int]:
    """Return how much rows look like terms; more is better."""
    seen = [row for _, row in rows[:_LOOKED_AT]]
    fitting = [row for row in seen if 2 <= _shown(row) <= len(_COLUMNS)]
    return (
        bool(seen) and _is_heading(seen[0]),
        len(fitting),
        sum(find(row[2]) is not None for row in fitting if len(row) > 2),
    )


def _is_heading(row: Sequence[str]) -> bool:
    return {_name(cell) for cell in row} >= _NEEDED


def _name(cell: str) -> str:
    return clean(cell).casefold()


def _rows(text: str, delimiter: str, wrong: _Wrong) -> _Rows:
    table = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: _Rows = []
    while True:
        line = table.line_num + 1
        try:
            row = next(table)
        except StopIteration:
            return rows
        except csv.Error:
            wrong(line, t("The quotation marks don't match."))
            continue
        if any(clean(cell) for cell in row):
            rows.append((line, [cells.plain(cell).strip() for cell in row]))


def _shown(row: Sequence[str]) -> int:
    """Return how many columns a reader sees: those up to the last that holds something."""
    return max((number for number, cell in enumerate(row, 1) if clean(cell)), default=0)


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
            if _is_heading(row):
                self._head(line, [_name(cell) for cell in row[: _shown(row)]])
                return
        row = row[: max(_shown(row), len(self.columns))]
        nameless = [cell for name, cell in zip(self.columns, row, strict=False) if not name]
        if not 2 <= len(row) <= len(self.columns) or any(clean(cell) for cell in nameless):
            wrong = tn(
                "This line has {count} column instead of 2 or 3.",
                "This line has {count} columns instead of 2 or 3.",
                len(row),
            )
            self.wrong(line, wrong)
            return
        try:
            self._add(line, dict(zip(self.columns, row, strict=False)))
        except UsageError as error:
            self.wrong(line, error.message)

    def _head(self, line: int, names: list[str]) -> None:
        self.columns = names
        for name in filter(None, names):
            if name not in _COLUMNS or names.count(name) > 1:
                self.wrong(
                    line,
                    t(
                        "Unknown column “{column}”. The columns are source, translation and "
                        "language.",
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
                    "“{term}” has a different translation in line {line}.",
                    term=one.source[:_SHOWN],
                    line=number(at),
                )
            )

    def _target(self, written: str) -> str:
        if not (name := clean(written)):
            if self.language is None:
                raise UsageError(
                    t("No language is given. Add the column, or choose one in the command.")
                )
            return self.language
        if (code := self.find(name)) is None:
            raise UsageError(t("I can't translate into “{language}”.", language=name[:_SHOWN]))
        return code

    def done(self) -> list[Term]:
        if not self.mistakes and not self.terms:
            self.wrong(0, t("The file has no words."))
        if len(self.terms) > MOST_TERMS:
            self.wrong(
                0,
                t(
                    "The file has {count} words; the maximum is {most}.",
                    count=number(len(self.terms)),
                    most=number(MOST_TERMS),
                ),
            )
        if self.mistakes:
            raise GlossaryFileError(self.mistakes)
        return [one for one, _ in self.terms.values()]
