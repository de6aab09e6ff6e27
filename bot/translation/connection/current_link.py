"""Which link is heard: one at a time, and nothing more of an earlier one."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from bot.translation.ports import OnEvent, OnLost
from bot.translation.protocol.faults import Fault
from bot.translation.protocol.server_events import ServerEvent

Reported = TypeVar("Reported")


class CurrentLink:
    """Passes on what the present link reports.

    Args:
        on_event: Called with each event.
        on_lost: Called when the link is lost.
    """

    def __init__(
        self, on_event: Callable[[ServerEvent], None], on_lost: Callable[[Fault], None]
    ) -> None:
        self._on_event = on_event
        self._on_lost = on_lost
        self._generation = 0

    def anew(self) -> tuple[OnEvent, OnLost]:
        """Return what the next link is to call; the one before is no longer heard."""
        self._generation += 1
        return (
            partial(self._pass_on, self._generation, self._on_event),
            partial(self._pass_on, self._generation, self._on_lost),
        )

    def stop(self) -> None:
        """Ignore every link made so far."""
        self._generation += 1

    def _pass_on(self, generation: int, act: Callable[[Reported], None], what: Reported) -> None:
        if generation == self._generation:
            act(what)
