"""Which captions are one utterance.

Each language of a speaker has a conversation of its own, which numbers its turns apart from the
others; what is made in writing (`room/further.py`) comes when the speaker may be saying the next
sentence already. So captions are matched by their speaker and time: a caption of another language
belongs to an utterance that has none of that language yet, later than the last one that has.

- One that opens while it grows was heard itself: it belongs to what began at the same moment, else
  to the newest utterance that it overlaps.
- One that is whole at once was made in writing: it belongs to the oldest utterance that grew in the
  last few seconds, and was not said in this language already (then nothing is made of it).
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

from bot.room.events import Caption

_KEPT: Final = 8  # utterances of a speaker that may still get a language
_KEYS: Final = 4096  # captions that may still change; a room keeps far fewer open
_SAME_S: Final = 0.01
_OVERLAP_S: Final = 3.0  # a caption opens up to this long after the words
_WRITTEN_S: Final = 10.0  # a text waits up to this long for its turn


@dataclass(slots=True, eq=False)
class Utterance:
    """What one speaker said.

    Attributes:
        number: In the order in which they were first seen.
        began_at: Clock seconds.
        grew_at: When any of its captions changed last.
        source_language: Where any of them tells.
    """

    number: int
    began_at: float
    grew_at: float
    source_language: str | None = None
    languages: set[str] = field(default_factory=set)


class Matching:
    """Numbers the utterances of a session.

    Args:
        first: The number of the first one.
    """

    def __init__(self, first: int = 1) -> None:
        self._next = first
        self._latest: dict[int, deque[Utterance]] = {}  # by speaker
        self._of: OrderedDict[int, Utterance] = OrderedDict()  # by key of caption

    def utterance(self, caption: Caption, now: float) -> Utterance:
        """The utterance of a caption, the same whenever it is shown; `now` in clock seconds."""
        found = self._of.get(caption.key)
        if found is None:
            found = self._of[caption.key] = self._found(caption, now) or self._new(caption, now)
            found.languages.add(caption.language)
            if len(self._of) > _KEYS:
                self._of.popitem(last=False)
        found.grew_at = now
        found.source_language = caption.source_language or found.source_language
        return found

    def _new(self, caption: Caption, now: float) -> Utterance:
        made = Utterance(self._next, caption.began_at, now)
        self._next += 1
        latest = self._latest.setdefault(caption.speaker.id, deque(maxlen=_KEPT))
        latest.append(made)
        return made

    def _found(self, caption: Caption, now: float) -> Utterance | None:
        without: list[Utterance] = []
        for known in self._latest.get(caption.speaker.id, ()):
            if caption.language in known.languages:
                without.clear()
            else:
                without.append(known)
        if caption.final:
            written = (
                known
                for known in without
                if now - known.grew_at <= _WRITTEN_S
                and not same_language(known.source_language, caption.language)
            )
            return next(written, None)
        for known in without:
            if abs(known.began_at - caption.began_at) < _SAME_S:
                return known
        overlapping = [
            known
            for known in without
            if known.began_at <= caption.began_at <= known.grew_at + _OVERLAP_S
        ]
        return overlapping[-1] if overlapping else None


def same_language(one: str | None, other: str) -> bool:
    """Whether two codes name one language, in whatever region."""
    return one is not None and one.partition("-")[0].lower() == other.partition("-")[0].lower()
