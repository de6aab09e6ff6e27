"""What a conversation needs of a link to the service."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from bot.translation.faults import Fault
from bot.translation.protocol import ServerEvent


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
        """It could not be used."""

    def answered(self) -> None:
        """It could be used."""


def report(reach: Reach, fault: Fault) -> None:
    """Let it be known that the service could not be used."""
    reach.failed(
        fault.code, fault.why or fault.message, final=not fault.retryable, detail=fault.detail
    )


OnEvent = Callable[[ServerEvent], None]
OnLost = Callable[[Fault], None]
OpenLink = Callable[[OnEvent, OnLost], LinkPort]
