"""What conversations say, turned into captions: one per utterance and language.

A caption opens with the first text of a turn, grows, and is final when its translation is. The
original may come before, with or after the translation, so a final caption can be shown once more
with it. A turn that ends without a final keeps what it has; one that has no translation at all
(the language pair is not served) still shows the original.

An echo (the speaker spoke the target language) shows the original alone, in the place of what was
shown before; where originals stand elsewhere or are not wanted, nothing.
"""

from dataclasses import dataclass, replace

from bot.room.events import (
    Caption,
    ConversationEvent,
    Echoed,
    Failed,
    Final,
    Member,
    Origin,
    Partial,
    Source,
    TurnEnded,
)

_KEPT_TURNS = 8  # a conversation's latest turns; what comes later for an older one is too late


@dataclass(frozen=True, slots=True)
class Line:
    """One conversation of the room.

    Attributes:
        stay: Which stay of which member; someone who leaves and returns gets another.
        language: The target.
    """

    stay: int
    language: str


class Captions:
    """The captions of one room. Pure: events in, the caption to show out.

    Args:
        originals: Show the source text.
        echoes: Show what was said in a target language by its source text. Superfluous where it
            stands beneath translations into other languages anyway.
    """

    def __init__(self, *, originals: bool = True, echoes: bool = True) -> None:
        self._originals = originals
        self._echoes = originals and echoes
        self._echoed: dict[Line, set[int]] = {}  # turns
        self._next_key = 1
        self._lines: dict[Line, dict[int, Caption]] = {}

    def show_echoes(self, wanted: bool) -> None:  # noqa: FBT001 - reads well where it is called
        """Whether what was said in a target language is shown, from now on."""
        self._echoes = self._originals and wanted

    def apply(
        self,
        line: Line,
        speaker: Member,
        event: ConversationEvent,
        began_at: float,
        *,
        made_from: str | None = None,
    ) -> Caption | None:
        """The caption as it should stand after this event; None when nothing visible changed.

        Args:
            line: The conversation that spoke.
            speaker: Whose it is.
            event: What it said.
            began_at: Clock seconds when the speech began that a new turn would belong to.
            made_from: Language of the conversation whose turns these are, where it is another.
        """
        if isinstance(event, Failed):
            return self._failed(line, event)
        if isinstance(event, Echoed):
            return self._take_back(line, event.turn)
        if isinstance(event, Partial | Source | Final | TurnEnded):
            heard = Line(line.stay, made_from or line.language)
            return self._grow(line, speaker, event, began_at, heard)
        return None

    def _grow(
        self,
        line: Line,
        speaker: Member,
        event: Partial | Source | Final | TurnEnded,
        began_at: float,
        heard: Line,
    ) -> Caption | None:
        if isinstance(event, Source) and not self._shows_source(line, event.turn):
            return None
        if isinstance(event, Partial | Final) and event.text:
            self._echoed.get(line, set()).discard(event.turn)
        turns = self._lines.setdefault(line, {})
        before = turns.get(event.turn)
        if before is None:
            if isinstance(event, TurnEnded) or not event.text:
                return None
            if turns and event.turn <= max(turns) - _KEPT_TURNS:
                return None
            # What is made in writing comes when its speaker may be at the next sentence already.
            known = self._lines.get(heard, {}).get(event.turn)
            before = Caption(
                key=self._next_key,
                speaker=speaker,
                language=line.language,
                text="",
                source_text="",
                source_language=None,
                final=False,
                began_at=began_at if known is None else known.began_at,
                origin=Origin(heard.stay, heard.language, event.turn),
            )
            self._next_key += 1
        after = _grown(before, event)
        turns[event.turn] = after
        for old in sorted(turns)[:-_KEPT_TURNS]:
            del turns[old]
        return None if after == before else after

    def _shows_source(self, line: Line, turn: int) -> bool:
        return self._echoes if turn in self._echoed.get(line, ()) else self._originals

    def _take_back(self, line: Line, turn: int) -> Caption | None:
        echoed = self._echoed.setdefault(line, set())
        echoed.add(turn)
        for old in sorted(echoed)[:-_KEPT_TURNS]:
            echoed.discard(old)
        turns = self._lines.get(line, {})
        if (before := turns.get(turn)) is None:
            return None
        source_text = before.source_text if self._echoes else ""
        turns[turn] = after = replace(before, text="", source_text=source_text)
        return None if after == before else after

    def _failed(self, line: Line, event: Failed) -> Caption | None:
        turns = self._lines.get(line, {})
        if event.turn is None or (before := turns.get(event.turn)) is None or before.final:
            return None
        turns[event.turn] = after = replace(before, final=True)
        return after

    def withdraw(self, stay: int) -> list[Caption]:
        """Take back what is not final of someone no longer heard: captions without a text."""
        for line in [line for line in self._echoed if line.stay == stay]:
            del self._echoed[line]
        lines = [line for line in self._lines if line.stay == stay]
        return [
            replace(caption, text="", source_text="", final=True)
            for line in lines
            for caption in self._lines.pop(line).values()
            if not caption.final
        ]

    def finish_line(self, line: Line) -> list[Caption]:
        """Make final as it stands what an ended conversation left open."""
        self._echoed.pop(line, None)
        return [
            replace(caption, final=True)
            for caption in self._lines.pop(line, {}).values()
            if not caption.final
        ]


def _grown(caption: Caption, event: Partial | Source | Final | TurnEnded) -> Caption:
    match event:
        case Partial(text=text) if not caption.final and text:
            return replace(caption, text=text)
        case Final(text=text, source_follows=follows):
            # An empty final keeps what was shown: the service sends it after a full interim.
            text = text or caption.text
            return replace(caption, text=text, final=True, source_follows=follows)
        case Source(text=text, language=language) if text:
            return replace(
                caption, source_text=text, source_language=language or caption.source_language
            )
        case TurnEnded():
            return replace(caption, final=True)
        case _:
            return caption
