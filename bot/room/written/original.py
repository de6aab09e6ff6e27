"""What a speaker says, in the language in which they say it: live subtitles.

Made from the source text of the lead conversation, as it comes, under the same turn numbers.
Nothing is asked for, so it costs nothing beside the conversation.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from bot.domain.events import (
    ConversationEvent,
    ConversationState,
    Echoed,
    Failed,
    Source,
    StateChanged,
    TurnEnded,
)

_REMEMBERED: Final = 256  # turns of which it is known that their words are the original's


class OriginalWords:
    """One speaker's captions in the language they speak.

    Args:
        said: Told everything, on the event loop.
        alone: The conversation itself is not shown, so that what it can't do is said here.
        after: The last turn that is not its own, as it stood when this was had before.

    Attributes:
        last_turn: The last one of which anything came.
    """

    def __init__(
        self, said: Callable[[ConversationEvent], None], *, alone: bool, after: int = 0
    ) -> None:
        self._said = said
        self._alone = alone
        self._after = after
        self._begun: deque[int] = deque(maxlen=_REMEMBERED)
        self.last_turn = after

    def take(self, event: ConversationEvent) -> None:
        """Take an event of the lead conversation."""
        match event:
            case StateChanged():
                self._said(event)
            case Failed() if self._alone:
                self._said(event)
            case Failed(fatal=True):
                self._said(StateChanged(ConversationState.CLOSED))
            case Source(turn=turn) if turn > self._after and event.text:
                self.last_turn = max(self.last_turn, turn)
                if turn not in self._begun:
                    self._begun.append(turn)
                    self._said(Echoed(turn))
                self._said(event)
            case TurnEnded(turn=turn) if turn > self._after:
                self._said(event)
            case _:
                pass
