"""What those who read captions saw, change by change, and whether it was right."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from bot.loopback import MessageDeleted, MessageEdited, MessagePosted, Observation
from tests.support.crowd import rows_of, spoken_words
from tests.support.listening_service import SOURCE, Said

_MORE = "…"
_ORIGINAL = f"-# {SOURCE} · "
_CAPTION = re.compile(r"\b[a-z]{2}\d+n\d+\b")


@dataclass(frozen=True, slots=True)
class Seen:
    """A caption message as it stood from loop second `at` on; without content it is gone."""

    at: float
    message: int
    place: str
    author: str
    content: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a caption message.

    Attributes:
        word: Says whose utterance it is, and into what language.
        original: Word of the original beneath, if one stands there.
    """

    name: str
    label: str
    word: str
    text: str
    original: str

    @property
    def final(self) -> bool:
        return not self.text.endswith(_MORE)


@dataclass(frozen=True, slots=True)
class View:
    """What is right.

    Attributes:
        finals: By their word, as the service sent them.
        names: Of the speakers.
        languages: In the order in which they are shown.
        labelled: Each line says its language; else the place does, which has its name.
    """

    finals: Mapping[str, Said]
    names: list[str]
    languages: tuple[str, ...]
    labelled: bool

    def misplaced(self, row: Row, seen: Seen) -> Iterator[str]:
        (language, speaker, number), _ = spoken_words(row.text)
        label = language.upper()
        if row.name != self.names[speaker]:
            yield f"{row.word} stood under the name {row.name}"
        if row.label != (label if self.labelled else ""):
            yield f"{row.word} stood under the label {row.label}"
        if not self.labelled and not seen.place.startswith(f"{label} "):
            yield f"{row.word} stood in {seen.place}"
        if row.original not in {"", f"{SOURCE}{speaker}n{number}"}:
            yield f"{row.original} stood beneath {row.word}"

    def untrue(self, row: Row, seen: Seen) -> Iterator[str]:
        final = self.finals.get(row.word)
        if row.final and (final is None or final.text != row.text):
            yield f"no final reads {row.text}"
        elif row.final and final is not None and final.at > seen.at:
            yield f"{row.word} stood before it was said"

    def mixed(self, rows: list[Row]) -> Iterator[str]:
        """Lines that read as one utterance in several languages, and are not."""
        for above, row in pairwise(rows):
            (before, speaker, number), (after, *whose) = (
                spoken_words(each.text)[0] for each in (above, row)
            )
            reads_on = self.languages.index(before) < self.languages.index(after)
            if above.original or not reads_on or speaker != whose[0]:
                continue
            if number != whose[1]:
                yield f"{row.word} stood beneath {above.word}"


class Readers:
    """Watches a Discord: `discord.subscribe(readers)`."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self._rows: dict[tuple[str, str], list[Row]] = {}

    def __call__(self, observation: Observation) -> None:
        match observation:
            case MessagePosted(at, message) | MessageEdited(at, message):
                content = message.content
            case MessageDeleted(at, message):
                content = ""
            case _:
                return
        if message.interaction is None and _CAPTION.search(message.content):
            place = message.channel.name
            self.seen.append(Seen(at, message.id, place, message.author_name, content))

    def rows(self, seen: Seen) -> list[Row]:
        """The lines of a message."""
        key = seen.author, seen.content
        if key not in self._rows:
            self._rows[key] = list(_rows(seen))
        return self._rows[key]

    def standing(self) -> list[Row]:
        """All lines that stand now, in the order in which their messages were posted."""
        last = {seen.message: seen for seen in self.seen}
        return [row for seen in last.values() for row in self.rows(seen)]

    def final_at(self) -> dict[str, float]:
        """When each final first stood, by its word."""
        found: dict[str, float] = {}
        for seen in self.seen:
            for row in self.rows(seen):
                if row.final:
                    found.setdefault(row.word, seen.at)
        return found

    def objections(self, right: View) -> Iterator[str]:
        """What was wrong at any time, a line each."""
        shown: set[str] = set()  # final somewhere
        before: dict[int, list[Row]] = {}
        for seen in self.seen:
            rows = self.rows(seen)
            for row in rows:
                yield from right.misplaced(row, seen)
                yield from right.untrue(row, seen)
                if not row.final and row.word in shown:
                    yield f"{row.word} was final and an interim of it came"
            yield from right.mixed(rows)
            now = {row.word for row in rows}
            for row in before.get(seen.message, []):
                if row.final and row.word not in now:
                    yield f"{row.word} was final and was taken away"
            before[seen.message] = rows
            shown.update(row.word for row in rows if row.final)

    def faults_of_standing(self, finals: Mapping[str, Said]) -> Iterator[str]:
        """What is wrong with what stands once all is said: each final once, whole, in order."""
        rows = self.standing()
        standing = Counter(row.text for row in rows)
        for text in Counter(said.text for said in finals.values()) - standing:
            yield f"missing: {text}"
        for text in standing - Counter(said.text for said in finals.values()):
            yield f"too often or not final: {text}"
        spoken: dict[tuple[str, int], int] = {}
        for row in rows:
            (language, speaker, number), _ = spoken_words(row.text)
            if number <= spoken.get((language, speaker), -1):
                yield f"{row.word} stands too late"
            spoken[language, speaker] = number


def _rows(seen: Seen) -> Iterator[Row]:
    lines = seen.content.split("\n") if seen.content else []
    shown = iter(rows_of([(seen.author, seen.content)]))
    for index, line in enumerate(lines):
        if line.startswith("-# "):
            continue
        name, label, text = next(shown)
        (language, speaker, number), _ = spoken_words(text)
        beneath = next(iter(lines[index + 1 :]), "")
        original = ""
        if beneath.startswith("-# "):
            original = beneath.removeprefix(_ORIGINAL).partition(" ")[0].removesuffix(".")
        yield Row(name, label, f"{language}{speaker}n{number}", text, original)
