"""Which captions are of one utterance: a member's words in each of the room's languages.

Captions that are made from one turn of one conversation are of one utterance, whenever they come.
Conversations of different languages number their turns apart and cut speech into turns as each
likes, so theirs are matched by speaker, order and time: a caption belongs to the speaker's
earliest utterance that lacks its language, stands behind the last that has it, and was still being
shown (or ended a moment ago) when the caption appeared. A language in which a turn is missing (the
speaker spoke it) thus does not shift those that follow. Where that fails, the lines of one
utterance stand apart, under the right name all the same.
"""

from dataclasses import dataclass, field

from bot.domain.events import TYPED, Caption, Origin

_LATE_S = 10.0  # a language may follow the others so long after they are final
_KEPT_S = 120.0
_KEPT = 16  # utterances of a member


@dataclass(slots=True)
class _Utterance:
    number: int
    shown_at: float
    lines: dict[int, tuple[str, bool]] = field(default_factory=dict)  # language, whether final
    origins: set[Origin] = field(default_factory=set)

    def has(self, language: str) -> bool:
        return any(known == language for known, _ in self.lines.values())

    def takes(self, caption: Caption, now: float) -> bool:
        origin = caption.origin
        if origin is not None and any(map(origin.contradicts, self.origins)):
            return False
        over = all(final for _, final in self.lines.values())
        return caption.began_at <= self.shown_at and (not over or now - self.shown_at <= _LATE_S)


def _is_typed(origin: Origin | None) -> bool:
    return origin is not None and origin.language == TYPED


class Utterances:
    """Numbers utterances from 1, in the order in which they are first shown. Pure."""

    def __init__(self) -> None:
        self._recent: dict[int, list[_Utterance]] = {}  # by member
        self._count = 0

    def of(self, caption: Caption, now: float) -> int:
        """Return the utterance of a caption or its newer state; all its languages have the same."""
        recent = self._recent.setdefault(caption.speaker.id, [])
        utterance = next((known for known in recent if caption.key in known.lines), None)
        if utterance is None:
            utterance = self._matching(recent, caption, now) or self._new(recent, now)
        if not utterance.lines.get(caption.key, ("", False))[1]:
            utterance.shown_at = max(utterance.shown_at, now)
        utterance.lines[caption.key] = (caption.language, caption.final)
        if caption.origin is not None:
            utterance.origins.add(caption.origin)
        if len(recent) > _KEPT:
            del recent[0]
        self._forget(now)
        return utterance.number

    def _matching(
        self, recent: list[_Utterance], caption: Caption, now: float
    ) -> _Utterance | None:
        for utterance in recent:
            if caption.origin in utterance.origins and not utterance.has(caption.language):
                return utterance
        found = None
        typed = _is_typed(caption.origin)
        for utterance in reversed(recent):
            if any(_is_typed(origin) != typed for origin in utterance.origins):
                continue  # what its member types is beside what they say
            if utterance.has(caption.language):
                break
            if utterance.takes(caption, now):
                found = utterance
        return found

    def _new(self, recent: list[_Utterance], now: float) -> _Utterance:
        self._count += 1
        utterance = _Utterance(self._count, now)
        recent.append(utterance)
        return utterance

    def _forget(self, now: float) -> None:
        silent = [
            member
            for member, recent in self._recent.items()
            if all(utterance.shown_at < now - _KEPT_S for utterance in recent)
        ]
        for member in silent:
            del self._recent[member]
