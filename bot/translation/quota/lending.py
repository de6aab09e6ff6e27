"""A link to the service that can pass from one speaker to another.

When no connect is left, an idle link of the same guild with the same settings serves the next
speaker: no connect, no words lost. What it still says of the first one is never shown as the
second one's: it passes on only once every turn is complete and it has been quiet for a while, what
it says before the second one's first speech is dropped, and so is all that bears an id of before.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final, Protocol

from bot.clock import Clock
from bot.translation import timeouts
from bot.translation.ports import LinkPort, OnEvent, OnLost, OpenLink
from bot.translation.protocol import faults, server_events
from bot.translation.protocol.server_events import ServerEvent
from bot.translation.quota.tokens import TokenEstimate, TokenPace

QUIET_S: Final = 1.0  # neither audio nor event for so long, before it passes on
IDS_KEPT: Final = 64  # of responses and items; a turn has some four
FOREIGN_KEPT: Final = 4 * IDS_KEPT  # of earlier speakers


class Owner(Protocol):
    """The budget, as a lease sees it."""

    def spent(self, lease: "LinkLease", tokens: float) -> float:
        """Count tokens, negative where fewer were used; return how many more need no call."""

    def accepted(self, lease: "LinkLease") -> None:
        """Record that the service took the session."""

    def refused(self, lease: "LinkLease") -> None:
        """Record that the service refuses for the rate of requests."""

    def ended(self, lease: "LinkLease") -> None:
        """Take back a link that was given up."""


class LinkLease:
    """One link to the service, its place in the budget, and who hears it now.

    Implements `LinkPort`.

    Args:
        open_link: Begins the connection.
        owner: Told what counts against a limit.
        pace: Tokens a second of the model.
        clock: Tells the time and calls back.
        on_event: Takes the events for the first conversation that has the link.
        on_lost: Told when the link is lost, for that same conversation.
        guild_id: The guild it belongs to, for as long as it lasts.
    """

    def __init__(  # noqa: PLR0917 - what a link is made of
        self,
        open_link: OpenLink,
        owner: Owner,
        pace: TokenPace,
        clock: Clock,
        on_event: OnEvent,
        on_lost: OnLost,
        guild_id: int = 0,
    ) -> None:
        self.guild_id = guild_id
        self._owner = owner
        self._clock = clock
        self._on_event = on_event
        self._on_lost = on_lost
        self._estimate = TokenEstimate(pace)
        self._fence = _Fence()
        self._announces = False  # whether it says when speech starts
        self._untold = self._may_keep = 0.0  # tokens that the owner does not know of
        self.made_at = self.active_at = self.opened_at = clock.now()
        self.session_id = ""
        self.sent = 0  # bytes of this session
        self.ending = False  # on its way out: its place comes free
        self._link: LinkPort = open_link(self._event, self._lost)

    @property
    def counted(self) -> server_events.TokenCount:
        """Tokens as the service last counted them."""
        return self._estimate.counted

    def send(self, pcm: bytes) -> int:
        """Queue a chunk of audio; says how many older chunks were dropped for it."""
        self.active_at = self._clock.now()
        self.sent += len(pcm)
        self._spend(self._estimate.sent(len(pcm)))
        return self._link.send(pcm)

    def update(self, session: Mapping[str, Any]) -> None:
        """Change the session's settings, behind the audio queued."""
        self._link.update(session)

    def finish(self) -> None:
        """Ask for everything outstanding."""
        self.ending = True
        self._link.finish()

    async def close(self) -> None:
        """End it; tells nothing more from now on."""
        self.ending = True
        try:
            await self._link.close()
        finally:
            self._spend(0.0, at_once=True)
            self._owner.ended(self)

    # Passing on

    @property
    def quiet(self) -> bool:
        """Whether neither audio went out nor an event came in for a while."""
        return self._clock.now() >= self.active_at + QUIET_S

    @property
    def passes(self) -> bool:
        """Whether it could serve another speaker now, as far as the link itself goes."""
        young = self._clock.now() < self.opened_at + timeouts.ROTATE_S
        return self.quiet and young and self._announces and not self.ending

    def pass_on(self, on_event: OnEvent, on_lost: OnLost) -> None:
        """Send the link's events to another conversation from now on."""
        self._on_event = on_event
        self._on_lost = on_lost
        self._fence.raise_again()
        self.active_at = self._clock.now()

    # Called by the link

    def _event(self, event: ServerEvent) -> None:
        self.active_at = self._clock.now()
        match event:  # what comes most stands first
            case server_events.VoiceDelta():
                self._spend(self._estimate.voiced(len(event.pcm)))
            case server_events.SessionCreated():
                self.session_id = event.session_id
            case server_events.SessionUpdated():
                if not self.sent:
                    self.opened_at = self.active_at
                self._owner.accepted(self)
            case server_events.SpeechStarted():
                self._announces = True
            case server_events.ResponseDone(usage=server_events.TokenCount() as usage):
                self._spend(self._estimate.said(usage), at_once=True)
            case server_events.ServerError():
                self._judge(faults.of_text(event.code, event.message))
            case _:
                pass
        if self._fence.admits(event):
            self._on_event(event)

    def _spend(self, tokens: float, *, at_once: bool = False) -> None:
        """Tell the owner what was spent, once in a while: each chunk both ways is a part of it."""
        self._untold += tokens
        if at_once or self._untold >= self._may_keep:
            tokens, self._untold = self._untold, 0.0
            self._may_keep = self._owner.spent(self, tokens)

    def _lost(self, fault: faults.Fault) -> None:
        self._judge(fault)
        self._on_lost(fault)

    def _judge(self, fault: faults.Fault | None) -> None:
        if fault is not None and fault.of_account:
            self._owner.refused(self)


