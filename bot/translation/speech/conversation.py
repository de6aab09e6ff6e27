"""One speaker's live translation into one language: when to open, feed, finish and try again.

`phase` draws the states. Nothing blocks or awaits but `close`; time comes from the clock, links
from `open_link`.
"""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.clock import Alarm, Clock
from bot.domain.events import ConversationState, Failed, StateChanged
from bot.logs import get_logger
from bot.tasks import TaskOwner
from bot.translation import timeouts
from bot.translation.connection.current_link import CurrentLink
from bot.translation.ports import LinkPort, OpenLink, Reach, report
from bot.translation.protocol import faults, server_events
from bot.translation.quota.lending import LinkLease
from bot.translation.quota.quota import Claim, ConnectBudget
from bot.translation.retry import Outage
from bot.translation.speech import notices
from bot.translation.speech.meter import Meter
from bot.translation.speech.pause import Pause
from bot.translation.speech.phase import ENDING, Phase
from bot.translation.speech.report import ConversationReport, Listener
from bot.translation.speech.session_settings import SessionSettings
from bot.translation.speech.turns import Turns
from bot.translation.speech.untranslated import Untranslated

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shared:
    """What the conversations of a process have in common.

    Attributes:
        budget: Grants connects and lends idle links.
        clock: Tells the time and calls back.
        idle_s: Seconds without speech after which a link is finished.
        chance: Spreads retries at random.
        reach: Learns whether the service can be used; then what is wrong with all of it is said to
            no conversation's listener. None: it is said to each.
    """

    budget: ConnectBudget
    clock: Clock
    idle_s: float
    chance: random.Random
    reach: Reach | None = None


