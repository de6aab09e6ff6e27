"""Connects per minute, shared by every conversation of the process."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.clock import Clock, Timer

WINDOW_S: Final = 60.0


@dataclass(eq=False, slots=True)
class Ticket:
    """A place in the queue for a connect."""

    granted: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        """Give the place up. Without effect once granted."""
        self.cancelled = True


class ConnectBudget:
    """Grants connects in the order they were asked for, never more than `per_minute` in a minute.

    Args:
        per_minute: The account's limit; each websocket handshake counts as one request.
        clock: For the window of a minute.
    """

    def __init__(self, per_minute: int, clock: Clock) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._granted_at: deque[float] = deque()
        self._waiting: deque[Ticket] = deque()
        self._timer: Timer | None = None

    @property
    def waiting(self) -> int:
        """Connects that wait for their turn."""
        return sum(not ticket.cancelled for ticket in self._waiting)

    def request(self, granted: Callable[[], None]) -> Ticket:
        """Ask for a connect; `granted` is called before this returns when one is free."""
        ticket = Ticket(granted)
        self._waiting.append(ticket)
        if self._timer is None:
            self._grant()
        return ticket

    def _grant(self) -> None:
        self._timer = None
        while self._waiting:
            now = self._clock.now()
            while self._granted_at and self._granted_at[0] + WINDOW_S <= now:
                self._granted_at.popleft()
            if self._waiting[0].cancelled:
                self._waiting.popleft()
                continue
            if len(self._granted_at) >= self._per_minute:
                self._timer = self._clock.call_at(self._granted_at[0] + WINDOW_S, self._grant)
                return
            self._granted_at.append(now)
            self._waiting.popleft().granted()
