"""Which languages a room translates into: those chosen for it, and those its people read."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.clock import Clock, Timer
from bot.room.records import Wishes

MOST_LANGUAGES: Final = 5  # each one is paid, for every speaker

GRACE_S: Final = 60.0  # for a reader who comes back


@dataclass(slots=True)
class Wanted:
    """The languages of one room. Pure: who reads what and the time in, the targets out.

    Attributes:
        chosen: For the room; always translated into.
        most: How many languages it may have. Chosen ones come first.
    """

    chosen: tuple[str, ...]
    most: int
    _unread_since: dict[str, float | None] = field(default_factory=dict)  # None: it has readers

    def settle(self, reads: Sequence[str], now: float) -> tuple[str, ...]:
        """The targets now.

        Args:
            reads: What those present want to read, who came first first.
            now: Clock seconds.
        """
        wanted = [language for language in dict.fromkeys(reads) if language not in self.chosen]
        for language, since in list(self._unread_since.items()):
            if language in self.chosen or (since is not None and now - since >= GRACE_S):
                del self._unread_since[language]
            elif since is None and language not in wanted:
                self._unread_since[language] = now
        for language in wanted:
            if language in self._unread_since or self._has_place():
                self._unread_since[language] = None
        while len(self.chosen) + len(self._unread_since) > self.most and self._unread_since:
            if not self._gives_way():
                self._unread_since.popitem()
        return self.chosen + tuple(self._unread_since)

    @property
    def next_at(self) -> float | None:
        """When a language is to be dropped; `settle` then."""
        since = [since for since in self._unread_since.values() if since is not None]
        return min(since) + GRACE_S if since else None

    def _has_place(self) -> bool:
        return len(self.chosen) + len(self._unread_since) < self.most or self._gives_way()

    def _gives_way(self) -> bool:
        """Drop the language that has had no reader for longest, if there is one."""
        left = [(since, name) for name, since in self._unread_since.items() if since is not None]
        if not left or len(self.chosen) >= self.most:
            return False
        del self._unread_since[min(left)[1]]
        return True


class Languages:
    """A room's languages while its people come, go and change their wishes.

    Args:
        chosen: For the room.
        most: How many it may have.
        wishes: What members said of themselves, by user id.
        clock: The time.
        due: Called when `settle` has something new to say by the time alone.
    """

    def __init__(
        self,
        chosen: tuple[str, ...],
        most: int,
        wishes: Mapping[int, Wishes],
        clock: Clock,
        due: Callable[[], None],
    ) -> None:
        self._wanted = Wanted(chosen, most)
        self._wishes = dict(wishes)
        self._clock = clock
        self._due = due
        self._timer: Timer | None = None

    @property
    def chosen(self) -> tuple[str, ...]:
        """The languages that the room was given."""
        return self._wanted.chosen

    @property
    def most(self) -> int:
        """How many it may have."""
        return self._wanted.most

    def choose(self, chosen: tuple[str, ...]) -> None:
        """Give it others; `settle` then."""
        self._wanted.chosen = chosen

    def wish(self, user_id: int, wishes: Wishes) -> bool:
        """What this member says now; whether they speak another language than was known."""
        before, self._wishes[user_id] = self.of(user_id), wishes
        return wishes.speaks != before.speaks

    def of(self, user_id: int) -> Wishes:
        """What this member said."""
        return self._wishes.get(user_id, Wishes())

    def settle(self, present: Iterable[int]) -> tuple[str, ...]:
        """The targets now, with these people in the channel."""
        reads = [wish for user_id in present if (wish := self.of(user_id).reads) is not None]
        targets = self._wanted.settle(reads, self._clock.now())
        self.close()
        if (due := self._wanted.next_at) is not None:
            self._timer = self._clock.call_at(due, self._due)
        return targets

    def close(self) -> None:
        """Call back no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
