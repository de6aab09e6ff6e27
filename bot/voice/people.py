"""Who is in the voice channel, without a privileged intent.

Without the members intent discord.py knows a member of a voice channel only if the gateway sent the
member along with the voice state. The few others are asked for one by one.
"""

import logging
from typing import NamedTuple

import discord

from bot.room.events import Member

log = logging.getLogger(__name__)

VoiceChannel = discord.VoiceChannel | discord.StageChannel


class Change(NamedTuple):
    """Who came into and who left the channel, bots left out."""

    joined: tuple[Member, ...]
    left: tuple[int, ...]


def as_member(member: discord.Member) -> Member:
    """A Discord member as the room sees them."""
    return Member(member.id, member.display_name, member.display_avatar.url)


class People:
    """The members of one voice channel.

    Args:
        own_id: Of the bot itself, which is left out.
    """

    def __init__(self, own_id: int) -> None:
        self._own_id = own_id
        self._members: dict[int, Member] = {}
        self._bots: set[int] = set()

    @property
    def alone(self) -> bool:
        """Whether nobody is there, not even a bot."""
        return not self._members and not self._bots

    def members(self) -> tuple[Member, ...]:
        """Who is in the channel, bots left out."""
        return tuple(self._members.values())

    def ids(self) -> frozenset[int]:
        """Everybody who may be heard in the channel, bots included."""
        return frozenset(self._members) | self._bots

    def moved(self, member: discord.Member, *, inside: bool) -> Change:
        """A voice state came: this member is in the channel, or is not."""
        if member.id == self._own_id:
            return Change((), ())
        if member.bot:
            (self._bots.add if inside else self._bots.discard)(member.id)
            return Change((), ())
        known = member.id in self._members
        if inside:
            person = self._members[member.id] = as_member(member)
            return Change(() if known else (person,), ())
        self._members.pop(member.id, None)
        return Change((), (member.id,) if known else ())

    async def survey(self, channel: VoiceChannel) -> Change:
        """Look at the channel anew, as after a move; asks Discord for unknown members."""
        before = dict(self._members)
        members: dict[int, Member] = {}
        bots: set[int] = set()
        for user_id in tuple(channel.voice_states):
            if user_id == self._own_id:
                continue
            member = channel.guild.get_member(user_id) or await _fetch(channel.guild, user_id)
            if user_id not in channel.voice_states:
                continue  # left while Discord was asked
            if member is None:
                members[user_id] = Member(user_id, f"Member {user_id % 10_000:04d}")
            elif member.bot:
                bots.add(user_id)
            else:
                members[user_id] = as_member(member)
        self._members, self._bots = members, bots
        return Change(
            tuple(person for user_id, person in members.items() if user_id not in before),
            tuple(user_id for user_id in before if user_id not in members),
        )


async def _fetch(guild: discord.Guild, user_id: int) -> discord.Member | None:
    try:
        return await guild.fetch_member(user_id)
    except discord.HTTPException as error:
        log.warning("a member in voice could not be fetched: status=%d", error.status)
        return None
