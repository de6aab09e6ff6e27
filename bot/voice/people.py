"""Who is in the voice channel, without a privileged intent.

Without the members intent discord.py knows a member of a voice channel only if the gateway sent the
member along with the voice state. The few others are asked for one by one, and count as there while
that takes, but are reported only by their name.
"""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import discord

from bot.domain.events import Member
from bot.logs import get_logger

log = get_logger(__name__)

VoiceChannel = discord.VoiceChannel | discord.StageChannel

_NAME_TIMEOUT_S = 5.0


class Change(NamedTuple):
    """Who came into and who left the channel, bots left out."""

    joined: tuple[Member, ...] = ()
    left: tuple[int, ...] = ()


def as_member(member: discord.Member) -> Member:
    """Return a Discord member as the room sees them."""
    return Member(member.id, member.display_name, member.display_avatar.url)


class People:
    """The members of one voice channel.

    Nothing here waits, so no answer of Discord's can undo what became known after it was asked.

    Args:
        own_id: The bot's own id, which is left out.
    """

    def __init__(self, own_id: int) -> None:
        self._own_id = own_id
        self._members: dict[int, Member] = {}
        self._nameless: set[int] = set()
        self._numbered: set[int] = set()  # have a number for a name
        self._bots: set[int] = set()

    @property
    def alone(self) -> bool:
        """Whether nobody is there, not even a bot."""
        return not self.ids()

    def members(self) -> tuple[Member, ...]:
        """Return who is in the channel, bots left out."""
        return tuple(self._members.values())

    def ids(self) -> frozenset[int]:
        """Return everybody who may be heard in the channel, bots included."""
        return frozenset(self._members) | self._nameless | self._bots

    @property
    def nameless(self) -> frozenset[int]:
        """Who is in the channel and not reported yet, as their name is not known."""
        return frozenset(self._nameless)

    def is_nameless(self, user_id: int) -> bool:
        """Return whether this person is in the channel and has no name yet."""
        return user_id in self._nameless

    def moved(self, member: discord.Member, *, inside: bool) -> Change | None:
        """Note by a voice state whether a member is in the channel; return what changed, if so."""
        if member.id == self._own_id or (not inside and member.id not in self.ids()):
            return None
        if not inside:
            return self._left(member.id)
        return self._came(member)

    def look(self, channel: VoiceChannel) -> Change:
        """Compare with who is in the channel as discord.py knows it now."""
        present = [user_id for user_id in channel.voice_states if user_id != self._own_id]
        gone = [self._left(user_id) for user_id in self.ids() - set(present)]
        came = []
        for user_id in present:
            member = channel.guild.get_member(user_id)
            if member is not None:
                came.append(self._came(member))
            elif user_id not in self._members and user_id not in self._bots:
                self._nameless.add(user_id)
        return Change(
            tuple(person for change in came if change for person in change.joined),
            tuple(user_id for change in gone for user_id in change.left),
        )

    def named(self, user_id: int, member: discord.Member | None) -> Change | None:
        """Note what Discord says of somebody without a name; None if they are no longer that."""
        if user_id not in self._nameless:
            return None
        if member is not None:
            return self._came(member)
        self._nameless.discard(user_id)
        self._numbered.add(user_id)
        person = self._members[user_id] = Member(user_id, f"Member {user_id % 10_000:04d}")
        return Change(joined=(person,))

    def _came(self, member: discord.Member) -> Change | None:
        known = member.id in self._members or member.id in self._bots
        numbered = member.id in self._numbered
        self._nameless.discard(member.id)
        self._numbered.discard(member.id)
        if member.bot:
            self._bots.add(member.id)
            return None if known else Change()
        person = self._members[member.id] = as_member(member)
        return None if known and not numbered else Change(joined=(person,))

    def _left(self, user_id: int) -> Change:
        for group in (self._nameless, self._numbered, self._bots):
            group.discard(user_id)
        return Change(left=(user_id,) if self._members.pop(user_id, None) else ())


class Survey:
    """Looks at the channel anew, and asks Discord for the names that it did not send along.

    Args:
        people: Brought up to date.
        tell: Is told of each change.
    """

    def __init__(self, people: People, tell: Callable[[Change], None]) -> None:
        self._people = people
        self._tell = tell
        self._asked: set[int] = set()

    async def take(self, channel: VoiceChannel) -> None:
        """Tell of everybody at once who is known, then of the others as their names come."""
        self._tell(self._people.look(channel))
        nameless = self._people.nameless - self._asked
        self._asked |= nameless
        try:
            await asyncio.gather(*(self._name(channel.guild, user_id) for user_id in nameless))
        finally:
            self._asked -= nameless

    async def _name(self, guild: discord.Guild, user_id: int) -> None:
        member = None
        try:
            async with asyncio.timeout(_NAME_TIMEOUT_S):
                member = await guild.fetch_member(user_id)
        except (discord.DiscordException, OSError) as error:
            log.warning("a member in voice could not be fetched", error=type(error).__name__)
        if (change := self._people.named(user_id, member)) is not None:
            self._tell(change)
