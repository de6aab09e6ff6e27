"""What a room's conversations say, brought to its captions and its voice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from bot.clock import Clock, Timer
from bot.domain.echo import echo_notice
from bot.domain.events import (
    TYPED,
    ConversationEvent,
    Echoed,
    Failed,
    Final,
    Member,
    Partial,
    Source,
    TurnEnded,
    Usage,
    Voice,
    VoiceEnded,
)
from bot.domain.glossary import Glossary, corrected
from bot.domain.meters import Meters
from bot.domain.ports import CaptionBoard, VoiceLink, VoiceTrack
from bot.domain.voice_mode import VoiceStyle
from bot.logs import get_logger
from bot.room.captions import CaptionLine, CaptionView
from bot.room.listening.page import RoomPage
from bot.room.spoken.repeats import Repeats
from bot.room.spoken.voice_queue import QueuedUtterance, VoiceQueue

log = get_logger(__name__)

_LOST = frozenset({"words_lost", "words_dropped"})


class Saying(Protocol):
    """Whose captions they are: a speaker, or what somebody typed."""

    @property
    def visit(self) -> int:
        """The number of their visit, unique in the room."""

    @property
    def member(self) -> Member:
        """Who they are."""

    @property
    def began_at(self) -> float:
        """Clock seconds when what they say began."""

    @property
    def ended_at(self) -> float | None:
        """Clock seconds of the end of the last speech of theirs that is over."""

    def made_from(self, language: str) -> str:
        """Return the language of the conversation whose turns this one's are."""


