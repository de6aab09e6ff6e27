"""Whom Discord says to be speaking, against what arrives of them. Pure; given the time."""

from collections.abc import Mapping

UNHEARD_AFTER_S = 3.0


class Expected:
    """Members who were announced as speaking and of whom nothing comes.

    Whatever comes shows that the link works, be it only the silence that a client sends while its
    member's camera is on. An announcement that turned out empty once is not believed again before
    something of that member came: a client may announce and send nothing, and joining afresh would
    then never end.

    Args:
        came: When the last packet of each member came, in clock seconds.
    """

    def __init__(self, came: Mapping[int, float]) -> None:
        self._came = came
        self._since: dict[int, float] = {}
        self._disbelieved: dict[int, float] = {}  # since when

    def announced(self, user_id: int, now: float) -> None:
        """Record that a member who may be heard begins to speak, as Discord says."""
        disbelieved = self._disbelieved.get(user_id)
        if disbelieved is None or self._came_since(user_id, disbelieved):
            self._disbelieved.pop(user_id, None)
            self._since.setdefault(user_id, now)

    def ended(self, user_id: int) -> None:
        """Record that this member speaks no more, or may no longer be heard."""
        self._since.pop(user_id, None)

    def left(self, user_id: int) -> None:
        """Forget a member who left the channel."""
        self._since.pop(user_id, None)
        self._disbelieved.pop(user_id, None)

    def keep(self, user_ids: frozenset[int]) -> None:
        """Expect nothing of anybody else."""
        self._since = {user: since for user, since in self._since.items() if user in user_ids}

    def restart(self) -> None:
        """Forget who speaks, as the connection is new: they are announced again."""
        self._since.clear()

    def overdue(self, now: float) -> bool:
        """Return whether something of somebody should have come by now."""
        return bool(self._late(now))

    def disbelieve(self, now: float) -> None:
        """Let what is overdue, and is being seen to, not be the reason again."""
        for user_id in self._late(now):
            self._disbelieved[user_id] = now
            del self._since[user_id]

    def _late(self, now: float) -> list[int]:
        late = [user for user, since in self._since.items() if now - since >= UNHEARD_AFTER_S]
        for user_id in late:
            # Audio may arrive before its announcement, and be over by then.
            if self._came_since(user_id, self._since[user_id] - UNHEARD_AFTER_S):
                del self._since[user_id]
        return [user_id for user_id in late if user_id in self._since]

    def _came_since(self, user_id: int, since: float) -> bool:
        came = self._came.get(user_id)
        return came is not None and came >= since
