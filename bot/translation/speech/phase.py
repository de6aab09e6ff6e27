"""The states a conversation goes through.

IDLE -speech-> WAITING -budget-> OPENING -session.updated-> OPEN -idle-> FINISHING -> IDLE
                ^  ^                |                        |
                |  +--- BACKOFF <---+------- link lost ------+      fatal, close -> CLOSED
                +---------------- YIELDING <----- budget ----+
"""

from enum import Enum, auto
from typing import Final

from bot.domain.events import ConversationState


class Phase(Enum):
    """Where a conversation stands."""

    IDLE = auto()  # no link, nothing to say
    WAITING = auto()  # for the budget
    BACKOFF = auto()  # for the time of the next attempt
    OPENING = auto()  # from the handshake to session.updated
    OPEN = auto()
    FINISHING = auto()  # from session.finish to session.finished
    YIELDING = auto()  # likewise, while somebody speaks; what they say is kept and waits
    CLOSED = auto()  # for good

    @property
    def shown(self) -> ConversationState:
        """What the room is told of it."""
        match self:
            case Phase.IDLE:
                return ConversationState.IDLE
            case Phase.WAITING:
                return ConversationState.WAITING
            case Phase.BACKOFF | Phase.OPENING:
                return ConversationState.OPENING
            case Phase.OPEN | Phase.FINISHING | Phase.YIELDING:
                return ConversationState.OPEN
            case Phase.CLOSED:
                return ConversationState.CLOSED


ENDING: Final = frozenset({Phase.FINISHING, Phase.YIELDING})