class Output:
    """Shows and plays for one room.

    Args:
        board: The board the captions appear on.
        clock: Tells the time and calls back.
        originals: The board's captions carry what was really said; the page's do in any case.
        count: Told what each member's conversations used.
        noticed: Told what the people should read, as `Listener.noticed`.
        page: Shows and plays the same to its readers.
        meters: Told how late voices are, and what failed.

    Attributes:
        link: The voice link that voice is played to; None: nowhere at the moment.
        speaks: Whether voice is played.
        spoken: The language whose voice it is.
    """

    def __init__(
        self,
        board: CaptionBoard,
        clock: Clock,
        *,
        originals: bool,
        count: Callable[[int, Usage], None],
        noticed: Callable[[str, str], None],
        page: RoomPage,
        meters: Meters,
    ) -> None:
        self._board = board
        self._clock = clock
        self._count = count
        self._noticed = noticed
        self._page = page
        self._meters = meters
        if originals:
            views = [CaptionView(clock, board.show, page.broadcast.show, originals=True)]
        else:
            views = [
                CaptionView(clock, board.show, originals=False),
                CaptionView(clock, page.broadcast.show, originals=True),
            ]
        self._views = views  # the board's first
        self._interpretation = VoiceQueue(
            self._begin,
            speaking=lambda: self.link is not None and self.link.someone_speaks(),
            skipped=self._skipped,
            begun=lambda since: meters.voice(clock.now() - since),
        )
        self._voice_due: Timer | None = None
        self._repeats = Repeats()
        self._said_codes: set[str] = set()
        self._glossary: Glossary = {}
        self.link: VoiceLink | None = None
        self.speaks = True
        self.spoken: str | None = None

    @property
    def shown(self) -> int:
        """How often a caption on the board was shown or changed."""
        return self._views[0].shown

    def use_languages(self, languages: Sequence[str]) -> None:
        """Show these languages from now on."""
        self._board.languages_changed(languages)

    def use_glossary(self, glossary: Glossary) -> None:
        """Show what is said in a language by its terms from now on."""
        self._glossary = glossary

    def use_voice(self, spoken: str | None) -> None:
        """Speak translations into this language from now on; None: speak none."""
        self.speaks, self.spoken = spoken is not None, spoken
        if not self.speaks:
            self._interpretation.stop()

    def use_style(self, style: VoiceStyle) -> None:
        """Read translations aloud in this way from now on."""
        self._interpretation.mode = style.mode
        self._interpretation.volume = style.volume / 100
        self._advance_voice()

    def skip(self) -> bool:
        """Break off what is being read aloud and go on with what waits; return False if nothing."""
        skipped = self._interpretation.skip()
        self._advance_voice()
        return skipped > 0

    def said(self, speaker: Saying, language: str, event: ConversationEvent) -> None:
        """Take what a speaker's conversation says."""
        line = CaptionLine(speaker.visit, language)
        if self._repeated(speaker, line, event):
            return
        match event:
            case Voice(turn=turn, pcm=pcm):
                self._page.voice(QueuedUtterance(line, turn), pcm)
                if language == self.spoken:
                    self._repeats.voiced(QueuedUtterance(line, turn), self._clock.now())
                    began_at = self._views[0].began_at(line, turn) or speaker.began_at
                    self._interpretation.voice(
                        QueuedUtterance(line, turn), pcm, self._clock.now(), began_at
                    )
            case VoiceEnded(turn=turn) | TurnEnded(turn=turn):
                self._interpretation.ended(QueuedUtterance(line, turn))
                self._page.ended(QueuedUtterance(line, turn))
            case Echoed(turn=turn):
                self._repeats.taken_back(QueuedUtterance(line, turn))
                self._interpretation.take_back(QueuedUtterance(line, turn))
                self._page.take_back(QueuedUtterance(line, turn))
            case Failed(code=code, message=message):
                self._meters.failed(code)
                if event.of_service:
                    log.info("conversation failed", code=code)
                else:
                    log.warning("conversation failed", code=code)
                    self._say_once(code, message)
                self._interpretation.broke_off(line)
                self._page.broke_off(line)
            case Usage():
                self._count(speaker.member.id, event)
                return
            case _:
                pass
        self._advance_voice()
        event, lead = self._corrected(event), speaker.made_from(language)
        for view in self._views:
            view.said(
                line,
                speaker.member,
                event,
                speaker.began_at,
                made_from=lead,
                ended_at=speaker.ended_at,
            )

    def _repeated(self, speaker: Saying, line: CaptionLine, event: ConversationEvent) -> bool:
        """Return whether a turn only repeats the bot's voice; take back what was shown of it."""
        if not isinstance(event, Partial | Source | Final | Voice):
            return False
        turn = QueuedUtterance(line, event.turn)
        lead = QueuedUtterance(replace(line, language=speaker.made_from(line.language)), event.turn)
        if self._repeats.is_repeat(turn) or self._repeats.is_repeat(lead):
            return True
        if isinstance(event, Partial | Final):
            self._repeats.text(turn, event.text)
        if not isinstance(event, Source) or lead.line.language == TYPED:
            return False  # no microphone heard what was typed
        if not self._repeats.hear(turn, event.text, speaker.began_at, self._clock.now()):
            return False
        self._noticed(*echo_notice(speaker.member))
        self._repeats.taken_back(turn)
        self._interpretation.take_back(turn)
        self._page.take_back(turn)
        self._advance_voice()
        for view in self._views:
            view.discard(line, event.turn)
        return True

    def ended(self, speaker: Saying, languages: Sequence[str]) -> None:
        """End these languages of a speaker: nothing more comes from their conversations."""
        for language in languages:
            line = CaptionLine(speaker.visit, language)
            self._interpretation.broke_off(line)
            self._page.broke_off(line)
            for view in self._views:
                view.finish_line(line)
        self._advance_voice()

    def silence(self, speaker: Saying) -> None:
        """Stop speaking what this speaker said, at once; their captions go on."""
        self._interpretation.silence(speaker.visit)
        self._page.silence(speaker.visit)
        self._advance_voice()

    def withdrawn(self, speaker: Saying) -> None:
        """Take back what is not final: nothing of this speaker is shown or played any more."""
        self.silence(speaker)
        for view in self._views:
            view.withdraw(speaker.visit)

    def _corrected(self, event: ConversationEvent) -> ConversationEvent:
        """Put right what was heard wrongly; what is translated goes by the glossary anyway."""
        if not isinstance(event, Source) or event.language is None:
            return event
        terms = self._glossary.get(event.language, {})
        return replace(event, text=corrected(event.text, terms)) if terms else event

    def leave_unspoken(self, speaker: Saying, language: str, turn: int) -> None:
        """Mark a turn that was to be read aloud and can't be."""
        if language == self.spoken:
            self._skipped(QueuedUtterance(CaptionLine(speaker.visit, language), turn))

    def _skipped(self, utterance: QueuedUtterance) -> None:
        for view in self._views:
            view.leave_unspoken(utterance.line, utterance.turn)

    def _say_once(self, code: str, message: str) -> None:
        if code not in self._said_codes:
            self._said_codes.add(code)
            self._board.say(message)

    def service_is_back(self) -> None:
        """Say again when words are lost, as the service works again."""
        self._said_codes -= _LOST

    def _begin(self, gain: float) -> VoiceTrack | None:
        return self.link.begin(gain=gain) if self.link is not None and self.speaks else None

    def _advance_voice(self) -> None:
        self._page.advance()
        if self._voice_due is not None:
            self._voice_due.cancel()
        now = self._clock.now()
        due = self._interpretation.advance(now)
        if (left_s := self._interpretation.heard_s()) > 0:
            self._repeats.played(now + left_s)
        self._voice_due = None if due is None else self._clock.call_at(due, self._advance_voice)
