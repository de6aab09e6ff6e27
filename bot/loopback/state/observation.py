"""What someone who watches this Discord sees, as it happens. `at` is clock seconds."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.loopback.state.entities import Channel, Message, User


@dataclass(frozen=True, slots=True)
class MessagePosted:
    """A message appeared in a channel or thread."""

    at: float
    message: Message


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """A message changed; it already holds its new state."""

    at: float
    message: Message


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """A message was taken away."""

    at: float
    message: Message


@dataclass(frozen=True, slots=True)
class ThreadStarted:
    """A thread was started."""

    at: float
    thread: Channel


@dataclass(frozen=True, slots=True)
class VoiceStateChanged:
    """Someone joined, moved, left or muted themselves; `channel` is None after leaving."""

    at: float
    user: User
    channel: Channel | None
    previous: Channel | None


@dataclass(frozen=True, slots=True)
class PersonSpeaking:
    """A person or bot began or stopped to speak."""

    at: float
    user: User
    on: bool


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """A voice channel's status line changed."""

    at: float
    channel: Channel


@dataclass(frozen=True, slots=True)
class InteractionAnswered:
    """An application answered an interaction, or changed its answer."""

    at: float
    interaction_id: int


@dataclass(frozen=True, slots=True)
class GatewayChanged:
    """A bot's gateway session became ready, was resumed, lost its link or ended."""

    at: float
    user: User


@dataclass(frozen=True, slots=True)
class Complaint:
    """A client did what Discord refuses.

    Attributes:
        method: HTTP method of the request; "GATEWAY" or "VOICE" for the websockets.
        path: The request's path, without tokens.
        status: HTTP status, or the close code of a socket, or 0.
        code: Discord's JSON error code, or 0.
    """

    at: float
    method: str
    path: str
    status: int
    code: int
    message: str


Observation = (
    MessagePosted
    | MessageEdited
    | MessageDeleted
    | ThreadStarted
    | VoiceStateChanged
    | PersonSpeaking
    | StatusChanged
    | InteractionAnswered
    | GatewayChanged
    | Complaint
)


class Observers:
    """Those who watch, called in the order in which they came."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[Observation], None]] = []

    def subscribe(self, callback: Callable[[Observation], None]) -> Callable[[], None]:
        """Call back on each observation until the returned function is called."""
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            if callback in self._callbacks:
                self._callbacks.remove(callback)

        return unsubscribe

    def notify(self, observation: Observation) -> None:
        """Tell all who watch."""
        for callback in tuple(self._callbacks):
            callback(observation)
