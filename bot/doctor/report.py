"""What was found, as text or as JSON."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from bot.doctor.checks import Check, Examined, Mark

_SIGNS: Final = {Mark.OK: "✓", Mark.WARNING: "!", Mark.FAULT: "✗", Mark.SKIPPED: "-"}
_COLOURS: Final = {Mark.OK: 32, Mark.WARNING: 33, Mark.FAULT: 31, Mark.SKIPPED: 2}
_COUNTED: Final = (
    (Mark.FAULT, "fault", "faults"),
    (Mark.WARNING, "warning", "warnings"),
    (Mark.OK, "ok", "ok"),
    (Mark.SKIPPED, "skipped", "skipped"),
)


class Report(Protocol):
    """Is told of each thing that was found, in order."""

    def tell(self, found: Examined) -> str:
        """Return what to write of it, or nothing yet."""

    def end(self) -> str:
        """Return what to write at the end."""


class TextReport:
    """Lines in columns, under the heading of each group, with the cure below what is wrong.

    Args:
        checks: What will be told of.
        signs: Marks as signs in colour, for a terminal; else they are words.
    """

    def __init__(self, checks: Iterable[Check], *, signs: bool) -> None:
        self._signs = signs
        self._width = max((len(check.name) for check in checks), default=0)
        self._group = ""
        self._last = ""
        self._counts: Counter[Mark] = Counter()

    def tell(self, found: Examined) -> str:
        """Return its line, with a heading where its group begins."""
        check, diagnosis = found.check, found.diagnosis
        self._counts[diagnosis.mark] += 1
        text = ""
        if check.group != self._group:
            text = f"{check.group}\n" if not self._group else f"\n{check.group}\n"
            self._group = check.group
        line, cure = _printable(diagnosis.line), _printable(diagnosis.cure)
        name = "" if check.name == self._last else check.name
        self._last = check.name
        margin = " " * (self._width + (7 if self._signs else 13))
        text += f"  {self._mark(diagnosis.mark)}  {name:{self._width}}  {line}\n"
        if cure:
            text += f"{margin}{'→' if self._signs else 'Cure:'} {cure}\n"
        return text

    def _mark(self, mark: Mark) -> str:
        if not self._signs:
            return f"{mark.value:7}"
        return f"\x1b[{_COLOURS[mark]}m{_SIGNS[mark]}\x1b[0m"

    def end(self) -> str:
        """Return how many of each kind there were."""
        counted = [
            f"{count} {one if count == 1 else many}"
            for mark, one, many in _COUNTED
            if (count := self._counts[mark])
        ]
        return f"\n{', '.join(counted)}\n"


def _printable(text: str) -> str:
    """Return a text that leaves a terminal as it is: servers and channels have any name."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


class JsonReport:
    """A list of objects: group, check, status, line, and the cure or null."""

    def __init__(self) -> None:
        self._found: list[dict[str, str | None]] = []

    def tell(self, found: Examined) -> str:
        """Return nothing: the list is whole at the end."""
        self._found.append(
            {
                "group": found.check.group,
                "check": found.check.name,
                "status": found.diagnosis.mark.value,
                "line": found.diagnosis.line,
                "cure": found.diagnosis.cure or None,
            }
        )
        return ""

    def end(self) -> str:
        """Return the list."""
        return json.dumps(self._found, ensure_ascii=False, indent=2) + "\n"


def status(marks: Sequence[Mark]) -> int:
    """Return the exit status: 1 when something does not work."""
    return int(Mark.FAULT in marks)
