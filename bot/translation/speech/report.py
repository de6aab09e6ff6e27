"""What a conversation tells its room, with what it used."""

from collections.abc import Callable

from bot.domain.events import ConversationEvent, Failed, TurnEnded
from bot.translation.retry import Outage
from bot.translation.speech.meter import Meter

Listener = Callable[[ConversationEvent], None]

# Seconds of audio after which usage is told before a turn ends, and where no turn ever begins: what
# is not told is in no limit.
_TELL_S = 1.0


class ConversationReport:
    """Tells the listener.

    Args:
        listener: The room's listener.
        meter: Read with each turn's end.
        outage: Over when a turn came through.
        notice: Said once, when the conversation first begins.
    """

    def __init__(
        self, listener: Listener, meter: Meter, outage: Outage, notice: Failed | None = None
    ) -> None:
        self._notice = notice
        self._listener = listener
        self._meter = meter
        self._outage = outage

    def begins(self) -> None:
        """Say the notice that is due when the conversation begins, maybe again."""
        notice, self._notice = self._notice, None
        if notice is not None:
            self.say(notice)

    def say(self, *events: ConversationEvent) -> None:
        """Tell events as they are."""
        for event in events:
            self._listener(event)

    def translated(self, events: list[ConversationEvent]) -> None:
        """Tell what a working link says of turns."""
        for event in events:
            self._listener(event)
            if isinstance(event, TurnEnded):
                self._outage.over()
                self.used()
        self.sent()

    def sent(self) -> None:
        """Tell what was used, where so much audio was sent meanwhile that it should be known."""
        if self._meter.unread_s >= _TELL_S:
            self.used()

    def used(self) -> None:
        """Tell what was used since it was told last."""
        if (usage := self._meter.read()) is not None:
            self._listener(usage)
