"""Who is in a room's voice channel now."""

from collections.abc import Collection

from bot.consent.admission import Admission
from bot.domain.events import Member
from bot.domain.notices import Sight
from bot.domain.ports import VoiceLink


class PresentMembers:
    """Sees a room's members through its link; without one nobody is there.

    Args:
        admission: Knows who agreed, and what each can see.

    Attributes:
        link: The link to the voice channel.
    """

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.link: VoiceLink | None = None

    @property
    def members(self) -> tuple[Member, ...]:
        """Those in the voice channel."""
        return () if self.link is None else self.link.members()

    def ids(self) -> list[int]:
        """Return their user ids."""
        return [member.id for member in self.members]

    def member(self, user_id: int) -> Member:
        """Return one of them."""
        return next(member for member in self.members if member.id == user_id)

    @property
    def readers(self) -> list[int]:
        """User ids of those who see the captions' channel."""
        sight = self._admission.sight
        return [member.id for member in self.members if sight(member.id) is not Sight.NOTHING]

    @property
    def willing(self) -> Collection[int]:
        """User ids of those who may be heard."""
        return self._admission.willing(self.members)

    @property
    def empty(self) -> bool:
        """Whether there is a link, and nobody beside the bot."""
        return self.link is not None and not self.members
