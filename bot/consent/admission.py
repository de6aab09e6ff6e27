"""Decides whom a room hears at this moment.

A member is heard who agreed, is in the voice channel as Discord shows it, and can read where the
captions go, and only while the notice for this voice channel has been posted there. Who may view
the text channel but not read its history is heard once a message was posted while they were here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.consent.consent import Consent
from bot.consent.newcomers import Newcomers
from bot.domain.events import Member
from bot.domain.notices import Sight


@dataclass(slots=True)
class Admission:
    """Who may be heard in one room.

    Attributes:
        consent: Who agreed.
        sight: What a member sees of the text channel.
        newcomers: Knows for whom a message was posted while they were here.
        paused: Nobody is heard until this is taken back.
        ended: Nobody is heard any more.
        told_in: The voice channel that the last notice was posted for; None before the first.
    """

    consent: Consent
    sight: Callable[[int], Sight]
    newcomers: Newcomers
    paused: bool = False
    ended: bool = False
    told_in: int | None = None

    def heard(self, channel_id: int, members: Iterable[Member]) -> frozenset[int]:
        """Return the user ids of those who may be heard now.

        Args:
            channel_id: The voice channel in which the bot is.
            members: Who is in it.
        """
        if self.ended or self.paused or self.told_in != channel_id:
            return frozenset()
        return self.willing(members)

    def willing(self, members: Iterable[Member]) -> frozenset[int]:
        """Return the user ids of those who are heard as soon as anybody is."""
        agreed = self.consent.agreed
        return frozenset(
            member.id for member in members if member.id in agreed and self.reads(member.id)
        )

    def reads(self, user_id: int) -> bool:
        """Return whether this member could read that they are heard."""
        sight = self.sight(user_id)
        return sight is Sight.EVERYTHING or (
            sight is Sight.NEW_MESSAGES and self.newcomers.named(user_id)
        )
