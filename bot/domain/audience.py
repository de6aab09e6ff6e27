"""The page on which a call is read, and the room that is read there, as they see each other."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from bot.domain.events import Caption, Member
from bot.words.codes import ORIGINAL

__all__ = ["ORIGINAL", "Audience", "Broadcast", "OpenPage", "Pages", "RoomState", "SpokenState"]


class RoomState(StrEnum):
    """What a reader has to know of a room."""

    LIVE = "live"
    DEAF = "deaf"  # it hears nothing at the moment, and tries to mend that
    PAUSED = "paused"
    ENDED = "ended"  # for good


class SpokenState(StrEnum):
    """Where the voice of a language stands."""

    TEXT = "text"  # nobody listens, so that nobody pays for it
    OPENING = "opening"
    OPEN = "open"
    NONE = "none"  # the service does not speak this language


class Audience(Protocol):
    """A room, as the page sees it. Called on the event loop; must not block or raise."""

    @property
    def guild_id(self) -> int:
        """The server it is in."""

    @property
    def run(self) -> str:
        """Names this room among all there were; stays when a restart brings it back."""

    def may_read(self, member_id: int) -> bool:
        """Return whether somebody may read along now.

        They are in the server, can view the text channel, and have not chosen to stay out.
        """

    async def ask_again(self, member_id: int) -> bool:
        """Ask Discord anew about somebody; return whether `may_read` is up to date now.

        Waits for Discord, for seconds at most.
        """

    def listened_to(self, languages: frozenset[str]) -> None:
        """Take note that these languages' voices are listened to, and no others."""


class Broadcast(Protocol):
    """The page, as a room sees it. Called on the event loop; never blocks or raises."""

    def use_languages(self, languages: Sequence[str]) -> None:
        """Offer these languages to readers from now on."""

    def show(self, caption: Caption) -> None:
        """Show a caption, new or changed; a final one without any text is taken back."""

    def speaking(self, members: Sequence[Member]) -> None:
        """Say that these members speak now, and nobody else."""

    def state(self, state: RoomState) -> None:
        """Say how the room is from now on."""

    def spoken(self, language: str, state: SpokenState) -> None:
        """Say where the voice of a language stands from now on."""

    def voice(self, language: str, pcm: bytes) -> None:
        """Play voice behind what came before: PCM16, 24 kHz, mono, one voice at a time."""

    def voice_ended(self, language: str) -> None:
        """Say that the utterance is over; what comes next may be long in coming."""

    def voice_cut(self, language: str) -> None:
        """Drop what was given of the voice and is not heard yet."""

    def readers_changed(self) -> None:
        """Ask `Audience.may_read` of each reader at once, as it may have changed."""

    def reading(self) -> frozenset[int]:
        """Return the user ids of those who read now."""

    def end(self) -> None:
        """Tell everybody that the room ended; nobody reads it again. Idempotent."""


OpenPage = Callable[[Audience, Sequence[str]], Broadcast]
"""Opens the page of a room that can be read in these languages."""


class Pages(Protocol):
    """The page of every room."""

    @property
    def offered(self) -> bool:
        """Whether there is one at all."""

    def open(self, audience: Audience, languages: Sequence[str]) -> Broadcast:
        """Open a room to readers."""

    def link(self, run: str, member_id: int, language: str, *, overlay: bool = False) -> str:
        """Return a link for one person, which opens a room once.

        Args:
            run: The room, as `Audience.run` names it.
            member_id: Who asks.
            language: What they read first: one of the room's, or `ORIGINAL`.
            overlay: As a layer for streaming software.
        """

    def revoke(self, run: str, member_id: int) -> None:
        """Void all that was given to somebody for a room, and close what they have open of it."""

    @property
    def audience(self) -> tuple[int, int]:
        """How many read now, and how many of them hear a voice too."""

    def restored(self) -> None:
        """Record that all rooms that were to come back after a restart are open."""
