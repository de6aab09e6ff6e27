"""Which captions are one utterance.

Captions that are made from one turn of one conversation are one utterance, and those from different
turns are not: what is made in writing (`room/text_language.py`) comes when the speaker may be saying the
next sentence already. Conversations of different languages number their turns apart, so theirs are
matched by their speaker and time: a caption of another language belongs to an utterance that has
none of that language yet, later than the last one that has.

- One that opens while it grows belongs to what began at the same moment, else to the newest
  utterance that it overlaps.
- One that is whole at once comes late: it belongs to the oldest utterance that grew in the last few
  seconds, and was not said in this language already (then nothing is made of it).
"""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

from bot.domain.events import Caption, Origin
from bot.words.codes import same_language

_KEPT: Final = 8  # utterances of a speaker that may still get a language
_SPEAKERS: Final = 256  # of whom something may still come
_KEYS: Final = 4096  # captions that may still change; a room keeps far fewer open
_SAME_S: Final = 0.01
_OVERLAP_S: Final = 3.0  # a caption opens up to this long after the words
_LATE_S: Final = 10.0  # what is whole at once comes up to this long after the others


@dataclass(slots=True, eq=False)
class Utterance:
    """What one speaker said.

    Attributes:
        number: In the order in which they were first seen.
        began_at: Clock seconds.
        grew_at: When any of its captions changed last.
        date: When it began, in seconds since 1970; for who takes it down.
        source_language: Where any of them tells.
    """

    number: int
    began_at: float
    grew_at: float
    date: float | None = None
    source_language: str | None = None
    languages: set[str] = field(default_factory=set)
    origins: set[Origin] = field(default_factory=set)


class Matching:
    """Numbers the utterances of a session.

    Args:
        first: The number of the first one.
    """

    def __init__(self, first: int = 1) -> None:
        self._next = first
        self._latest: OrderedDict[int, deque[Utterance]] = OrderedDict()  # by speaker
        self._of: OrderedDict[int, Utterance] = OrderedDict()  # by key of caption

    def utterance(self, caption: Caption, now: float) -> Utterance:
        """The utterance of a caption, the same whenever it is shown; `now` in clock seconds."""
        found = self._of.get(caption.key)
        if found is None:
            found = self._of[caption.key] = self._found(caption, now) or self._new(caption, now)
            found.languages.add(caption.language)
            if caption.origin is not None:
                found.origins.add(caption.origin)
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
        self._latest.move_to_end(caption.speaker.id)
        if len(self._latest) > _SPEAKERS:
            self._latest.popitem(last=False)
        return made

    def _found(self, caption: Caption, now: float) -> Utterance | None:
        without: list[Utterance] = []
        origin = caption.origin
        for known in self._latest.get(caption.speaker.id, ()):
            if caption.language in known.languages:
                without.clear()
            elif origin in known.origins:
                return known
            elif origin is None or not any(map(origin.contradicts, known.origins)):
                without.append(known)
        if caption.final:
            late = (
                known
                for known in without
                if now - known.grew_at <= _LATE_S
                and not same_language(known.source_language, caption.language)
            )
            return next(late, None)
        for known in without:
            if abs(known.began_at - caption.began_at) < _SAME_S:
                return known
        overlapping = [
            known
            for known in without
            if known.began_at <= caption.began_at <= known.grew_at + _OVERLAP_S
        ]
        return overlapping[-1] if overlapping else None
