"""What a conversation needs of a link to the service, and that of its connection."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.translation.protocol.faults import Fault
from bot.translation.protocol.server_events import ServerEvent


class LinkPort(Protocol):
    """A connection to the service. Its methods never block."""

    def send(self, pcm: bytes) -> int:
        """Queue a chunk of audio; says how many older chunks were dropped for it."""

    def update(self, session: Mapping[str, Any]) -> None:
        """Change the session's settings, behind the audio queued."""

    def finish(self) -> None:
        """Ask for everything outstanding."""

    async def close(self) -> None:
        """End it; tells nothing more from now on."""


class Reach(Protocol):
    """Learns whether the service can be used."""

    def failed(self, code: str, reason: str, *, final: bool, detail: str) -> None:
        """Record that the service could not be used."""

    def answered(self) -> None:
        """Record that the service could be used."""


def report(reach: Reach, fault: Fault) -> None:
    """Let it be known that the service could not be used."""
    reach.failed(
        fault.code, fault.why or fault.message, final=not fault.retryable, detail=fault.detail
    )


OnEvent = Callable[[ServerEvent], None]
OnLost = Callable[[Fault], None]
OpenLink = Callable[[OnEvent, OnLost], LinkPort]


@dataclass(frozen=True, slots=True, repr=False)
class Endpoint:
    """Where the service is and who asks. Has no repr: it holds the key."""

    url: str
    api_key: str
    model: str
    workspace: str = ""


class Watch(Protocol):
    """Who is told what the SDK's callback is not. Must neither raise nor block."""

    def admits(self, size: int) -> bool:
        """Return whether a message of so many bytes may be read; end the connection if not."""

    def overran(self) -> None:
        """End the connection: more came at once, or for one message, than makes sense."""

    def unreadable(self) -> None:
        """Record that a message came that is no JSON."""

    def congested(self) -> None:
        """Record that the server does not take what was sent already."""

    def drained(self) -> None:
        """Record that the server takes again what is sent."""
