"""The lines of one language: what stands there now, and what is news to somebody who was away."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.page.packets import dumped

KEPT: Final = 400  # lines of a language, some 30 minutes of a lively call


@dataclass(frozen=True, slots=True)
class LineWords:
    """What a line says.

    Attributes:
        who: The speaker's number in the room.
        name: The speaker's.
        text: Empty: it was taken back.
        language: Of the text, where known.
        final: It stays as it is, or only grows.
        original: It stands untranslated where a translation is expected.
    """

    who: int
    name: str
    text: str
    language: str | None
    final: bool
    original: bool = False


@dataclass(slots=True)
class _Line:
    """One line.

    Attributes:
        words: As they are now.
        seq: Of its last change.
        began: Seconds since 1970.
        settled: When it became final, likewise; None: not yet.
        event: As it is sent, once it was.
    """

    words: LineWords
    seq: int
    began: float
    settled: float | None
    event: str | None = None


class Lines:
    """The latest lines of one language, each only as it stands now: interims cost nothing later.

    Attributes:
        seq: Of the last change.
    """

    def __init__(self) -> None:
        self._lines: OrderedDict[int, _Line] = OrderedDict()
        self._forgotten = 0  # the last change of a line that is no longer kept
        self.seq = 0

    def put(self, key: int, words: LineWords, seq: int, now: float) -> bool:
        """Set a line, and return whether that changed anything.

        Args:
            key: Which line.
            words: What it says.
            seq: Greater than any before.
            now: Seconds since 1970.
        """
        line = self._lines.get(key)
        if line is None:
            if not words.text:
                return False
            line = self._lines[key] = _Line(words, seq, now, None)
        elif line.words == words:
            return False
        line.words, line.seq, line.event = words, seq, None
        if words.final and line.settled is None:
            line.settled = now
        self.seq = seq
        while len(self._lines) > KEPT:
            _, old = self._lines.popitem(last=False)
            self._forgotten = max(self._forgotten, old.seq)
        return True

    def text_of(self, key: int) -> str:
        """Return what a line says now; empty where there is none."""
        line = self._lines.get(key)
        return "" if line is None else line.words.text

    def forgot_since(self, seq: int) -> bool:
        """Return whether a change after this one is no longer known."""
        return self._forgotten > seq

    def after(self, seq: int, since: float = 0.0) -> Iterator[str]:
        """Yield the lines that changed after `seq`, in order, as events.

        Args:
            seq: The last change that is known.
            since: Lines that were final before are left out; seconds since 1970.
        """
        for key, line in self._lines.items():
            if line.seq > seq and (line.settled is None or line.settled >= since):
                if line.event is None:
                    line.event = _event(key, line)
                # To somebody who starts afresh a line that was taken back is nothing.
                if line.words.text or seq:
                    yield line.event


def _event(key: int, line: _Line) -> str:
    words = line.words
    if not words.text:
        return dumped({"t": "gone", "id": key})
    event: dict[str, object] = {
        "t": "line",
        "id": key,
        "who": words.who,
        "name": words.name,
        "text": words.text,
        "lang": words.language,
        "final": words.final,
        "at": round(line.began * 1000),
    }
    if words.original:
        event["original"] = True
    return dumped(event)
