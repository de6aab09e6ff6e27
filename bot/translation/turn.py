"""One utterance: its translation, which may come in several responses, and its source text."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.room.events import ConversationEvent, Final, Partial, Source, Voice, VoiceEnded
from bot.translation import protocol
from bot.translation.echo import EchoGate, EchoRule
from bot.translation.languages import UNSPACED

Events = list[ConversationEvent]
Answer = (
    protocol.TranslationText
    | protocol.TranslationDone
    | protocol.VoiceDelta
    | protocol.VoiceDone
    | protocol.ResponseDone
)
Hearing = protocol.SourceText | protocol.SourceDone | protocol.SourceFailed
_SAMPLE = 2  # bytes


@dataclass(slots=True)
class _Piece:
    text: str = ""
    done: bool = False


class Turn:
    """A turn from its first event to its end.

    Args:
        number: Counted over the whole conversation.
        rule: Tells whether it was said in the target language already.
        now: Clock seconds.
        echo_expected: The turn before was.
    """

    def __init__(
        self, number: int, rule: EchoRule, now: float, *, echo_expected: bool = False
    ) -> None:
        self.number = number
        self.touched_at = now
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
        self._language: str | None = None
        self._source_shown: Source | None = None
        self._shown = ""
        self._final = ""
        self._voice_open = False
        self._odd = b""

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
    def source_settled(self) -> bool:
        """Whether source text came and is complete."""
        return bool(self._sources) and all(piece.done for piece in self._sources.values())

    @property
    def echo(self) -> bool:
        """Whether it was said in the target language already."""
        return self._gate.echo is True

    def stop(self, now: float) -> Events:
        """Its speech is over."""
        if not self.stopped:
            self.stopped = True
            self.touched_at = now
        return self._source_event()

    def respond(self, response_id: str, now: float) -> None:
        """A translation begins."""
        self._responses[response_id] = False
        self.touched_at = now

    def answer(self, event: Answer, now: float) -> Events:
        """A part of its translation."""
        self.touched_at = now
        return self._gate.say(self._answer(event)) + self._compared()

    def _answer(self, event: Answer) -> Events:
        match event:
            case protocol.TranslationText():
                piece = self._piece(event.response_id, event.item_id)
                piece.text = piece.text + event.text if event.append else event.text
                return self._partial()
            case protocol.TranslationDone():
                piece = self._piece(event.response_id, event.item_id)
                piece.text = event.text or piece.text
                piece.done = True
                return self._final_text()
            case protocol.VoiceDelta():
                return self._voice(event.pcm)
            case protocol.VoiceDone():
                return []
            case protocol.ResponseDone():
                return self._response_done(event)

    def hear(self, event: Hearing, now: float) -> Events:
        """A part of its source text."""
        self.touched_at = now
        piece = self._sources.setdefault(event.item_id, _Piece())
        match event:
            case protocol.SourceText():
                piece.text = piece.text + event.text if event.append else event.text
                self._language = event.language or self._language
            case protocol.SourceDone():
                piece.text = event.text or piece.text
                piece.done = True
                self._language = event.language or self._language
            case protocol.SourceFailed():
                piece.done = True
        return [*self._source_event(), *self._gate.hear(self._language), *self._compared()]

    def _compared(self) -> Events:
        if not (self.answered and self.source_settled):
            return []
        source = join((piece.text for piece in self._sources.values()), self._language or "")
        return self._gate.compare(source, self._shown)

    def end(self) -> Events:
        """What has to be said before nothing more is."""
        for piece in (*self._pieces.values(), *self._sources.values()):
            piece.done = True
        self.stopped = True
        self.ended = True
        last = self._gate.say([*self._final_text(), *self._voice_ended()])
        return [*last, *self._gate.end(), *self._source_event()]

    def _piece(self, response_id: str, item_id: str) -> _Piece:
        return self._pieces.setdefault((response_id, item_id), _Piece())

    def _response_done(self, event: protocol.ResponseDone) -> Events:
        self._responses[event.response_id] = True
        own = [piece for key, piece in self._pieces.items() if key[0] == event.response_id]
        if event.text and not any(piece.text for piece in own):
            own.append(self._piece(event.response_id, ""))
            own[-1].text = event.text
        for piece in own:
            piece.done = True
        events = self._final_text()
        if self.answered:
            events += self._voice_ended()
        return events

    def _partial(self) -> Events:
        text = join((piece.text for piece in self._pieces.values()), self._target)
        if not text or text == self._shown:
            return []
        self._shown = text
        return [Partial(self.number, text)]

    def _final_text(self) -> Events:
        if not all(piece.done for piece in self._pieces.values()):
            return self._partial()
        text = join((piece.text for piece in self._pieces.values()), self._target)
        if not text or text == self._final:
            return []
        self._shown = self._final = text
        return [Final(self.number, text)]

    def _voice(self, pcm: bytes) -> Events:
        # The service cuts where it likes; what is handed on are whole samples.
        pcm = self._odd + pcm
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
        text = join((piece.text for piece in self._sources.values()), self._language or "")
        if not text:
            return []
        final = self.stopped and self.source_settled
        source = Source(self.number, text, self._rule.known(self._language), final)
        if source == self._source_shown:
            return []
        self._source_shown = source
        return [source]


def join(parts: Iterable[str], language: str) -> str:
    """Sentences of one language, one after another."""
    space = "" if language in UNSPACED else " "
    return space.join(part for part in map(str.strip, parts) if part)
