"""What a conversation tells its room, with what it used."""

from collections.abc import Callable

from bot.room.events import ConversationEvent, TurnEnded
from bot.translation.meter import Meter
from bot.translation.outage import Outage

Listener = Callable[[ConversationEvent], None]


class Report:
    """Tells the listener.

    Args:
        listener: Of the room.
        meter: Read with each turn's end.
        outage: Over when a turn came through.
    """

    def __init__(self, listener: Listener, meter: Meter, outage: Outage) -> None:
        self._listener = listener
        self._meter = meter
        self._outage = outage

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

    def used(self) -> None:
        """Tell what was used since it was told last."""
        if (usage := self._meter.read()) is not None:
            self._listener(usage)
