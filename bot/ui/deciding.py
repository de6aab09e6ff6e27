"""Who decides for everybody in a call: stops, pauses and moves it, or changes its languages.

Whoever started it does, who may manage the server or move members there, and the roles that the
server chose. While none of them is in the voice channel, whoever is there decides: a call can
always be stopped by those in it. To be heard no longer oneself is no decision for others.
"""

from collections.abc import Iterator
from typing import Final

import discord

from bot.domain.stored import GuildSettings
from bot.errors import StarterError
from bot.room.rooms import Rooms
from bot.ui.permissions import Voice, check_starter, is_in, may_view
from bot.words import Text, command, lines, listing, t

_MOST_NAMED: Final = 3
_NO_ROLES: Final = GuildSettings()


def decides_anyway(rooms: Rooms, person: discord.Member) -> bool:
    """Return whether this person decides whatever the server's settings are.

    Raises:
        NoRoomError: There is no call.
    """
    guild_id = person.guild.id
    return _decides(person, rooms.where(guild_id), rooms.starter(guild_id), _NO_ROLES)


async def check_decides(rooms: Rooms, person: discord.Member, *, less: bool) -> None:
    """Pass when this person may decide for everybody in the server's call, also one that starts.

    Args:
        rooms: The rooms.
        person: The member who wants to decide.
        less: Less is heard by it, as by a stop: with nobody there who decides, being there is
            enough, whoever may start rooms.

    Raises:
        NoRoomError: There is no call.
        StarterError: Others decide; it names them and, where `less` is wanted, says how to be no
            longer heard oneself.
    """
    guild = person.guild
    if decides_anyway(rooms, person):
        return
    settings = await rooms.settings(guild.id)
    where, starter_id = rooms.where(guild.id), rooms.starter(guild.id)
    if _decides(person, where, starter_id, settings):
        return
    there = is_in(person, where)
    present = list(_present(guild, where))
    deciding = [who for who in present if _decides(who, where, starter_id, settings)]
    if deciding:
        said = [_ask(person, where, starter_id, deciding)]
        if less and there and not rooms.stays_out(guild.id, person.id):
            said.append(_oneself())
        raise StarterError(lines(said))
    if not less:
        check_starter(person, settings)
    if not there and present:
        raise StarterError(
            t("Join {channel} first: those who are in it decide.", channel=f"<#{where}>")
        )


def _decides(
    person: discord.Member | int, where: int, starter_id: int, settings: GuildSettings
) -> bool:
    if isinstance(person, int):  # somebody of whom nothing else is known
        return person == starter_id
    if person.id == starter_id or person.guild_permissions.manage_guild:
        return True
    channel = person.guild.get_channel(where)
    if channel is not None and channel.permissions_for(person).move_members:
        return True  # they could put the bot out
    return any(role.id in settings.starter_roles for role in person.roles)


def _present(guild: discord.Guild, where: int) -> Iterator[discord.Member | int]:
    """Yield the people in a voice channel; only the id of who is not cached."""
    channel = guild.get_channel(where)
    if not isinstance(channel, Voice):
        return
    for user_id in channel.voice_states:
        member = guild.get_member(user_id)
        if member is None:
            yield user_id
        elif not member.bot:
            yield member


def _ask(
    person: discord.Member, where: int, starter_id: int, deciding: list[discord.Member | int]
) -> Text:
    ids = [who if isinstance(who, int) else who.id for who in deciding]
    if not may_view(person, where):  # who is in it is nobody else's business
        return t("That would change the call for everyone. Ask someone who is in it.")
    if starter_id in ids:
        return t(
            "That would change the call for everyone. Ask {person}, who started it.",
            person=f"<@{starter_id}>",
        )
    return t(
        "That would change the call for everyone. Ask someone who can: {people}.",
        people=listing(f"<@{user_id}>" for user_id in ids[:_MOST_NAMED]),
    )


def _oneself() -> Text:
    return t(
        "If you just don't want to be heard yourself, press Stay out or use {leave}. It takes "
        "effect at once.",
        leave=command("privacy leave"),
    )
