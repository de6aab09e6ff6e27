"""A further language of a speaker: captions from the source text of their lead conversation.

What comes in are the lead's events; what goes out are events as a conversation into this language
would say them, under the same turn numbers. A turn is translated when its source text is final, or
when it ended with what there was; where there was no source text, from the lead's translation.
Said in this language already, it is not translated at all: its source text is what is shown. Where
its speaker spoke another one till now, that is looked at first, as languages are named wrongly at
times.

Finals go out in the order of their turns, each once; a source text that grew afterwards is
translated anew and replaces. Of interims there is one under way, and the newest waits. While nobody
reads the language it rests: what was begun is finished, and nothing else is asked for.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from bot.domain.events import (
    GAP,
    ConversationEvent,
    ConversationState,
    Echoed,
    Failed,
    Final,
    Partial,
    Source,
    StateChanged,
    TextAnswer,
    TextRequest,
    TurnEnded,
    Usage,
)
from bot.domain.glossary import occurring
from bot.domain.ports import TextTicket, TextTranslator
from bot.logs import get_logger
from bot.words import t
from bot.words.codes import same_language
from bot.words.same_words import same_words, share_nothing

log = get_logger(__name__)

MOST_TURNS = 64  # not yet shown; of more, the oldest is left out
MOST_ASKED = 64  # finals of one turn: its source text grows by sentences, and each is a request
MOST_REFUSED = 64  # source languages that are not asked for as interims any more
CLOSE_S = 10.0  # for the last sentences


@dataclass(frozen=True, slots=True)
class _Text:
    """What is to be translated; `source` is None where its language is unknown."""

    text: str
    source: str | None


@dataclass(slots=True)
class _Turn:
    number: int
    source: Source | None = None
    first: str = ""  # the lead's translation
    ended: bool = False
    asked: _Text | None = None  # for the final
    asked_count: int = 0
    ticket: TextTicket | None = None  # while it is not answered
    answers: list[ConversationEvent] = field(default_factory=list)  # to be said in their order
    settled: bool = False  # a final was said, or there is none
    interim: str = ""  # asked for last
    guessed: str = ""  # its answer
    shown: bool = False  # something of it was said


class TextLanguage:
    """One speaker's captions in one further language.

    Args:
        target: The language translated into.
        lead: Language of the lead conversation's translation.
        texts: Translates the source text.
        said: Told everything, on the event loop.
        glossary: Source term to target term.
        guild_id: The guild whose room it is in.
        after: The last turn that is not its own, as it was translated when the language was had
            before.
    """

    def __init__(
        self,
        target: str,
        lead: str,
        texts: TextTranslator,
        said: Callable[[ConversationEvent], None],
        *,
        glossary: Mapping[str, str],
        guild_id: int,
        after: int = 0,
    ) -> None:
        self._after = after
        self._resting = False
        self.last_turn = after
        self._target = target
        self._lead = lead
        self._texts = texts
        self._said = said
        self._glossary = glossary
        self._guild_id = guild_id
        self._turns: dict[int, _Turn] = {}  # oldest first
        self._over: deque[int] = deque(maxlen=4 * MOST_TURNS)  # turns that were let go
        self._interim: TextTicket | None = None  # while it is not answered
        self._language: str | None = None  # spoken last
        self._refused: set[str | None] = set()  # source languages it could not be had from
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self.left_out = 0  # turns

    def take(self, event: ConversationEvent) -> None:
        """Take an event of the lead conversation."""
        if self._closed:
            return
        match event:
            case StateChanged(state=state):
                self._said(StateChanged(state))
            case Failed(fatal=True):
                self._said(StateChanged(ConversationState.CLOSED))
            case Partial(turn=number):
                turn = self._turn(number)  # later ones wait for it
                if event.broken and turn is not None and turn.guessed:
                    self._said(Partial(number, turn.guessed + GAP, broken=True))
            case Source() | Final() | TurnEnded():
                if (turn := self._turn(event.turn)) is not None:
                    self._grow(turn, event)
            case _:
                pass

    def _turn(self, number: int) -> _Turn | None:
        if number in self._over or number <= self._after:
            return None
        self.last_turn = max(self.last_turn, number)
        if number not in self._turns:
            self._turns[number] = _Turn(number)
            self._turns = dict(sorted(self._turns.items()))
            if len(self._turns) > MOST_TURNS:
                self._leave_out(next(iter(self._turns.values())))
        return self._turns.get(number)

    def _leave_out(self, turn: _Turn) -> None:
        self.left_out += 1
        log.warning("a turn was left out: too many wait for their translation")
        self._give_up(turn)
        turn.ended = True
        self._flush()

    def _give_up(self, turn: _Turn) -> None:
        if turn.ticket is not None:
            turn.ticket.cancel()
            turn.ticket = None
        self._settle(turn, _left_out(turn.number))

    def _grow(self, turn: _Turn, event: Source | Final | TurnEnded) -> None:
        match event:
            case Source():
                turn.source = event if event.text else turn.source
            case Final(text=text):
                turn.first = text or turn.first
            case TurnEnded():
                turn.ended = True
        wanted = self._wanted(turn)
        if self._resting and not turn.shown and turn.asked is None:
            turn.settled = turn.settled or wanted is not None
        elif wanted is not None and wanted != turn.asked and turn.asked_count < MOST_ASKED:
            self._ask_final(turn, wanted)
        elif wanted is None:
            self._ask_interim(turn)
        self._flush()

    def _wanted(self, turn: _Turn) -> _Text | None:
        """Return what its final translation is made of, once that is known."""
        if turn.source is not None:
            whole = turn.source.final or turn.ended
            return _Text(turn.source.text, turn.source.language) if whole else None
        return _Text(turn.first, self._lead) if turn.ended and turn.first else None

    # Finals

    def _ask_final(self, turn: _Turn, wanted: _Text) -> None:
        if turn.ticket is not None:
            turn.ticket.cancel()
            turn.ticket = None
        self._drop_interim()
        turn.asked = wanted
        turn.asked_count += 1
        before = self._language
        self._language = wanted.source if turn.source is not None else before
        asked = wanted
        if same_language(wanted.source, self._target):
            if before is None or same_language(before, self._target):
                self._echo(turn)
                return
            # They spoke another language till now. A language is named wrongly at times, of a short
            # sentence above all: the service translates from what it detects, and that shows it.
            asked = _Text(wanted.text, None)
            self._language = before
        self._idle.clear()
        turn.ticket = self._ask(asked, partial(self._answered, turn, wanted), final=True)

    def _answered(self, turn: _Turn, wanted: _Text, answer: TextAnswer | Failed) -> None:
        if self._closed or turn.asked is not wanted or turn.ticket is None:
            return  # what was asked for afterwards counts
        turn.ticket = None
        doubted = same_language(wanted.source, self._target)
        if doubted and not (isinstance(answer, TextAnswer) or answer.fatal):
            self._echo(turn)  # nothing speaks against what was named
        elif isinstance(answer, TextAnswer):
            self._refused.discard(wanted.source)
            if doubted and not share_nothing(wanted.text, answer.text):
                self._language = wanted.source
                self._echo(turn)
            elif wanted.source is None and same_words(wanted.text, answer.text):
                self._echo(turn)  # nobody knew the language, and it was this one
            else:
                follows = turn.source is not None
                self._settle(turn, Final(turn.number, answer.text, source_follows=follows))
        elif answer.fatal:
            self._stop(answer)
            return
        else:
            self._refuse(wanted.source)
            failed = replace(answer, turn=turn.number)
            self._settle(turn, failed)
        self._flush()

    def _echo(self, turn: _Turn) -> None:
        """Show what was said as it was said, as that was in this language."""
        turn.answers.clear()
        turn.answers.append(Echoed(turn.number))
        if turn.source is not None:
            turn.answers.append(turn.source)
        turn.settled = True

    def _settle(self, turn: _Turn, *answers: ConversationEvent) -> None:
        if answers and turn.source is not None:
            turn.answers.append(turn.source)
        turn.answers.extend(answers)
        turn.settled = True

    def _flush(self) -> None:
        """Say what may be said: nothing of a turn before those that came earlier are settled."""
        for turn in list(self._turns.values()):
            answers, turn.answers = turn.answers, []
            for event in answers:
                self._said(event)
                turn.shown = True
            if turn.ended and turn.ticket is None:
                self._let_go(turn)
            elif not turn.settled or turn.ticket is not None:
                break
        if not any(turn.ticket is not None for turn in self._turns.values()):
            self._idle.set()

    def _let_go(self, turn: _Turn) -> None:
        del self._turns[turn.number]
        self._over.append(turn.number)
        self._said(TurnEnded(turn.number))

    def _stop(self, failed: Failed) -> None:
        """End the language: what was not translated will not be."""
        self._closed = True
        self._drop_interim()
        for turn in self._turns.values():
            if turn.ticket is not None:
                turn.ticket.cancel()
            self._said(TurnEnded(turn.number))
        self._turns.clear()
        self._said(replace(failed, turn=None))
        self._idle.set()

    # Interims

    def _ask_interim(self, turn: _Turn) -> None:
        source = turn.source
        first = next((each for each in self._turns.values() if not each.settled), turn)
        if source is None or turn is not first or self._resting:
            return
        # Some models name the language at the end only; it is likely the one spoken before.
        language = source.language or self._language
        if same_language(language, self._target):
            if self._language is None or same_language(self._language, self._target):
                self._said(Echoed(turn.number))
                self._said(source)
                turn.shown = True
            return
        if language is None or language in self._refused or source.broken:
            return
        if source.text == turn.interim or (self._interim is not None and not self._interim.waiting):
            return  # the next event brings a newer one
        self._drop_interim()
        turn.interim = source.text
        wanted = _Text(source.text, language)
        self._interim = self._ask(
            wanted, partial(self._guessed, turn, source, language), final=False
        )

    def _guessed(
        self, turn: _Turn, source: Source, language: str, answer: TextAnswer | Failed
    ) -> None:
        self._interim = None
        if isinstance(answer, Failed) and answer.fatal and not self._closed:
            self._stop(answer)
        if self._closed or turn.asked is not None or turn.ended:
            return
        if isinstance(answer, TextAnswer):
            self._said(source)
            self._said(Partial(turn.number, answer.text))
            turn.shown = True
            turn.guessed = answer.text
            self._ask_interim(turn)
        elif not answer.fatal:
            self._refuse(language)

    def _refuse(self, language: str | None) -> None:
        if len(self._refused) < MOST_REFUSED:
            self._refused.add(language)

    def _drop_interim(self) -> None:
        if self._interim is not None and self._interim.waiting:
            self._interim.cancel()
            self._interim = None

    # Both

    def _ask(
        self, wanted: _Text, answered: Callable[[TextAnswer | Failed], None], *, final: bool
    ) -> TextTicket:
        def told(answer: TextAnswer | Failed | Usage) -> None:
            if not isinstance(answer, Failed):
                self._said(answer if isinstance(answer, Usage) else answer.usage)
            if not isinstance(answer, Usage):
                answered(answer)

        request = TextRequest(
            text=wanted.text,
            source=wanted.source,
            target=self._target,
            final=final,
            terms=occurring(self._glossary, wanted.text),
            guild_id=self._guild_id,
        )
        return self._texts.ask(request, told)

    def use_glossary(self, glossary: Mapping[str, str]) -> None:
        """Translate these terms so from now on."""
        self._glossary = glossary

    def rest(self, *, resting: bool) -> None:
        """Ask for nothing new from now on, or do so again."""
        self._resting = resting
        if resting:
            self._drop_interim()

    def discard(self) -> None:
        """Send nothing more of what this speaker said, and say nothing more of it."""
        self._closed = True
        self._drop_interim()
        for turn in self._turns.values():
            if turn.ticket is not None:
                turn.ticket.cancel()
        self._turns.clear()
        self._idle.set()

    async def close(self) -> None:
        """Wait for the last sentences (bounded), then end. The lead has ended. Idempotent."""
        try:
            await asyncio.wait_for(self._idle.wait(), CLOSE_S)
        except TimeoutError:
            log.warning("a further language was closed before its last turn was translated")
            for turn in list(self._turns.values()):
                if turn.ticket is not None:
                    self._give_up(turn)
            self._flush()
        for turn in self._turns.values():
            if turn.shown:  # the language may be had again, and leave this turn alone
                self._said(TurnEnded(turn.number))
        self.discard()


def _left_out(turn: int) -> Failed:
    message = t(
        "Text translation is falling behind, so some sentences are missing in some languages."
    )
    return Failed("text_late", message, fatal=False, turn=turn)
