"""One speaker's live translation into one language: when to open, feed, finish and try again.

`phase` draws the states. Nothing blocks or awaits but `close`; time comes from the clock, links
from `open_link`.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from bot.clock import Clock, Timer
from bot.room.events import (
    ConversationState,
    Failed,
    StateChanged,
)
from bot.tasks import TaskOwner
from bot.translation import faults, limits, notices, protocol
from bot.translation.backlog import BYTES_PER_S, Backlog
from bot.translation.budget import ConnectBudget, Ticket
from bot.translation.faults import Fault
from bot.translation.meter import Meter
from bot.translation.outage import Outage
from bot.translation.phase import Phase
from bot.translation.ports import LinkPort, OpenLink
from bot.translation.protocol import ServerEvent
from bot.translation.report import Listener, Report
from bot.translation.turns import Turns

log = logging.getLogger(__name__)

Reported = TypeVar("Reported")


class LiveConversation:
    """Implements `bot.room.ports.Conversation`.

    Args:
        open_link: Begins a connection.
        turns: Sorts what the service says.
        meter: Counts what is used.
        budget: Grants connects.
        clock: Time.
        listener: Told everything, on the event loop.
        idle_s: A link without speech for this long is finished.
        chance: Spreads retries.
        notice: Said once, when the conversation first opens.
    """

    def __init__(
        self,
        *,
        open_link: OpenLink,
        turns: Turns,
        meter: Meter,
        budget: ConnectBudget,
        clock: Clock,
        listener: Listener,
        idle_s: float,
        chance: random.Random,
        notice: Failed | None = None,
    ) -> None:
        self._open_link = open_link
        self._turns = turns
        self._meter = meter
        self._budget = budget
        self._clock = clock
        self._idle_s = idle_s
        self._notice = notice
        self._backlog = Backlog(limits.UNSENT_S, limits.KEPT_S)
        self._outage = Outage(chance)
        self._report = Report(listener, meter, self._outage)
        self._tasks = TaskOwner("conversation")
        self._phase = Phase.IDLE
        self._link: LinkPort | None = None
        self._generation = 0  # of the link; what an earlier one still says is not heard
        self._ticket: Ticket | None = None
        self._timer: Timer | None = None
        self._opened_at = 0.0
        self._not_before = 0.0  # of the next connect
        self._spoke_at = 0.0
        self._quiet_since: float | None = 0.0
        self._silence_until: float | None = None  # while silence is fed
        self._tick_at = 0.0
        self._ended_before = 0  # turns, when the speaker fell silent
        self._closing = False
        self._done = asyncio.Event()  # nothing outstanding, once closing
        self.session_id = ""
        self.last_response_id = ""
        self.dropped_s = 0.0

    @property
    def state(self) -> ConversationState:
        """As last told to the listener."""
        return self._phase.shown

    # What the room calls

    def feed(self, pcm: bytes) -> None:
        """Speech to translate: PCM16, 16 kHz, mono. Opens the link when it is not open."""
        if self._closing or self._phase is Phase.CLOSED or not pcm:
            return
        self._spoke_at = self._clock.now()
        self._quiet_since = None
        self._silence_until = None
        self._lose(self._backlog.add(pcm))
        if self._phase is Phase.FINISHING:  # begun in silence: nothing is outstanding
            self._drop_link()
            self._enter(Phase.IDLE)
        if self._phase is Phase.IDLE:
            self._begin()
        elif self._phase is Phase.OPEN:
            self._pump()

    def fell_silent(self) -> None:
        """The speaker stopped: silence is fed until the turn is done."""
        if self._quiet_since is not None or self._phase is Phase.CLOSED:
            return
        self._quiet_since = self._clock.now()
        self._ended_before = self._turns.ended
        if self._phase is Phase.OPEN:
            self._feed_silence()

    async def close(self) -> None:
        """End it; a running turn gets its last events first (bounded). Idempotent."""
        if not self._closing:
            self._closing = True
            outstanding = len(self._backlog) > 0 or not self._turns.settled
            if self._phase is Phase.OPEN and outstanding:
                self._finish()
            elif self._phase not in {Phase.OPENING, Phase.FINISHING} or not outstanding:
                self._done.set()
            try:
                await asyncio.wait_for(self._done.wait(), limits.CLOSE_S)
            except TimeoutError:
                log.warning("a conversation was closed before its last turn was done")
            self._end()
        await self._tasks.drain()
        await self._tasks.close()

    # Opening

    def _begin(self) -> None:
        if self._notice is not None:
            notice, self._notice = self._notice, None
            self._report.say(notice)
        if self._clock.now() < self._not_before:
            self._enter(Phase.BACKOFF)
            self._wake_at(self._not_before)
        else:
            self._enter(Phase.WAITING)
            self._ticket = self._budget.request(self._connect)

    def _connect(self) -> None:
        self._ticket = None
        if self._phase is not Phase.WAITING:
            return
        self._opened_at = self._clock.now()
        self._meter.connected()
        self._backlog.rewind()
        self._turns.restart()
        self._enter(Phase.OPENING)
        self._wake_at(self._opened_at + limits.OPENING_S)
        self._generation += 1
        self._link = self._open_link(
            partial(self._from_link, self._generation, self._on_event),
            partial(self._from_link, self._generation, self._on_lost),
        )

    def _opened(self) -> None:
        self._opened_at = self._clock.now()
        self._enter(Phase.OPEN)
        self._pump()
        if self._closing:
            self._finish()
        elif self._quiet_since is not None:
            self._feed_silence()
        else:
            self._schedule()

    # While open

    def _pump(self) -> None:
        if self._link is None:
            return
        while (chunk := self._backlog.chunk()) is not None:
            self._meter.sent(chunk)
            self._lose(self._link.send(chunk) * len(chunk))

    def _feed_silence(self) -> None:
        self._tick_at = self._clock.now()
        self._silence_until = self._tick_at + limits.SILENCE_S
        self._tick()

    def _tick(self) -> None:
        now = self._clock.now()
        # At fixed times: what a late tick costs is not added to the silence's length.
        self._tick_at += limits.TICK_S
        if self._tick_at < now - limits.MOST_LATE_S:
            self._tick_at = now + limits.TICK_S
        self._report.translated(self._turns.advance(now, self._quiet_since))
        if self._silence_until is not None:
            if self._answered or now >= self._silence_until:
                self._silence_until = None
            else:
                self._backlog.fill()
                self._pump()
        self._forget()
        if self._turns.settled and self._quiet_since is not None and self._silence_until is None:
            self._backlog.clear()
        self._schedule()

    @property
    def _answered(self) -> bool:
        """Whether everything said before the silence is translated."""
        return self._turns.settled and self._turns.ended > self._ended_before

    def _forget(self) -> None:
        """Let go of the audio that no new link would have to hear."""
        if self._turns.done_until_ms is not None:
            self._backlog.forget(self._turns.done_until_ms * BYTES_PER_S // 1000)
        if self._turns.settled:
            self._backlog.forget(self._backlog.position - int(limits.BETWEEN_S * BYTES_PER_S))

    def _schedule(self) -> None:
        now = self._clock.now()
        if self._silence_until is not None or self._turns.resting(self._quiet_since):
            self._wake_at(self._tick_at)
            return
        if not self._turns.settled:  # somebody is speaking: events will come
            self._wake_at(now + limits.WATCH_S)
            return
        rests = self._quiet_since is not None
        idle_at = max(self._spoke_at, self._opened_at) + self._idle_s
        if now >= idle_at or (rests and now >= self._opened_at + limits.ROTATE_S):
            self._finish()
        else:
            self._wake_at(idle_at)

    def _finish(self) -> None:
        if self._backlog.unsent > 0:
            self._backlog.fill()
            self._pump()
        self._enter(Phase.FINISHING)
        self._wake_at(self._clock.now() + limits.FINISHING_S)
        if self._link is not None:
            self._link.finish()

    # What the link reports

    def _from_link(self, generation: int, act: Callable[[Reported], None], what: Reported) -> None:
        if generation == self._generation:
            act(what)

    def _on_event(self, event: ServerEvent) -> None:
        match event:
            case protocol.SessionCreated():
                self.session_id = event.session_id
            case protocol.SessionUpdated():
                if self._phase is Phase.OPENING:
                    self._opened()
            case protocol.SessionFinished():
                self._finished()
            case protocol.ServerError():
                self._on_error(event)
            case _:
                self._on_speech_event(event)

    def _on_speech_event(self, event: ServerEvent) -> None:
        if isinstance(event, protocol.ResponseCreated):
            self.last_response_id = event.response_id
        elif isinstance(event, protocol.ResponseDone) and event.usage is not None:
            self._meter.counted(event.usage)
        before = self._turns.settled, self._turns.resting(self._quiet_since)
        self._report.translated(self._turns.take(event, self._clock.now()))
        after = self._turns.settled, self._turns.resting(self._quiet_since)
        if before != after and not self._turns.settled and self._phase is Phase.OPEN:
            self._schedule()

    def _on_error(self, event: protocol.ServerError) -> None:
        if self._phase is Phase.OPENING:
            self._on_lost(faults.of_error(event.code, event.message, event.param))
        elif (fault := faults.of_text(event.code, event.message)) is not None:
            self._on_lost(fault)
        elif self._outage.tell(f"error:{event.code}"):
            self._report.say(notices.reported(event.code, event.message))

    def _finished(self) -> None:
        if self._phase is not Phase.FINISHING:
            return
        self._report.say(*self._turns.end_all())
        self._backlog.clear()
        self._drop_link()
        self._done.set()
        if not self._closing:
            self._enter(Phase.IDLE)

    def _on_lost(self, fault: Fault) -> None:
        log.info("conversation lost its link: %s", fault.code)
        self._drop_link()
        if self._closing or self._phase is Phase.CLOSED:
            self._done.set()
        elif not fault.retryable:
            self._report.say(*self._turns.end_all(), Failed(fault.code, fault.message, fatal=True))
            self._end()
        elif self._phase is Phase.FINISHING:
            self._enter(Phase.IDLE)
        else:
            self._try_again(fault)

    def _try_again(self, fault: Fault) -> None:
        now = self._clock.now()
        self._not_before = now + self._outage.failed(fault.wait_s)
        self._report.say(*self._turns.end_answered())
        self._forget()
        self._salvage(now)
        if (not fault.quiet or self._outage.lasting) and self._outage.tell(fault.code):
            self._report.say(Failed(fault.code, fault.message, fatal=False))
        self._enter(Phase.IDLE)
        if len(self._backlog) > 0:
            self._begin()

    def _salvage(self, now: float) -> None:
        """Decide what of the untranslated audio is sent again."""
        unfinished = self._turns.unfinished
        if self._quiet_since is not None and self._answered:
            self._backlog.clear()
        elif self._outage.hopeless:
            self._backlog.clear()
            self._report.say(*self._turns.end_all(), notices.words_lost(unfinished))
        elif not self._backlog.whole:
            # A sentence longer than what is kept: its beginning can't be said again, and its end
            # alone would stand twice.
            self._backlog.forget(self._backlog.position)
            self._report.say(*self._turns.end_all(), notices.sentence_cut(unfinished))
        else:
            self._report.say(*self._turns.broken(now))

    def _lose(self, count: int) -> None:
        if count == 0:
            return
        self.dropped_s += count / BYTES_PER_S
        if self._outage.tell("words_dropped"):
            self._report.say(notices.words_dropped(limits.UNSENT_S))

    # Housekeeping

    def _end(self) -> None:
        if self._phase is Phase.CLOSED:
            return
        self._drop_link()
        if self._ticket is not None:
            self._ticket.cancel()
        self._report.say(*self._turns.end_all())
        self._backlog.clear()
        self._enter(Phase.CLOSED)
        self._done.set()

    def _drop_link(self) -> None:
        link, self._link = self._link, None
        self._generation += 1
        if link is not None:
            self._tasks.start(link.close(), "close link")
        self._report.used()

    def _enter(self, phase: Phase) -> None:
        before, self._phase = self.state, phase
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.state is not before:
            self._report.say(StateChanged(self.state))

    def _wake_at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_at(when, self._wake)

    def _wake(self) -> None:
        self._timer = None
        match self._phase:
            case Phase.BACKOFF:
                self._enter(Phase.WAITING)
                self._ticket = self._budget.request(self._connect)
            case Phase.OPENING:
                self._on_lost(faults.NO_ANSWER)
            case Phase.OPEN:
                self._tick()
            case Phase.FINISHING:
                self._finished()
            case _:
                log.error("a timer was left in phase %s", self._phase.name)
