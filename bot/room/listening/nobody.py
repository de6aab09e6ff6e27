"""No page: what a room is told where the host offers none."""

from collections.abc import Sequence

from bot.domain.audience import Audience, RoomState, SpokenState
from bot.domain.events import Caption, Member


class NoPage:
    """A Broadcast that nobody reads."""

    def use_languages(self, languages: Sequence[str]) -> None:
        """Do nothing."""

    def show(self, caption: Caption) -> None:
        """Do nothing."""

    def speaking(self, members: Sequence[Member]) -> None:
        """Do nothing."""

    def state(self, state: RoomState) -> None:
        """Do nothing."""

    def spoken(self, language: str, state: SpokenState) -> None:
        """Do nothing."""

    def voice(self, language: str, pcm: bytes) -> None:
        """Do nothing."""

    def voice_ended(self, language: str) -> None:
        """Do nothing."""

    def voice_cut(self, language: str) -> None:
        """Do nothing."""

    def readers_changed(self) -> None:
        """Do nothing."""

    def end(self) -> None:
        """Do nothing."""


def no_page(_audience: Audience, _languages: Sequence[str]) -> NoPage:
    """Open no page; in the place of `OpenPage`."""
    return NoPage()
