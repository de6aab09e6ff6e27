"""One utterance: its translation, which may come in several responses, and its source text."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.domain.events import GAP, ConversationEvent, Final, Partial, Source, Voice, VoiceEnded
from bot.translation.protocol import bounds, server_events
from bot.translation.protocol.bounds import Exceeded, Excess, MessageRate
from bot.translation.protocol.languages import CUT, UNSPACED
from bot.translation.protocol.server_events import Outcome
from bot.translation.speech import notices
from bot.translation.speech.echo import EchoGate, EchoRule
from bot.translation.speech.originals import Originals

Events = list[ConversationEvent]
Written = (
    server_events.TranslationText
    | server_events.TranslationDone
    | server_events.VoiceDone
    | server_events.ResponseDone
)
Answer = server_events.VoiceDelta | Written
Hearing = server_events.SourceText | server_events.SourceDone | server_events.SourceFailed
_Key = TypeVar("_Key", str, tuple[str, str])
_SAMPLE = 2  # bytes


@dataclass(slots=True)
class _Piece:
    text: str = ""
    done: bool = False
    cut: bool = False


class Interims:
    """How often a conversation's interim texts may be said, and what exceeded a bound.

    Args:
        excess: Counts the conversation's excess.
    """

    def __init__(self, excess: Excess) -> None:
        self.excess = excess
        self._pace = MessageRate(bounds.INTERIMS_BURST, bounds.INTERIMS_PER_S)

    def may(self, now: float) -> bool:
        """Return whether an interim may be sent now; the next one holds all that this one would."""
        if self._pace.take(now):
            return True
        self.excess.note(Exceeded.INTERIMS)
        return False


class Turn:
    """A turn from its first event to its end.

    Args:
        number: Counted over the whole conversation.
        rule: Tells whether it was said in the target language already.
        now: Clock seconds.
        interims: The conversation's limit of interims.
        originals: Whether the conversation's turns have source texts.
        echo_expected: The turn before was.
    """

    def __init__(
        self,
        number: int,
        rule: EchoRule,
        now: float,
        interims: Interims,
        originals: Originals,
        *,
        echo_expected: bool = False,
    ) -> None:
        self.number = number
        self._interims = interims
        self._originals = originals
        self._now = self.touched_at = now
        self.ended = False
        self._target = rule.target
        self._rule = rule
        self._gate = EchoGate(number, rule, expected=echo_expected)
        self._voiced = 0  # bytes of voice handed on
        self._skip = 0  # bytes of voice heard before the link broke, not to be heard again
        self._reset()

    def _reset(self) -> None:
        self.stopped = False
        self.stopped_at_ms: int | None = None
        self._pieces: dict[tuple[str, str], _Piece] = {}
        self._responses: dict[str, bool] = {}  # id -> done
        self._sources: dict[str, _Piece] = {}
        self._behind = False  # an interim was left out
        self._language: str | None = None
        self._source_shown: Source | None = None
        self._shown = ""
        self._final = ""
        self._voice_open = False
        self._odd = b""

    def interrupted(self) -> Events:
        """Mark what is shown of it: the link broke, and what was said since is missing."""
        said: Events = []
        if self._shown and self._shown != self._final:
            said = self._gate.say([Partial(self.number, self._shown + GAP, broken=True)])
        original = self._source_shown
        if original is not None and not original.final:
            said.append(replace(original, text=original.text + GAP, broken=True))
        return said

    def anew(self, now: float) -> "Turn":
        """Forget what was said, to have it said again; voice already heard stays heard."""
        self._reset()
        self._gate.reset()
        self._skip = self._voiced
        self._voiced = 0
        self.touched_at = now
        return self

    @property
    def has_response(self) -> bool:
        """Whether a translation began."""
        return bool(self._responses)

    @property
    def answered(self) -> bool:
        """Whether a translation was done and none is under way."""
        return bool(self._responses) and all(self._responses.values())

    @property
    def has_source(self) -> bool:
        """Whether source text began."""
        return bool(self._sources)

    @property
    def translated(self) -> bool:
        """Whether there is any of its translation."""
        return any(piece.text for piece in self._pieces.values())

    @property
    def has_original(self) -> bool:
        """Whether there is any of its source text."""
        return any(piece.text for piece in self._sources.values())

    @property
    def source_settled(self) -> bool:
        """Whether source text came and is complete."""
        return bool(self._sources) and all(piece.done for piece in self._sources.values())

    def is_full(self) -> bool:
        """Return whether a further response should begin another turn."""
        if len(self._responses) >= bounds.RESPONSES:
            self._interims.excess.note(Exceeded.RESPONSES)
            return True
        return sum(len(piece.text) for piece in self._pieces.values()) >= bounds.FULL_CHARS

    @property
    def echo(self) -> bool:
        """Whether it was said in the target language already."""
        return self._gate.echo is True

    def stop(self, now: float) -> Events:
        """Record that the speech is over; return the source text so far."""
        self._now = now
        if not self.stopped:
            self.stopped = True
            self.touched_at = now
        return self._source_event()

    def respond(self, response_id: str, now: float) -> None:
        """Record that a translation begins."""
        self._responses[response_id] = False
        self.touched_at = now

    def answer(self, event: Answer, now: float) -> Events:
        """Take a part of the translation; return what may be said now."""
        self._now = self.touched_at = now
        if isinstance(event, server_events.VoiceDelta):  # most are, and it changes no text
            return self._gate.say(self._voice(event.pcm))
        said = self._gate.say(self._answer(event)) + self._compared()
        if isinstance(event, server_events.ResponseDone) and self._lacks(event) and not self.echo:
            said.append(notices.sentence_failed(self.number))
        return said

    def _lacks(self, event: server_events.ResponseDone) -> bool:
        """Return whether a response brought nothing that could stand for a sentence."""
        if event.outcome is Outcome.CUT:
            return not self._own_text(event.response_id)
        return event.outcome is Outcome.FAILED

    def _own_text(self, response_id: str) -> bool:
        return any(piece.text for key, piece in self._pieces.items() if key[0] == response_id)

    def _answer(self, event: Written) -> Events:
        match event:
            case server_events.TranslationText():
                piece = self._piece(event.response_id, event.item_id)
                text = piece.text + event.text if event.append else event.text
                self._write(self._pieces, piece, text)
                return self._partial()
            case server_events.TranslationDone():
                piece = self._piece(event.response_id, event.item_id)
                self._write(self._pieces, piece, event.text)
                piece.done = True
                return self._final_text()
            case server_events.VoiceDone():
                return []
            case server_events.ResponseDone():
                return self._response_done(event)

    def hear(self, event: Hearing, now: float) -> Events:
        """Take a part of the source text; return what may be said now."""
        self._now = self.touched_at = now
        piece = self._found(self._sources, event.item_id)
        match event:
            case server_events.SourceText():
                text = piece.text + event.text if event.append else event.text
                self._write(self._sources, piece, text)
                self._language = event.language or self._language
            case server_events.SourceDone():
                self._write(self._sources, piece, event.text)
                piece.done = True
                self._language = event.language or self._language
            case server_events.SourceFailed():
                piece.done = True
        heard = self._gate.hear(self._language, self._texts())
        return [*self._source_event(), *heard, *self._compared()]

    def _texts(self) -> tuple[str, str] | None:
        """Return the source and its translation once both are whole, or None."""
        translated = bool(self._pieces) and all(piece.done for piece in self._pieces.values())
        whole = self.source_settled and (self.answered or translated)
        return (self._source_text(), self._translation()) if whole else None

    def _compared(self) -> Events:
        texts = self._texts()
        return [] if texts is None else self._gate.compare(*texts)

    def catch_up(self, now: float) -> Events:
        """Return the interims that were left out, now that nothing else comes."""
        if not self._behind:
            return []
        self._behind = False
        self._now = now
        return [*self._gate.say(self._partial()), *self._source_event()]

    def end(self) -> Events:
        """End the turn; return what still has to be said."""
        for piece in self._pieces.values():
            piece.cut |= bool(piece.text) and not piece.done
        for piece in (*self._pieces.values(), *self._sources.values()):
            piece.done = True
        self.stopped = True
        self.ended = True
        last = self._gate.say([*self._final_text(), *self._voice_ended()])
        return [*last, *self._gate.end(), *self._source_event()]

    def _piece(self, response_id: str, item_id: str) -> _Piece:
        return self._found(self._pieces, (response_id, item_id))

    def _found(self, pieces: dict[_Key, _Piece], key: _Key) -> _Piece:
        """Return the piece of this key; beyond the bound, one that is shown nowhere."""
        if key not in pieces:
            if len(pieces) >= bounds.RESPONSES:
                self._interims.excess.note(Exceeded.ITEMS)
                return _Piece()
            pieces[key] = _Piece()
        return pieces[key]

    def _write(self, pieces: dict[_Key, _Piece], piece: _Piece, text: str) -> None:
        """Give a piece another text, as far as the turn has room; what is done stays."""
        if piece.done or not text:
            return
        others = (each for each in pieces.values() if each is not piece and each.text)
        taken = sum(len(each.text) + 1 for each in others)  # with a space between two
        room = max(0, bounds.TURN_CHARS - taken)
        piece.cut = len(text) > room
        if piece.cut:
            self._interims.excess.note(Exceeded.TEXT)
        piece.text = text[:room]

    def _response_done(self, event: server_events.ResponseDone) -> Events:
        self._responses[event.response_id] = True
        own = [piece for key, piece in self._pieces.items() if key[0] == event.response_id]
        if event.text and not self._own_text(event.response_id):
            own.append(self._piece(event.response_id, ""))
            self._write(self._pieces, own[-1], event.text)
        for piece in own:
            piece.done = True
            piece.cut |= event.outcome is not Outcome.WHOLE
        events = self._final_text()
        if self.answered:
            events += self._voice_ended()
        return events

    def _translation(self) -> str:
        return _joined(self._pieces.values(), self._target)

    def _source_text(self) -> str:
        return _joined(self._sources.values(), self._language or "")

    def _may_say_interim(self) -> bool:
        may = self._interims.may(self._now)
        self._behind |= not may
        return may

    def _partial(self) -> Events:
        text = self._translation()
        if not text or text == self._shown or not self._may_say_interim():
            return []
        self._shown = text
        return [Partial(self.number, text)]

    def _final_text(self) -> Events:
        if not all(piece.done for piece in self._pieces.values()):
            return self._partial()
        text = self._translation()
        if not text or text == self._final:
            return []
        self._shown = self._final = text
        follows = self._originals.expected and not (self.source_settled or self.ended)
        return [Final(self.number, text, source_follows=follows)]

    def _voice(self, pcm: bytes) -> Events:
        # The service cuts audio at any byte, and only whole samples can be handed on.
        pcm = self._odd + pcm if self._odd else pcm
        whole = len(pcm) - len(pcm) % _SAMPLE
        pcm, self._odd = pcm[:whole], pcm[whole:]
        self._voiced += len(pcm)
        skipped = min(self._skip, len(pcm))
        self._skip -= skipped
        pcm = pcm[skipped:]
        if not pcm:
            return []
        self._voice_open = True
        return [Voice(self.number, pcm)]

    def _voice_ended(self) -> Events:
        if not self._voice_open:
            return []
        self._voice_open = False
        return [VoiceEnded(self.number)]

    def _source_event(self) -> Events:
        text = self._source_text()
        if not text:
            return []
        final = self.stopped and self.source_settled
        source = Source(self.number, text, self._rule.known(self._language), final)
        if source == self._source_shown or not (final or self._may_say_interim()):
            return []
        self._source_shown = source
        return [source]


def _joined(pieces: Collection[_Piece], language: str) -> str:
    if len(pieces) == 1:  # as nearly always
        (piece,) = pieces
        text = piece.text.strip()
        return f"{text}{CUT}" if text and piece.cut else text
    text = join((piece.text for piece in pieces), language)
    return f"{text.rstrip()}{CUT}" if text and any(piece.cut for piece in pieces) else text


def join(parts: Iterable[str], language: str) -> str:
    """Join sentences of one language."""
    space = "" if language in UNSPACED else " "
    return space.join(part for part in map(str.strip, parts) if part)
