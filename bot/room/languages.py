"""Which languages a room translates into: those chosen for it, and those its people read.

A chosen language is paid for by whoever chose it. One that somebody only reads is a guest's wish:
of those there are no more than the server or the starter allows, they are made in writing alone,
and only while somebody who reads them is in the voice channel.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from bot.clock import Alarm, Clock
from bot.domain.stored import MemberLanguages

GRACE_S: Final = 60.0  # for a reader who comes back; nothing is translated for nobody meanwhile


class Reading(Enum):
    """Whether a member gets the language they want to read."""

    GIVEN = auto()  # now, or when they come
    FULL = auto()  # as soon as there is a place for it
    CLOSED = auto()  # guests add none here
    UNWRITTEN = auto()  # it can't be made in writing here


def outlook(
    reads: str | None, chosen: Collection[str], readable: Collection[str], guests: int
) -> Reading:
    """Return whether a language that somebody reads is given, as far as places don't matter.

    Args:
        reads: The language that is read.
        chosen: The room's languages.
        readable: What can be made in writing.
        guests: How many languages readers may add.
    """
    if reads is None or reads in chosen:
        return Reading.GIVEN
    if reads not in readable:
        return Reading.UNWRITTEN
    return Reading.GIVEN if guests else Reading.CLOSED


@dataclass(frozen=True, slots=True)
class Allowed:
    """How many languages a room may have.

    Attributes:
        most: Languages all in all.
        server: Languages for readers alone, as the server set.
        own: Languages for readers alone, as the room's starter set; None: they did not.
    """

    most: int
    server: int
    own: int | None = None

    @property
    def guests(self) -> int:
        """How many languages may be there only for those who read them."""
        return self.server if self.own is None else self.own


@dataclass(slots=True)
class LanguageChoice:
    """The languages of one room. Pure: who reads what and the time in, the targets out.

    Attributes:
        chosen: The languages chosen for the room; always translated into.
        allowed: How many it may have. Chosen ones come first.
    """

    chosen: tuple[str, ...]
    allowed: Allowed
    _unread_since: dict[str, float | None] = field(default_factory=dict)  # None: it has readers

    def settle(self, reads: Sequence[str], now: float) -> tuple[str, ...]:
        """Return the targets now.

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
        for language in sorted(wanted, key=lambda one: one not in self._unread_since):
            if language in self._unread_since or self._makes_place():
                self._unread_since[language] = None
        while len(self._unread_since) > self._places:
            if not self._gives_way():
                self._unread_since.popitem()
        return self.chosen + tuple(self._unread_since)

    @property
    def read(self) -> tuple[str, ...]:
        """The targets that nobody chose."""
        return tuple(self._unread_since)

    @property
    def resting(self) -> frozenset[str]:
        """The targets that nobody chose and nobody present reads."""
        return frozenset(name for name, since in self._unread_since.items() if since is not None)

    @property
    def has_place(self) -> bool:
        """Whether one more language could be read."""
        return len(self._unread_since) - len(self.resting) < self._places

    @property
    def next_at(self) -> float | None:
        """Clock second at which a language is to be dropped; `settle` then."""
        since = [since for since in self._unread_since.values() if since is not None]
        return min(since) + GRACE_S if since else None

    @property
    def _places(self) -> int:
        return max(0, min(self.allowed.guests, self.allowed.most - len(self.chosen)))

    def _makes_place(self) -> bool:
        return len(self._unread_since) < self._places or (self.has_place and self._gives_way())

    def _gives_way(self) -> bool:
        """Drop the language that has had no reader for longest, if there is one."""
        left = [(since, name) for name, since in self._unread_since.items() if since is not None]
        if not left:
            return False
        del self._unread_since[min(left)[1]]
        return True


class Languages:
    """A room's languages while its people come, go and change their wishes.

    Args:
        allowed: How many it may have.
        chosen: The languages chosen for the room.
        readable: What can be made in writing; nothing else is added for a reader.
        wishes: What members said of themselves, by user id.
        clock: Tells the time and calls back.
        due: Called when `settle` has something new to say by the time alone.
    """

    def __init__(
        self,
        allowed: Allowed,
        chosen: tuple[str, ...],
        readable: Collection[str],
        wishes: Mapping[int, MemberLanguages],
        *,
        clock: Clock,
        due: Callable[[], None],
    ) -> None:
        self._wanted = LanguageChoice(chosen, allowed)
        self._readable = readable
        self._wishes = dict(wishes)
        self._clock = clock
        self._alarm = Alarm(clock, due)

    @property
    def chosen(self) -> tuple[str, ...]:
        """The languages that the room was given."""
        return self._wanted.chosen

    @property
    def read(self) -> tuple[str, ...]:
        """The languages that the room has only for those who read them."""
        return self._wanted.read

    @property
    def resting(self) -> frozenset[str]:
        """The languages in `read` that nobody present reads; they are kept for a while."""
        return self._wanted.resting

    def choose(self, chosen: tuple[str, ...]) -> None:
        """Give the room these languages instead; `settle` afterwards."""
        self._wanted.chosen = chosen

    @property
    def allowed(self) -> Allowed:
        """How many languages the room may have."""
        return self._wanted.allowed

    def allow(self, server: int) -> bool:
        """Let readers add this many, as the server says; returns True if that has to be settled.

        It holds in the place of what was said when the room began: it is the later word.
        """
        if new := server != self.allowed.server:
            self._wanted.allowed = Allowed(self.allowed.most, server)
        return new

    def wish(self, user_id: int, wishes: MemberLanguages) -> bool:
        """Take a member's wishes; returns whether they speak another language than was known."""
        before, self._wishes[user_id] = self.of(user_id), wishes
        return wishes.speaks != before.speaks

    def of(self, user_id: int) -> MemberLanguages:
        """Return what this member said of themselves."""
        return self._wishes.get(user_id, MemberLanguages())

    def reading(self, user_id: int, *, present: bool) -> Reading:
        """Return whether this member gets what they want to read, once it is settled."""
        reads = self.of(user_id).reads
        found = outlook(reads, self.chosen, self._readable, self.allowed.guests)
        if found is not Reading.GIVEN or reads is None:
            return found
        placed = reads in self.chosen or reads in self.read
        return found if placed or (self._wanted.has_place and not present) else Reading.FULL

    def settle(self, present: Iterable[int]) -> tuple[str, ...]:
        """Return the targets now, with these people in the channel."""
        reads = [
            reads
            for user_id in present
            if (reads := self.of(user_id).reads) is not None and reads in self._readable
        ]
        targets = self._wanted.settle(reads, self._clock.now())
        self._alarm.cancel()
        if (due := self._wanted.next_at) is not None:
            self._alarm.set(due)
        return targets

    def close(self) -> None:
        """Call back no more."""
        self._alarm.cancel()
