"""The service's events -> what the room is told, sorted by turn.

The rules, because the service leaves them open:
- A turn begins with speech_started, or with a response when none is open.
- A response belongs to the oldest open turn that has none yet, else to the newest open one: a
  pause in a sentence makes a second response of the same turn, until that is full.
- Source text belongs to the turn its item id was announced for, else to the oldest open turn
  without any, else to the newest open one. It often comes after the translation.
- A turn ends when its speech stopped, its responses are done and its source text is; it lingers a
  moment, since the second response of a turn may begin just after the first is done. A turn that
  stays unanswered ends when its patience does.
- When the link breaks, open turns keep their numbers and begin anew on the next link, so that a
  caption is written over and not written twice.

No clock in here: every call takes `now`.
"""

from collections import deque
from typing import Final

from bot.domain.events import ConversationEvent, TurnEnded
from bot.translation.protocol import bounds, server_events
from bot.translation.protocol.bounds import Exceeded, Excess
from bot.translation.protocol.server_events import ServerEvent
from bot.translation.speech.echo import EchoRule
from bot.translation.speech.originals import Originals
from bot.translation.speech.turn import Interims, Turn

LINGER_S: Final = 0.15  # a complete turn waits for a second response
SOURCE_WAIT_S: Final = 3.0  # a translated turn waits for its source text
PATIENCE_S: Final = 15.0  # a turn without answer; longer than a dead link takes to notice

Events = list[ConversationEvent]


