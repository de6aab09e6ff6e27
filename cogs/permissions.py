"""What a person and the bot must be allowed to, checked before anything starts."""

import discord

from bot.errors import PermissionMissing

Voice = discord.VoiceChannel | discord.StageChannel
Text = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread

_NAMES = {
    "view_channel": "View Channel",
    "connect": "Connect",
    "speak": "Speak",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
}


def check_start(
    me: discord.Member, person: discord.Member, voice: Voice, text: Text, *, speaks: bool
) -> None:
    """Pass when the bot can hear (and speak) and write, and the person may be there themselves.

    Raises:
        PermissionMissing: Who lacks what, and where.
    """
    writing = "send_messages_in_threads" if isinstance(text, discord.Thread) else "send_messages"
    # Administrators of a stage hear the bot only once it is asked to speak; speaking as such is
    # a permission of voice channels.
    speaking = ("speak",) if speaks and isinstance(voice, discord.VoiceChannel) else ()
    _check(me, voice, ("view_channel", "connect", *speaking), "I")
    _check(me, text, ("view_channel", writing), "I")
    _check(person, voice, ("view_channel", "connect"), "You")
    _check(person, text, ("view_channel", writing), "You")


def _check(
    member: discord.Member,
    channel: Voice | Text,
    needed: tuple[str, ...],
    who: str,
) -> None:
    granted = channel.permissions_for(member)
    missing = tuple(_NAMES[name] for name in needed if not getattr(granted, name))
    if missing:
        raise PermissionMissing(who, missing, channel.name)
