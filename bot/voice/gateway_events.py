"""What the voice gateway says about who speaks; version 8 of its protocol.

Everything else it sends is discord.py's.
"""

from dataclasses import dataclass
from typing import Any, Protocol

_MAX_ID = 2**64
_MAX_SSRC = 2**32


class Roster(Protocol):
    """What is told of who is in the call and whose a stream is."""

    def announce(self, ssrc: int, user_id: int) -> None:
        """Record that this stream is this member's."""

    def arrive(self, user_ids: tuple[int, ...]) -> None:
        """Record that these members are in the call."""

    def leave(self, user_id: int) -> None:
        """Record that this member left the call."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Op 2: a new session; streams known before are void."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """Op 5: whose an SSRC is, sent before a member's first packet (about once per stay).

    Attributes:
        on: The member begins to speak; false when they end, which few clients say.
    """

    user_id: int
    ssrc: int
    on: bool = True

    def apply(self, roster: Roster) -> None:
        """Tell the roster whose stream it is."""
        roster.announce(self.ssrc, self.user_id)


@dataclass(frozen=True, slots=True)
class Connected:
    """Op 11: members in the call, without their SSRCs."""

    user_ids: tuple[int, ...]

    def apply(self, roster: Roster) -> None:
        """Tell the roster who arrived."""
        roster.arrive(self.user_ids)


@dataclass(frozen=True, slots=True)
class Disconnected:
    """Op 13: a member left the call."""

    user_id: int

    def apply(self, roster: Roster) -> None:
        """Tell the roster who left."""
        roster.leave(self.user_id)


@dataclass(frozen=True, slots=True)
class Other:
    """Anything that does not concern who speaks."""


Event = Ready | Speaking | Connected | Disconnected | Other


def parse(message: Any) -> Event | None:
    """Parse a text message of the gateway; return None when it makes no sense."""
    try:
        op, data = message["op"], message.get("d")
        if op == 2:
            return Ready()
        if op == 5:
            return Speaking(
                _number(data["user_id"], _MAX_ID),
                _number(data["ssrc"], _MAX_SSRC),
                bool(_number(data.get("speaking", 1), _MAX_SSRC)),
            )
        if op == 11:
            return Connected(tuple(_number(user_id, _MAX_ID) for user_id in data["user_ids"]))
        if op == 13:
            return Disconnected(_number(data["user_id"], _MAX_ID))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return Other()


def _number(value: Any, limit: int) -> int:
    if isinstance(value, bool | float):
        raise TypeError
    number = int(value)
    if not 0 <= number < limit:
        raise ValueError
    return number
