"""Whom Discord says to be speaking, against what arrives of them. Pure; given the time."""

UNHEARD_AFTER_S = 3.0


class Expected:
    """Members who were announced as speaking and of whom nothing came since.

    An announcement that turned out empty once is not believed again before the member was heard:
    a client may announce and send nothing, and joining afresh would then never end.
    """

    def __init__(self) -> None:
        self._since: dict[int, float] = {}
        self._disbelieved: set[int] = set()

    def announced(self, user_id: int, now: float) -> None:
        """Discord says that this member, who may be heard, begins to speak."""
        if user_id not in self._disbelieved:
            self._since.setdefault(user_id, now)

    def heard(self, user_id: int) -> None:
        """Something of this member came."""
        self._since.pop(user_id, None)
        self._disbelieved.discard(user_id)

    def ended(self, user_id: int) -> None:
        """This member speaks no more, or may no longer be heard."""
        self._since.pop(user_id, None)

    def left(self, user_id: int) -> None:
        """This member left the channel."""
        self.heard(user_id)

    def keep(self, user_ids: frozenset[int]) -> None:
        """Expect nothing of anybody else."""
        self._since = {user: since for user, since in self._since.items() if user in user_ids}

    def restart(self) -> None:
        """The connection is new, or was not to be heard on: whoever speaks is announced again."""
        self._since.clear()

    def overdue(self, now: float) -> bool:
        """Whether somebody should have been heard by now."""
        return any(now - since >= UNHEARD_AFTER_S for since in self._since.values())

    def disbelieve(self, now: float) -> None:
        """What is overdue is being seen to, and shall not be the reason again."""
        late = {user for user, since in self._since.items() if now - since >= UNHEARD_AFTER_S}
        self._disbelieved |= late
        for user_id in late:
            del self._since[user_id]