class Turns:
    """The turns of one conversation, over all its links.

    Args:
        target: Language of the translation; says how sentences are joined.
        source_expected: Whether source text was asked for; where none comes, that is learned.
        echo: Tells what was said in the target language already; None goes by what is detected.
        excess: Counts what exceeds a bound.
    """

    def __init__(
        self,
        target: str,
        *,
        source_expected: bool,
        echo: EchoRule | None = None,
        excess: Excess | None = None,
    ) -> None:
        self._rule = echo or EchoRule(target)
        self._excess = excess or Excess()
        self._interims = Interims(self._excess)
        self._echoed = False  # the turn that ended last
        self._originals = Originals(wanted=source_expected)
        self._next = 1
        self._open: list[Turn] = []  # oldest first
        self._again: deque[Turn] = deque()  # broken off, waiting to be spoken anew
        self._responses: dict[str, Turn] = {}
        self._items: dict[str, Turn] = {}
        self.ended = 0
        self.complete = True  # whether every turn of this link ended with all its texts
        # Of this link's audio, in milliseconds: what lies before is translated.
        self.done_until_ms: int | None = None

    @property
    def unfinished(self) -> int | None:
        """Number of the oldest turn that has not ended."""
        waiting = [turn.number for turn in (*self._open, *self._again)]
        return min(waiting, default=None)

    @property
    def settled(self) -> bool:
        """Whether every turn has ended."""
        return not self._open and not self._again

    def knows(self, response_id: str) -> bool:
        """Return True where a turn has this response, so that its voice opens and ends none."""
        return response_id in self._responses

    def take(self, event: ServerEvent, now: float) -> Events:
        """Return what an event means for the room."""
        match event:  # what comes most stands first
            case (
                server_events.VoiceDelta()
                | server_events.TranslationText()
                | server_events.TranslationDone()
                | server_events.VoiceDone()
                | server_events.ResponseDone()
            ):
                turn, ended = self._of_response(event.response_id, now)
                return ended if turn.ended else ended + turn.answer(event, now)
            case server_events.SpeechStarted():
                return self._speech_started(event, now)
            case server_events.SpeechStopped():
                return self._speech_stopped(event, now)
            case server_events.ResponseCreated() | server_events.OutputItemAdded():
                turn, ended = self._of_response(event.response_id, now)
                if isinstance(event, server_events.OutputItemAdded):
                    self._name(event.item_id, turn)
                return ended
            case server_events.ItemCreated():
                self._item_created(event)
            case (
                server_events.SourceText()
                | server_events.SourceDone()
                | server_events.SourceFailed()
            ):
                heard = self._of_source(event.item_id)
                if not isinstance(event, server_events.SourceFailed) and event.text:
                    self._originals.came()
                return [] if heard is None else heard.hear(event, now)
            case _:
                pass
        return []

    def advance(self, now: float, quiet_since: float | None) -> Events:
        """End what is complete or has waited long enough.

        Args:
            now: Clock seconds.
            quiet_since: When the speaker fell silent; None while they speak.
        """
        events: Events = []
        newest = self._open[-1] if self._open else None
        for turn in list(self._open):
            events += turn.catch_up(now)
            resting = turn.stopped or turn is not newest or quiet_since is not None
            if not resting:
                continue
            waited = now - max(turn.touched_at, quiet_since or turn.touched_at)
            if waited >= self._patience(turn):
                events += self._end(turn)
        if self._again and not self._open and quiet_since is not None:
            waited = now - max(quiet_since, self._again[0].touched_at)
            if waited >= PATIENCE_S:
                events += self._end(self._again[0])
        return events

    def resting(self, quiet_since: float | None) -> bool:
        """Return whether time alone may end something; if not, `advance` has nothing to do."""
        if quiet_since is not None:
            return not self.settled
        return len(self._open) > 1 or (bool(self._open) and self._open[0].stopped)

    def _patience(self, turn: Turn) -> float:
        if not turn.answered:
            # The service may have been told to skip it.
            return SOURCE_WAIT_S if turn.echo and turn.stopped else PATIENCE_S
        if not turn.stopped or not self._heard(turn):
            return SOURCE_WAIT_S
        return LINGER_S

    def _heard(self, turn: Turn) -> bool:
        return not self._originals.expected or turn.source_settled

    def end_answered(self) -> Events:
        """End the turns that lack only their source text, as the link broke."""
        events: Events = []
        for turn in list(self._open):
            if turn.answered and turn.stopped:
                events += self._end(turn)
        return events

    def broken(self, now: float) -> Events:
        """Begin unanswered turns anew under their numbers, as the link broke.

        Until then its caption says that something is missing.
        """
        events = self.end_answered()
        for turn in self._open:
            events += turn.interrupted()
        self._again.extendleft(turn.anew(now) for turn in reversed(self._open))
        self._open.clear()
        self._responses.clear()
        self._items.clear()
        return events

    def restart(self, now: float) -> None:
        """Count a new link's audio from zero, and let waiting times begin anew."""
        self.done_until_ms = None
        for turn in self._again:
            turn.touched_at = now
        self.complete = True

    def end_all(self) -> Events:
        """End every turn as it stands."""
        events: Events = []
        for turn in [*self._open, *self._again]:
            events += self._end(turn)
        return events

    def _end(self, turn: Turn) -> Events:
        if turn in self._open:
            self._open.remove(turn)
        else:
            self._again.remove(turn)
        self.ended += 1
        if turn.has_response and not (turn.answered and self._heard(turn)):
            self.complete = False
        if turn.stopped_at_ms is not None:
            self.done_until_ms = turn.stopped_at_ms
        # Its ids stay known until the next turn ends, so that late events can be dropped.
        for owners in (self._responses, self._items):
            for name in [name for name, owner in owners.items() if owner.ended]:
                del owners[name]
        if turn.translated and not turn.has_original:
            self._originals.missed()
        last = turn.end()
        self._echoed = turn.echo
        return [*last, TurnEnded(turn.number)]

    def _begin(self, now: float) -> tuple[Turn, Events]:
        """Begin another turn; end the oldest where there are too many."""
        if self._again:
            turn = self._again.popleft()
            turn.touched_at = now
        else:
            turn = Turn(
                self._next,
                self._rule,
                now,
                self._interims,
                self._originals,
                echo_expected=self._echoed,
            )
            self._next += 1
        self._open.append(turn)
        if len(self._open) <= bounds.OPEN_TURNS:
            return turn, []
        self._excess.note(Exceeded.TURNS)
        return turn, self._end(self._open[0])

    def _name(self, item_id: str, turn: Turn) -> None:
        """Remember which turn an item belongs to."""
        if item_id in self._items or len(self._items) < bounds.ITEMS:
            self._items[item_id] = turn
        else:
            self._excess.note(Exceeded.ITEMS)

    def _speech_started(self, event: server_events.SpeechStarted, now: float) -> Events:
        events: Events = []
        for turn in list(self._open):
            turn.stop(now)
            if turn.answered and self._heard(turn):
                events += self._end(turn)
        turn, ended = self._begin(now)
        if event.item_id is not None:
            self._name(event.item_id, turn)
        return events + ended

    def _speech_stopped(self, event: server_events.SpeechStopped, now: float) -> Events:
        turn = self._items.get(event.item_id) if event.item_id is not None else None
        if turn is None and self._open:
            turn = self._open[-1]
        if turn is None or turn.ended:
            return []
        turn.stopped_at_ms = event.at_ms
        return turn.stop(now)

    def _item_created(self, event: server_events.ItemCreated) -> None:
        turn = self._items.get(event.item_id)
        previous = event.previous_item_id
        if turn is not None and previous is not None and previous not in self._items:
            self._name(previous, turn)

    def _of_response(self, response_id: str, now: float) -> tuple[Turn, Events]:
        """Return a response's turn, and the end of another where that makes one too many."""
        turn = self._responses.get(response_id)
        if turn is not None:
            return turn, []
        ended: Events = []
        turn = next((turn for turn in self._open if not turn.has_response), None)
        if turn is None and self._open and not self._open[-1].is_full():
            turn = self._open[-1]
        if turn is None:
            turn, ended = self._begin(now)
        self._responses[response_id] = turn
        turn.respond(response_id, now)
        return turn, ended

    def _of_source(self, item_id: str) -> Turn | None:
        turn = self._items.get(item_id)
        if turn is None and self._open:
            waiting = (turn for turn in self._open if not turn.has_source)
            turn = next(waiting, self._open[-1])
            self._name(item_id, turn)
        return None if turn is None or turn.ended else turn
