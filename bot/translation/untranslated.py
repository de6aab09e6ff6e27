"""What was said and is not translated yet: kept, forgotten, and judged when a link breaks."""

from bot.room.events import Failed
from bot.translation import limits, notices
from bot.translation.backlog import BYTES_PER_S, Backlog
from bot.translation.budget import Share
from bot.translation.faults import Fault
from bot.translation.outage import Outage
from bot.translation.pause import Pause
from bot.translation.report import Report
from bot.translation.turns import Turns


class Untranslated:
    """The audio and the turns that are under way.

    Args:
        turns: Says what of the audio is translated.
        pause: Says whether more is being said.
        outage: Says when to give up.
        report: Told what is lost.
    """

    def __init__(self, turns: Turns, pause: Pause, outage: Outage, report: Report) -> None:
        self.audio = Backlog(limits.UNSENT_S, limits.KEPT_S)
        self.dropped_s = 0.0
        self._turns = turns
        self._pause = pause
        self._outage = outage
        self._report = report

    @property
    def none(self) -> bool:
        """Whether the speaker pauses and everything said before is translated."""
        paused = self._pause.since is not None
        return paused and self._turns.settled and self._pause.answered(self._turns.ended)

    def lose(self, count: int, waited_for: Share | None = None) -> None:
        """So many bytes were dropped, waiting for a share in the budget or for the service."""
        if count == 0:
            return
        self.dropped_s += count / BYTES_PER_S
        notice = notices.words_dropped(limits.UNSENT_S)
        if waited_for is not None:
            waited_for.dropped(count / BYTES_PER_S)
            notice = notices.words_waited(limits.UNSENT_S, waited_for.scarce)
        if self._outage.tell(notice.code):
            self._report.say(notice)

    def forget(self) -> None:
        """Let go of the audio that no new link would have to hear."""
        if self._turns.done_until_ms is not None:
            self.audio.forget(self._turns.done_until_ms * BYTES_PER_S // 1000)
        if self._turns.settled:
            self.audio.forget(self.audio.position - int(limits.BETWEEN_S * BYTES_PER_S))

    def salvage(self, now: float, fault: Fault) -> bool:
        """The link broke: decide what is sent again; says whether the people were told why."""
        self._report.say(*self._turns.end_answered())
        self.forget()
        unfinished = self._turns.unfinished
        if fault.of_words and self.audio.position > 0:
            self.audio.forget(self.audio.position)
            refused = Failed(fault.code, fault.message, fatal=False, turn=unfinished)
            self._report.say(*self._turns.end_all(), refused)
            return True
        if self.none:
            self.audio.clear()
        elif self._outage.hopeless:
            self.audio.clear()
            self._report.say(*self._turns.end_all(), notices.words_lost(unfinished))
        elif not self.audio.whole:
            # A sentence longer than what is kept: its beginning can't be said again, and its end
            # alone would stand twice.
            self.audio.forget(self.audio.position)
            self._report.say(*self._turns.end_all(), notices.sentence_cut(unfinished))
        else:
            self._report.say(*self._turns.broken(now))
        return False
