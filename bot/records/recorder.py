"""A room's captions, taken down as they become final."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from bot.clock import Clock
from bot.consent.consent import Consent
from bot.domain.events import Caption
from bot.domain.ports import CaptionBoard
from bot.domain.stored import TranscriptLine
from bot.words import command, t, tn

_LINES: Final = 4096  # of which it is known that they were kept
_RECENT: Final = 64  # utterances of which something may still come


class Recorder:
    """Makes lines of captions.

    Args:
        session: The session the lines belong to.
        first: Number of the first utterance.
        date: Seconds since 1970; asked for each utterance, as a clock is set under a long room.
    """

    def __init__(self, session: str, *, first: int, date: Callable[[], float]) -> None:
        self._session = session
        self._date = date
        self._first = first
        self._began: OrderedDict[int, tuple[float, float]] = OrderedDict()  # clock seconds, date
        self._ended: OrderedDict[int, float] = OrderedDict()  # by key: when it was final first

    def line(self, caption: Caption, now: float) -> TranscriptLine | None:
        """Return a caption's line as it stands at clock second `now`; None while it grows.

        One that was taken back after its line was made gives a line without any words.
        """
        began_at, date = self._beginning(caption, now)
        words = bool(caption.text or caption.source_text)
        if not caption.final or not (words or caption.key in self._ended):
            return None
        ended = self._ended.setdefault(caption.key, now)
        if len(self._ended) > _LINES:
            self._ended.popitem(last=False)
        return TranscriptLine(
            session=self._session,
            utterance=self._first - 1 + (caption.utterance or caption.key),
            at=date,
            until=date + max(ended - began_at, 0.0),
            user_id=caption.speaker.id,
            name=caption.speaker.name,
            language=caption.language,
            text=caption.text,
            source_language=caption.source_language,
            source_text=caption.source_text,
        )

    def _beginning(self, caption: Caption, now: float) -> tuple[float, float]:
        """Return when its utterance began, in clock seconds and in seconds since 1970."""
        number = caption.utterance or -caption.key
        if number not in self._began:
            date = self._date() - (now - caption.began_at)
            self._began[number] = caption.began_at, date
            if len(self._began) > _RECENT:
                self._began.popitem(last=False)
        return self._began[number]


class RecordingBoard:
    """A board whose final captions are also taken down, of those who agreed.

    Args:
        board: Where they are shown.
        recorder: Makes lines of them.
        consent: Who agreed; asked for each line.
        keep: Takes a line; must not block.
        clock: Tells the time and calls back.
        days: For how long lines are kept; 0: none are made.
        closed: Called once, when it has closed.
    """

    def __init__(
        self,
        board: CaptionBoard,
        recorder: Recorder,
        *,
        consent: Consent,
        keep: Callable[[TranscriptLine], None],
        clock: Clock,
        days: int,
        closed: Callable[[], None],
    ) -> None:
        self._board = board
        self._recorder = recorder
        self._consent = consent
        self._keep = keep
        self._clock = clock
        self._days = days  # of which the room's notice tells
        self._closed: Callable[[], None] | None = closed

    def keep_for(self, days: int) -> None:
        """Keep lines for so many days from now on, or none; the people are told of the change."""
        if days == self._days:
            return
        self._days = days
        if days == 0:
            self._board.say(
                t("Transcripts are no longer kept, and existing ones have been deleted.")
            )
            return
        self._board.say(
            tn(
                "A transcript of this call is kept for {count} day. Anyone who can see this "
                "channel can get it with {command}.",
                "A transcript of this call is kept for {count} days. Anyone who can see this "
                "channel can get it with {command}.",
                days,
                command=command("translate transcript"),
            )
        )

    def show(self, caption: Caption) -> None:
        """Show a caption, and take it down when it is final."""
        self._board.show(caption)
        if self._days == 0 or caption.speaker.id not in self._consent.agreed:
            return
        if (line := self._recorder.line(caption, self._clock.now())) is not None:
            self._keep(line)

    def say(self, text: str) -> None:
        """Show a notice; notices are not taken down."""
        self._board.say(text)

    def languages_changed(self, languages: Sequence[str]) -> None:
        """Tell the board that shows the captions."""
        self._board.languages_changed(languages)

    async def close(self) -> None:
        """Deliver what is final, then end."""
        try:
            await self._board.close()
        finally:
            if self._closed is not None:
                self._closed()
                self._closed = None
