"""What was said and is not translated yet: kept, forgotten, and judged when a link breaks."""

from collections import deque

from bot.domain.events import Failed
from bot.domain.trouble import KEPT_S
from bot.translation import timeouts
from bot.translation.protocol.faults import Fault
from bot.translation.quota.quota import Share
from bot.translation.retry import Outage
from bot.translation.speech import notices
from bot.translation.speech.backlog import BYTES_PER_S, Backlog
from bot.translation.speech.pause import Pause
from bot.translation.speech.report import ConversationReport
from bot.translation.speech.turns import Turns


class Untranslated:
    """The audio and the turns that are under way.

    Args:
        turns: Says what of the audio is translated.
        pause: Says whether more is being said.
        outage: Says when to give up.
        report: Told what is lost.
    """

    def __init__(
        self, turns: Turns, pause: Pause, outage: Outage, report: ConversationReport
    ) -> None:
        self.audio = Backlog(timeouts.UNSENT_S, timeouts.KEPT_S)
        self.dropped_s = 0.0
        self._turns = turns
        self._pause = pause
        self._outage = outage
        self._report = report
        self._fed: deque[tuple[float, int]] = deque()  # when, and how many bytes; of `KEPT_S`

    @property
    def none(self) -> bool:
        """Whether the speaker pauses and everything said before is translated."""
        paused = self._pause.since is not None
        return paused and self._turns.settled and self._pause.answered(self._turns.ended)

    def fed(self, now: float, count: int) -> None:
        """Remember when so many bytes of speech came."""
        while self._fed and self._fed[0][0] < now - KEPT_S:
            self._fed.popleft()
        self._fed.append((now, count))

    def _let_old_go(self, now: float) -> int:
        """Keep only recent speech while the service is away; return how much was dropped."""
        recent = sum(count for at, count in self._fed if at >= now - KEPT_S)
        return self.audio.keep_newest(recent)

    def lose(self, count: int, waited_for: Share | None = None) -> None:
        """Count bytes dropped in waiting for the budget or the service, and say so."""
        if count == 0:
            return
        self.dropped_s += count / BYTES_PER_S
        notice = notices.words_dropped(timeouts.UNSENT_S)
        if waited_for is not None:
            waited_for.dropped(count / BYTES_PER_S)
            notice = notices.words_waited(timeouts.UNSENT_S, waited_for.scarce)
        if self._outage.tell(notice.code):
            self._report.say(notice)

    def forget(self) -> None:
        """Let go of the audio that no new link would have to hear."""
        if self._turns.done_until_ms is not None:
            self.audio.forget(self._turns.done_until_ms * BYTES_PER_S // 1000)
        if self._turns.settled:
            self.audio.forget(self.audio.position - int(timeouts.BETWEEN_S * BYTES_PER_S))

    def salvage(self, now: float, fault: Fault, *, of_service: bool = False) -> bool:
        """Decide what is sent again after a break; return whether people were told why.

        Args:
            now: Clock seconds.
            fault: Why it failed.
            of_service: It was not even made, for a reason that is the service's.
        """
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
        elif of_service:
            lost = self._let_old_go(now) > 0
            ended = self._turns.end_all() if lost else self._turns.broken(now)
            self._report.say(*ended, *([notices.words_lost(unfinished)] if lost else []))
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
