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


OnEvent = Callable[[ServerEvent], None]
OnLost = Callable[[Fault], None]
OpenLink = Callable[[OnEvent, OnLost], LinkPort]