_Ids = tuple[str | None, str | None]


class _Fence:
    """Keeps what a link says of its earlier speaker from the present one."""

    def __init__(self) -> None:
        self._seen: deque[str] = deque(maxlen=IDS_KEPT)
        self._foreign: deque[str] = deque(maxlen=FOREIGN_KEPT)
        self._shut = False
        self._admitted: _Ids | None = None  # of the last event, which the next is mostly like
        self._voiced: str | None = None  # the response whose voice was admitted last

    def raise_again(self) -> None:
        """Hold back what belongs to an earlier speaker: all events until speech starts."""
        self._foreign = deque(self._seen, FOREIGN_KEPT)
        self._shut = True
        self._admitted = self._voiced = None

    def admits(self, event: ServerEvent) -> bool:
        """Return whether an event is for the present speaker."""
        if isinstance(event, server_events.VoiceDelta) and event.response_id == self._voiced:
            return True
        if not isinstance(event, _OF_SPEECH):
            return True
        named = _named(event)
        if named == self._admitted:
            return True
        ids = frozenset(name for name in named if name)
        if self._shut and isinstance(event, server_events.SpeechStarted):
            self._shut = False
        elif self._shut:
            self._foreign.extend(ids.difference(self._foreign))
        for name in ids.difference(self._seen):
            self._seen.append(name)
        admitted = not self._shut and ids.isdisjoint(self._foreign)
        self._admitted = named if admitted else None
        if isinstance(event, server_events.VoiceDelta):
            self._voiced = event.response_id if admitted else None
        return admitted


_OF_SPEECH: Final = (
    server_events.SpeechStarted,
    server_events.SpeechStopped,
    server_events.SourceText,
    server_events.SourceDone,
    server_events.SourceFailed,
    server_events.ItemCreated,
    server_events.ResponseCreated,
    server_events.OutputItemAdded,
    server_events.TranslationText,
    server_events.TranslationDone,
    server_events.VoiceDelta,
    server_events.VoiceDone,
    server_events.ResponseDone,
)


def _named(event: ServerEvent) -> _Ids:
    """Return the response and the item that an event is about."""
    return getattr(event, "response_id", None), getattr(event, "item_id", None)