class LiveConversation:
    """Implements `bot.domain.ports.Conversation`.

    Args:
        shared: What it has in common with others.
        claim: Tells the budget for whom it is.
        open_link: Begins a connection.
        session: The settings that `open_link` asks for.
        turns: Sorts what the service says.
        meter: Counts what is used.
        listener: Told everything, on the event loop.
        notice: Said once, when the conversation first opens.
    """

    def __init__(
        self,
        shared: Shared,
        claim: Claim,
        *,
        open_link: OpenLink,
        session: SessionSettings,
        turns: Turns,
        meter: Meter,
        listener: Listener,
        notice: Failed | None = None,
    ) -> None:
        clock = shared.clock
        self._share = shared.budget.share(self, open_link, claim)
        self._turns = turns
        self._meter = meter
        self._clock = clock
        self._idle_s = shared.idle_s
        self._session = session
        self._reach = shared.reach
        self._outage = Outage(shared.chance)
        self._report = ConversationReport(listener, meter, self._outage, notice)
        self._pause = Pause()
        self._untranslated = Untranslated(turns, self._pause, self._outage, self._report)
        self._backlog = self._untranslated.audio
        self.discard = self._backlog.clear  # nothing that is not sent yet is sent any more
        self._log = log.bind(guild=claim.guild_id)
        self._tasks = TaskOwner("conversation", guild=claim.guild_id)
        self._phase = Phase.IDLE
        self._link: LinkPort | None = None
        self._current = CurrentLink(self._on_event, self._on_lost)
        self._alarm = Alarm(clock, self._wake)
        self._opened_at = self._spoke_at = 0.0
        self._not_before = 0.0  # of the next connect
        self._closing = False
        self._done = asyncio.Event()  # nothing outstanding, once closing
        self.session_id = self.last_response_id = ""

    @property
    def state(self) -> ConversationState:
        """The state as last told to the listener."""
        return self._phase.shown

    @property
    def dropped_s(self) -> float:
        """Seconds of speech that were never translated."""
        return self._untranslated.dropped_s

    # Called by the room

    def open(self) -> None:
        """Open the link before the first word; a failure is told and not tried again."""
        if self._phase is Phase.IDLE and not self._closing:
            self._begin()

    def withdraw(self) -> None:
        """Wait for the account's limits no more before something is said."""
        if self._phase is Phase.WAITING and len(self._backlog) == 0:
            self._share.withdraw()
            self._enter(Phase.IDLE)

    def feed(self, pcm: bytes) -> None:
        """Translate speech: PCM16, 16 kHz, mono. Opens the link when it is not open."""
        if self._closing or self._phase is Phase.CLOSED or not pcm:
            return
        self._spoke_at = self._clock.now()
        self._pause.break_off()
        self._untranslated.fed(self._spoke_at, len(pcm))
        if dropped := self._backlog.add(pcm):
            self._lose(dropped)
        if self._phase is Phase.FINISHING:  # begun in silence: nothing is outstanding
            self._drop_link()
            self._enter(Phase.IDLE)
        if self._phase is Phase.IDLE:
            self._begin()
        elif self._phase is Phase.OPEN:
            self._pump()

    def fell_silent(self) -> None:
        """Send silence until the turn is done, as the speaker stopped."""
        if self._pause.since is not None or self._phase is Phase.CLOSED:
            return
        self._pause.begin(self._clock.now(), self._turns.ended)
        if self._phase is Phase.OPEN:
            self._feed_silence()

    def use_glossary(self, phrases: Mapping[str, str]) -> None:
        """Translate these terms so, from now on; an open session hears of it at once."""
        self._session.use_phrases(phrases)
        if self._phase is Phase.OPEN:
            self._session.renew(self._link)

    async def close(self) -> None:
        """End it; a running turn gets its last events first (bounded). Idempotent."""
        if not self._closing:
            self._closing = True
            outstanding = len(self._backlog) > 0 or not self._turns.settled
            if self._phase is Phase.OPEN and outstanding:
                self._finish()
            elif self._phase not in {Phase.OPENING, *ENDING} or not outstanding:
                self._done.set()
            try:
                await asyncio.wait_for(self._done.wait(), timeouts.CLOSE_S)
            except TimeoutError:
                self._log.warning("a conversation was closed before its last turn was done")
            finally:  # cut short, it ends with what there is
                self._end()
        await self._tasks.drain()
        await self._tasks.close()

    # Opening

    def _begin(self) -> None:
        self._report.begins()
        if self._clock.now() < self._not_before:
            self._enter(Phase.BACKOFF)
            self._alarm.set(self._not_before)
        else:
            self._ask()

    def _ask(self) -> None:
        before, self._phase = self.state, Phase.WAITING
        self._share.request(ahead=len(self._backlog) == 0)
        if self._phase is Phase.WAITING and self.state is not before:
            self._report.say(StateChanged(self.state))

    # Called by the budget

    def connect(self) -> None:
        """Open a link: it was waited for."""
        self._opened_at = self._clock.now()
        self._meter.connected()
        self._backlog.rewind()
        self._turns.restart(self._opened_at)
        self._enter(Phase.OPENING)
        self._alarm.set(self._opened_at + timeouts.OPENING_S)
        self._session.ask()
        self._link = self._share.open_link(*self._current.anew())

    def take_over(self, lease: LinkLease) -> None:
        """Go on with a link that was another's."""
        self._meter.resumed(lease.counted)
        self._backlog.rewind(lease.sent)
        self._turns.restart(self._clock.now())
        self.session_id = lease.session_id
        self._session.ask()  # as the lender's
        self._link = lease
        lease.pass_on(*self._current.anew())
        self._opened(lease.opened_at)

    def hand_over(self) -> None:
        """Let go of the resting link; it serves another from now on."""
        self._link = None
        self._current.stop()
        self._report.used()
        self._enter(Phase.IDLE)

    def make_room(self) -> None:
        """Finish the link, resting or talking; what is said meanwhile waits for another one."""
        self._finish(Phase.FINISHING if self.resting else Phase.YIELDING)

    @property
    def resting(self) -> bool:
        """Whether the link is open and nothing is under way on it."""
        settled = self._turns.settled and len(self._backlog) == 0
        return self._phase is Phase.OPEN and self._pause.over and settled and not self._closing

    @property
    def talking(self) -> bool:
        """Whether the link is open and something is under way on it."""
        return self._phase is Phase.OPEN and not self.resting and not self._closing

    @property
    def between_turns(self) -> bool:
        """Whether no turn is open, so that it can stop here without cutting a sentence."""
        return self._turns.settled

    @property
    def complete(self) -> bool:
        """Whether all that the link was asked is answered to the last text."""
        return self._turns.complete

    def _opened(self, at: float) -> None:
        self._opened_at = at
        self._enter(Phase.OPEN)
        self._session.renew(self._link)
        self._pump()
        if self._closing:
            self._finish()
        elif self._pause.since is not None and len(self._backlog) > 0:
            self._feed_silence()
        else:
            self._schedule()

    # While open

    def _pump(self) -> None:
        while self._link is not None and (chunk := self._backlog.chunk()) is not None:
            self._meter.sent(chunk)
            if dropped := self._link.send(chunk):
                self._lose(dropped * len(chunk))
        self._report.sent()

    def _lose(self, count: int) -> None:
        self._untranslated.lose(count, self._share if self._phase is Phase.WAITING else None)

    def _feed_silence(self) -> None:
        self._pause.feed(self._clock.now())
        self._tick()

    def _tick(self) -> None:
        now = self._clock.now()
        self._report.translated(self._turns.advance(now, self._pause.since))
        if self._pause.tick(now, answered=self._untranslated.none):
            self._backlog.fill()
            self._pump()
        self._untranslated.forget()
        if self._turns.settled and self._pause.over:
            self._backlog.clear()
        self._schedule()

    def _schedule(self) -> None:
        now = self._clock.now()
        if self._pause.fed or self._turns.resting(self._pause.since):
            self._alarm.set(self._pause.tick_at)
            return
        if not self._turns.settled:  # somebody is speaking: events will come
            self._alarm.set(now + timeouts.WATCH_S)
            return
        rests = self._pause.since is not None
        idle_at = max(self._spoke_at, self._opened_at) + self._idle_s
        if now >= idle_at or (rests and now >= self._opened_at + timeouts.ROTATE_S):
            self._finish()
        else:
            self._alarm.set(idle_at)

    def _finish(self, phase: Phase = Phase.FINISHING) -> None:
        if self._backlog.unsent > 0:
            self._backlog.fill()
            self._pump()
        self._enter(phase)
        self._alarm.set(self._clock.now() + timeouts.FINISHING_S)
        if self._link is not None:
            self._link.finish()

    # Called by the link

    def _on_event(self, event: server_events.ServerEvent) -> None:
        match event:  # what comes most stands first
            case server_events.VoiceDelta() | server_events.TranslationText() if self._turns.knows(
                event.response_id
            ):  # it can neither begin nor end a turn
                self._meter.take(event)
                self._report.translated(self._turns.take(event, self._clock.now()))
            case server_events.SessionCreated():
                self.session_id = event.session_id
            case server_events.SessionUpdated() if self._phase is Phase.OPENING:
                if self._reach is not None:
                    self._reach.answered()
                self._opened(self._clock.now())
            case server_events.SessionFinished() if self._phase in ENDING:
                self._finished()
            case server_events.ServerError():
                self._on_error(event)
            case server_events.SourceFailed() if faults.ends_session(event.code, event.message):
                self._on_lost(faults.IDLE_KILL)
            case _:
                self._on_speech_event(event)

    def _on_speech_event(self, event: server_events.ServerEvent) -> None:
        self._meter.take(event)
        if isinstance(event, server_events.ResponseCreated):
            self.last_response_id = event.response_id
        before = self._turns.settled, self._turns.resting(self._pause.since)
        self._report.translated(self._turns.take(event, self._clock.now()))
        after = self._turns.settled, self._turns.resting(self._pause.since)
        if before != after and not self._turns.settled and self._phase is Phase.OPEN:
            self._schedule()

    def _on_error(self, event: server_events.ServerError) -> None:
        if self._phase is Phase.OPENING:
            self._on_lost(faults.of_error(event.code, event.message, event.param))
        elif (fault := faults.while_open(event.code, event.message)) is not None:
            self._on_lost(fault)
        elif self._outage.tell(f"error:{event.code}"):
            self._report.say(*notices.reported(event))

    def _finished(self) -> None:
        self._report.say(*self._turns.end_all())
        self._backlog.forget(self._backlog.position)
        self._drop_link()
        self._done.set()
        if not self._closing:
            self._enter(Phase.IDLE)
            if len(self._backlog) > 0:
                self._begin()

    def _on_lost(self, fault: faults.Fault) -> None:
        self._log.info("conversation lost its link", code=fault.code)
        of_this_voice = fault.of_voice and fault.code != faults.NO_VOICE.code
        if of_this_voice and self._session.drop_imitation():
            message = notices.without_imitation()
            fault = replace(fault, code="no_imitation", message=message, retryable=True)
        elif fault.of_voice and self._session.drop_voice():
            fault = replace(fault, message=notices.without_voice(fault.message), retryable=True)
        of_service = self._of_service(fault)
        self._drop_link()
        if self._closing or self._phase is Phase.CLOSED:
            self._done.set()
        elif not fault.retryable:
            failed = Failed(fault.code, fault.message, fatal=True, of_service=of_service)
            self._report.say(*self._turns.end_all(), failed)
            self._end()
        elif self._phase is Phase.FINISHING:
            self._enter(Phase.IDLE)
        else:
            self._try_again(fault, of_service=of_service)

    def _of_service(self, fault: faults.Fault) -> bool:
        """Return whether the whole service is to blame, and make it known then."""
        if self._reach is None or fault.of_session or self._closing:
            return False
        # A link that breaks later says little: the next connect shows whether the service is away.
        if fault.retryable and self._phase is not Phase.OPENING:
            return False
        report(self._reach, fault)
        return True

    def _try_again(self, fault: faults.Fault, *, of_service: bool) -> None:
        now = self._clock.now()
        self._not_before = now + self._outage.failed(fault.wait_s)
        told = self._untranslated.salvage(now, fault, of_service=of_service)
        if not told and self._outage.worth_telling(fault):
            failed = Failed(fault.code, fault.message, fatal=False, of_service=of_service)
            self._report.say(failed)
        self._enter(Phase.IDLE)
        if len(self._backlog) > 0:
            self._begin()

    # Housekeeping

    def _end(self) -> None:
        if self._phase is Phase.CLOSED:
            return
        self._drop_link()
        self._share.leave()
        self._report.say(*self._turns.end_all())
        self._backlog.clear()
        self._enter(Phase.CLOSED)
        self._done.set()

    def _drop_link(self) -> None:
        link, self._link = self._link, None
        self._current.stop()
        if link is not None:
            self._tasks.start(link.close(), "close link")
        self._report.used()

    def _enter(self, phase: Phase) -> None:
        before, self._phase = self.state, phase
        self._alarm.cancel()
        if self.state is not before:
            self._report.say(StateChanged(self.state))

    def _wake(self) -> None:
        match self._phase:
            case Phase.BACKOFF:
                self._ask()
            case Phase.OPENING | Phase.YIELDING:
                self._on_lost(faults.NO_ANSWER)
            case Phase.OPEN:
                self._tick()
            case Phase.FINISHING:
                self._finished()
            case _:
                self._log.error("a timer was left", phase=self._phase.name)
