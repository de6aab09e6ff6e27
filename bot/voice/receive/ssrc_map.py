"""Whose stream is whose: SSRCs and members, from what the voice gateway says and from proof.

Not safe for two threads; the worker owns it.
"""

from collections.abc import Iterable

_MOST = 4  # streams of one member


class SsrcMap:
    """The SSRCs of each member, and who is in the call.

    A member has a new one after each reconnect; packets of the one before may still be on their
    way, and are this member's.
    """

    def __init__(self) -> None:
        self._users: dict[int, int] = {}  # by SSRC
        self._present: set[int] = set()
        self._candidates: tuple[frozenset[int], tuple[int, ...]] | None = None  # until it changes

    def user(self, ssrc: int) -> int | None:
        """Return whose stream this is, where it is known."""
        return self._users.get(ssrc)

    def ssrcs(self, user_id: int) -> tuple[int, ...]:
        """Return a member's streams, the newest last."""
        return tuple(ssrc for ssrc, user in self._users.items() if user == user_id)

    def learn(self, ssrc: int, user_id: int) -> tuple[int, ...]:
        """Give a stream to a member; return their oldest beyond four, which are now nobody's."""
        self._candidates = None
        self._users.pop(ssrc, None)
        self._users[ssrc] = user_id
        self._present.add(user_id)
        old = self.ssrcs(user_id)[:-_MOST]
        for other in old:
            del self._users[other]
        return old

    def arrive(self, user_ids: Iterable[int]) -> None:
        """Record that these members are in the call."""
        self._candidates = None
        self._present.update(user_ids)

    def leave(self, user_id: int) -> tuple[int, ...]:
        """Remove a member who left; return their streams, now nobody's."""
        self._candidates = None
        self._present.discard(user_id)
        gone = self.ssrcs(user_id)
        for ssrc in gone:
            del self._users[ssrc]
        return gone

    def clear(self) -> tuple[int, ...]:
        """Forget everything, as the connection is new; return all streams there were."""
        self._candidates = None
        gone = tuple(self._users)
        self._users.clear()
        self._present.clear()
        return gone

    def candidates(self, allowed: frozenset[int]) -> tuple[int, ...]:
        """Return whose an unknown stream may be: allowed and present, streamless first."""
        if self._candidates is None or self._candidates[0] is not allowed:
            known = set(self._users.values())
            found = sorted(allowed & self._present, key=lambda user: (user in known, user))
            self._candidates = allowed, tuple(found)
        return self._candidates[1]
