"""No page: what a room is told where the host offers none."""

from collections.abc import Sequence

from bot.domain.audience import Audience, RoomState, SpokenState
from bot.domain.events import Caption, Member
from bot.errors import UsageError
from bot.words import t


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

    def reading(self) -> frozenset[int]:
        """Return nobody."""
        return frozenset()

    def end(self) -> None:
        """Do nothing."""


class NoPages:
    """Pages where the host offers none."""

    offered = False
    audience = (0, 0)

    def open(self, audience: Audience, languages: Sequence[str]) -> NoPage:  # noqa: ARG002 - as the port
        """Open none."""
        return NoPage()

    def link(
        self,
        run: str,  # noqa: ARG002
        member_id: int,  # noqa: ARG002
        language: str,  # noqa: ARG002
        *,
        overlay: bool = False,  # noqa: ARG002
    ) -> str:
        """Raise UsageError, as there is none."""
        raise UsageError(t("This bot has no page for that. Whoever hosts it can set one up."))

    def revoke(self, run: str, member_id: int) -> None:
        """Do nothing."""

    def restored(self) -> None:
        """Do nothing."""
