"""What conversations say, turned into captions: one per utterance and language.

A caption opens with the first text of a turn, grows, and is final when its translation is. The
original may come before, with or after the translation, so a final caption can be shown once more
with it. A turn that ends without a final keeps what it has; one that has no translation at all
(the language pair is not served) still shows the original.

Speech in one of the room's languages is that language's own text: where a turn proves to be said in
the target language (`Echoed`), its caption has the words as they were said, whether originals are
shown or not.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from bot.clock import Clock
from bot.domain.events import (
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
from bot.room.utterances import Utterances
from bot.words.codes import ORIGINAL

_KEPT_TURNS = 8  # a conversation's latest turns; what comes later for an older one is too late


@dataclass(frozen=True, slots=True)
class CaptionLine:
    """One conversation of the room.

    Attributes:
        visit: Which visit of which member; someone who leaves and returns gets another.
        language: The target.
    """

    visit: int
    language: str


@dataclass(slots=True)
class _CaptionTurn:
    """What is known of one turn.

    Attributes:
        known: With the translation as text, whether it is shown or not.
        echoed: It was said in the target language.
        heard_out: The original will not change.
        shown: How it was shown last.
    """

    known: Caption
    echoed: bool = False
    heard_out: bool = False
    shown: Caption | None = None


@dataclass(slots=True)
class _LineTurns:
    """The latest turns of one conversation, and which of those to come are echoes."""

    of: dict[int, _CaptionTurn] = field(default_factory=dict)
    echoed: set[int] = field(default_factory=set)


class Captions:
    """The captions of one room. Pure: events in, the caption to show out.

    Args:
        originals: Show the source text beneath translations.
    """

    def __init__(self, *, originals: bool = True) -> None:
        self._originals = originals
        self._next_key = 1
        self._lines: dict[CaptionLine, _LineTurns] = {}

    def apply(
        self,
        line: CaptionLine,
        speaker: Member,
        event: ConversationEvent,
        began_at: float,
        *,
        made_from: str | None = None,
        ended_at: float | None = None,
    ) -> Caption | None:
        """Return the caption as it should stand after this event; None if nothing visible changed.

        Args:
            line: The conversation that spoke.
            speaker: The member whose utterance it is.
            event: What the conversation said.
            began_at: Clock seconds when the speech began that a new turn would belong to.
            made_from: Language of the conversation whose turns these are, where it is another.
            ended_at: Clock seconds when the member was last heard, if not in what follows already.
        """
        if isinstance(event, Failed):
            return self._failed(line, event)
        if isinstance(event, Echoed):
            return self._take_back(line, event.turn)
        if isinstance(event, Partial | Source | Final | TurnEnded):
            heard = CaptionLine(line.visit, made_from or line.language)
            turn = self._grow(line, speaker, event, began_at, heard)
            if turn is None:
                return None
            if turn.known.ended_at is None and (turn.known.final or turn.heard_out):
                turn.known = replace(turn.known, ended_at=ended_at)
            return self._news(turn)
        return None

    def _grow(
        self,
        line: CaptionLine,
        speaker: Member,
        event: Partial | Source | Final | TurnEnded,
        began_at: float,
        heard: CaptionLine,
    ) -> _CaptionTurn | None:
        turns = self._lines.setdefault(line, _LineTurns())
        turn = turns.of.get(event.turn)
        if turn is None:
            if isinstance(event, TurnEnded) or not event.text:
                return None
            if turns.of and event.turn <= max(turns.of) - _KEPT_TURNS:
                return None
            # What is made in writing comes when its speaker may be at the next sentence already.
            lead = self._lines[heard].of.get(event.turn) if heard in self._lines else None
            turn = turns.of[event.turn] = _CaptionTurn(
                Caption(
                    key=self._next_key,
                    speaker=speaker,
                    language=line.language,
                    text="",
                    source_text="",
                    source_language=None,
                    final=False,
                    began_at=began_at if lead is None else lead.known.began_at,
                    origin=Origin(heard.visit, heard.language, event.turn),
                ),
                echoed=event.turn in turns.echoed,
            )
            self._next_key += 1
        if isinstance(event, Partial | Final) and event.text:
            turn.echoed = False
            turns.echoed.discard(event.turn)
        turn.known = _grown(turn.known, event)
        turn.heard_out |= isinstance(event, Source) and event.final
        for old in sorted(turns.of)[:-_KEPT_TURNS]:
            del turns.of[old]
        return turn

    def _take_back(self, line: CaptionLine, number: int) -> Caption | None:
        turns = self._lines.setdefault(line, _LineTurns())
        turns.echoed.add(number)
        for old in sorted(turns.echoed)[:-_KEPT_TURNS]:
            turns.echoed.discard(old)
        if (turn := turns.of.get(number)) is None:
            return None
        turn.echoed = True
        return self._news(turn)

    def began_at(self, line: CaptionLine, number: int) -> float | None:
        """Return clock seconds when a turn's speech began; None while nothing is known of it."""
        turns = self._lines.get(line)
        turn = turns.of.get(number) if turns is not None else None
        return None if turn is None else turn.known.began_at

    def leave_unspoken(self, line: CaptionLine, number: int) -> Caption | None:
        """Mark a turn as one that is not read aloud; None when nothing of it is shown yet."""
        turns = self._lines.get(line)
        turn = turns.of.get(number) if turns is not None else None
        if turn is None:
            return None
        turn.known = replace(turn.known, unspoken=True)
        return self._news(turn)

    def _failed(self, line: CaptionLine, event: Failed) -> Caption | None:
        turns = self._lines.get(line)
        turn = turns.of.get(event.turn) if turns is not None and event.turn is not None else None
        if turn is None or turn.known.final:
            return None
        turn.known = replace(turn.known, final=True)
        return self._news(turn)

    def _news(self, turn: _CaptionTurn) -> Caption | None:
        """Return the caption as it should stand now; None if nothing visible changed."""
        caption = turn.known
        if turn.echoed:
            # What was shown stays until its words come, or none do, so that nothing flickers.
            stands = turn.shown.text if turn.shown is not None and not caption.final else ""
            caption = replace(
                caption,
                text=caption.source_text or stands,
                source_language=_spoken(caption),
                final=caption.final or turn.heard_out,
            )
        if not (self._originals or turn.echoed):
            caption = replace(caption, source_text="", source_language=None)
        if turn.shown is None and not (caption.text or caption.source_text):
            return None
        if caption == turn.shown:
            return None
        turn.shown = caption
        return caption

    def discard(self, line: CaptionLine, number: int) -> list[Caption]:
        """Take back a turn that nobody said, final or not, and all that was made from it."""
        origin = Origin(line.visit, line.language, number)
        found = [
            turns.of.pop(number)
            for turns in self._lines.values()
            if number in turns.of and turns.of[number].known.origin == origin
        ]
        return [_withdrawn(turn.shown) for turn in found if turn.shown is not None]

    def withdraw(self, visit: int) -> list[Caption]:
        """Take back what is not final of someone no longer heard: captions without a text."""
        return [
            _withdrawn(caption)
            for line in [line for line in self._lines if line.visit == visit]
            for caption in _open(self._lines.pop(line))
        ]

    def finish_line(self, line: CaptionLine) -> list[Caption]:
        """Make final as it stands what an ended conversation left open."""
        return [
            replace(caption, final=True, source_follows=False)
            for caption in _open(self._lines.pop(line, _LineTurns()))
        ]


