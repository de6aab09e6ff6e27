"""What people read of a room: before anybody is heard, as they enter, and if it can't go on."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Protocol

from bot.domain.plan import RoomPlan
from bot.domain.stored import ConsentMode


@dataclass(frozen=True, slots=True)
class Announcement:
    """What newcomers are to read.

    Attributes:
        mode: How consent is given here.
        heard: User ids of those heard already, having agreed before or since they came.
        others: The others: heard if they say so, or in `SAY_NO_S` unless they say no.
        paused: Nobody is heard before the room goes on.
    """

    mode: ConsentMode
    heard: tuple[int, ...]
    others: tuple[int, ...]
    paused: bool = False


Announce = Callable[[Announcement], Awaitable[frozenset[int]]]
"""Writes it into the room's text channel; returns who of them is a person and was named.

Raises ChatError: it could not be written.
"""


class Occasion(StrEnum):
    """Why a notice is posted."""

    STARTED = "started"
    MOVED = "moved"  # to another voice channel
    BACK = "back"  # after a restart


@dataclass(frozen=True, slots=True)
class Notice:
    """Says in the text channel that a voice channel is translated; nobody is heard before it.

    Attributes:
        plan: What is translated, and where to.
        occasion: Why it is posted.
        starter_id: Who started the room; `spent.NOBODY`: nobody, or they asked to be forgotten.
        heard: User ids of those present who are heard as soon as it is posted.
    """

    plan: RoomPlan
    occasion: Occasion
    starter_id: int
    heard: tuple[int, ...]


class Notices(Protocol):
    """Writes to the people of a room."""

    async def post(self, notice: Notice) -> None:
        """Post a notice in the room's text channel; returns once it can be read there.

        Raises:
            ChatError: It could not be posted.
        """

    async def announce(self, text_channel_id: int, announcement: Announcement) -> frozenset[int]:
        """Tell newcomers; returns who of them is a person and was named.

        Raises:
            ChatError: It could not be posted.
        """

    def over(self, guild_id: int) -> None:
        """Record that a guild's room ended: what names people now stays no longer than captions."""

    async def farewell(self, plan: RoomPlan, starter_id: int, reason: str) -> None:
        """Say why a room ended where its text channel can't be used any more.

        Where nobody can be told, the log says so.
        """


class Sight(Enum):
    """What a member sees of a text channel."""

    NOTHING = auto()
    NEW_MESSAGES = auto()  # may view it, but not read its history
    EVERYTHING = auto()


class TextChannels(Protocol):
    """What is known of the text channels that captions go to; only `ask` waits for Discord."""

    def sight(self, text_channel_id: int, user_id: int) -> Sight:
        """Return what this member sees of the channel; NOTHING also where that is not known."""

    def refusal(self, text_channel_id: int) -> str | None:
        """Say why captions can't be written there any more, as a sentence; None if they can."""

    async def ask(self, text_channel_id: int, user_ids: Iterable[int]) -> bool:
        """Ask Discord anew who these are in the server, and with which roles.

        Returns:
            Whether that is known now; else `sight` goes by what was known before.
        """