def _spoken(caption: Caption) -> str | None:
    """Return the language of a caption whose text is the original."""
    if not caption.source_text:
        return None
    return caption.source_language if caption.language == ORIGINAL else caption.language


def _withdrawn(caption: Caption) -> Caption:
    return replace(caption, text="", source_text="", final=True)


def _open(turns: _LineTurns) -> list[Caption]:
    shown = (turn.shown for turn in turns.of.values())
    return [caption for caption in shown if caption is not None and not caption.final]


def _grown(caption: Caption, event: Partial | Source | Final | TurnEnded) -> Caption:
    broken = isinstance(event, Partial | Source) and event.broken and not caption.final
    caption = replace(caption, broken=broken)
    match event:
        case Partial(text=text) if not caption.final and text:
            return replace(caption, text=text)
        case Final(text=text, source_follows=follows):
            # An empty final keeps what was shown: the service sends it after a full interim.
            text = text or caption.text
            return replace(caption, text=text, final=True, source_follows=follows)
        case Source(text=text, language=language, final=final) if text:
            return replace(
                caption,
                source_text=text,
                source_language=language or caption.source_language,
                source_follows=caption.source_follows and not final,
            )
        case TurnEnded():
            return replace(caption, final=True, source_follows=False)
        case _:
            return caption


class CaptionView:
    """The captions of one room as they are shown in one place: in the channel, or on the page.

    The channel may go without originals where the page does not, so each has its own state: what is
    shown, changed and taken back in the one is decided without the other.

    Args:
        clock: Tells the time.
        show: Called with each caption, new or changed.
        originals: They carry what was really said.

    Attributes:
        shown: How often what was said changed a caption.
    """

    def __init__(self, clock: Clock, *show: Callable[[Caption], None], originals: bool) -> None:
        self._clock = clock
        self._places = show
        self._captions = Captions(originals=originals)
        self._utterances = Utterances()
        self.shown = 0

    def said(
        self,
        line: CaptionLine,
        speaker: Member,
        event: ConversationEvent,
        began_at: float,
        *,
        made_from: str,
        ended_at: float | None = None,
    ) -> None:
        """Show what an event changes; the arguments are those of `Captions.apply`."""
        caption = self._captions.apply(
            line, speaker, event, began_at, made_from=made_from, ended_at=ended_at
        )
        if caption is not None:
            self.shown += 1
            self._show([caption])

    def began_at(self, line: CaptionLine, turn: int) -> float | None:
        """Return when a turn's speech began; see `Captions.began_at`."""
        return self._captions.began_at(line, turn)

    def leave_unspoken(self, line: CaptionLine, turn: int) -> None:
        """Mark a turn as one that is not read aloud."""
        if (caption := self._captions.leave_unspoken(line, turn)) is not None:
            self._show([caption])

    def discard(self, line: CaptionLine, turn: int) -> None:
        """Take back a turn that nobody said, and all that was made from it."""
        self._show(self._captions.discard(line, turn))

    def withdraw(self, visit: int) -> None:
        """Take back what is not final of someone who is no longer heard."""
        self._show(self._captions.withdraw(visit))

    def finish_line(self, line: CaptionLine) -> None:
        """Make final as it stands what an ended conversation left open."""
        self._show(self._captions.finish_line(line))

    def _show(self, captions: Iterable[Caption]) -> None:
        for caption in captions:
            number = self._utterances.of(caption, self._clock.now())
            numbered = replace(caption, utterance=number)
            for show in self._places:
                show(numbered)
