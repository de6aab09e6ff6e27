"""Tells who can read a text channel, and whether captions can be posted there.

Answers come from what discord.py keeps up to date. Without the privileged intent for members it
does not learn when a member's roles change, so these are requested again from time to time where
they matter: of those who are heard, and of those who read the page.
"""

from collections.abc import Callable, Iterable

import discord

from bot.chat.faults import FAULTS
from bot.chat.member_lookup import MemberLookup
from bot.chat.webhooks import CaptionChannel
from bot.clock import Clock
from bot.domain.notices import Sight
from bot.logs import get_logger
from bot.words import Text, t

log = get_logger(__name__)


class Readers:
    """Implements TextChannels.

    Args:
        get_guild: Finds a guild by id, as discord.py's client does.
        clock: Tells the time and calls back.
    """

    def __init__(self, get_guild: Callable[[int], discord.Guild | None], clock: Clock) -> None:
        self._get_guild = get_guild
        self._used: dict[int, CaptionChannel] = {}  # by channel id, one for each guild
        self._gone: set[int] = set()  # ids of those that were deleted
        self._members = MemberLookup(clock)

    def use(self, channel: CaptionChannel) -> None:
        """Record that a guild's room posts to this channel from now on."""
        self.forget(channel.guild.id)
        self._used[channel.id] = channel

    def deleted(self, channel_id: int) -> None:
        """Record that a channel or thread was deleted."""
        if channel_id in self._used:
            self._gone.add(channel_id)

    def forget(self, guild_id: int) -> None:
        """Forget a guild that the bot has left."""
        for channel in [used for used in self._used.values() if used.guild.id == guild_id]:
            del self._used[channel.id]
            self._gone.discard(channel.id)
        self._members.forget(guild_id)

    def sight(self, text_channel_id: int, user_id: int) -> Sight:
        """Return what this member sees of a text channel; NOTHING also where that is not known."""
        channel = self._find(text_channel_id)
        if channel is None:
            return Sight.NOTHING
        guild = channel.guild
        member = self._members.member(guild, user_id)
        if member is None:
            hidden = self._members.absent(guild, user_id) or _depends_on_roles(channel)
            return Sight.NOTHING if hidden else Sight.EVERYTHING
        allowed = channel.permissions_for(member)
        if isinstance(channel, discord.Thread) and channel.is_private():
            # Who was added to a private thread is not known without a privileged intent.
            return Sight.EVERYTHING if allowed.manage_threads else Sight.NOTHING
        if not allowed.view_channel:
            return Sight.NOTHING
        return Sight.EVERYTHING if allowed.read_message_history else Sight.NEW_MESSAGES

    def refusal(self, text_channel_id: int) -> Text | None:
        """Return why captions can't be written there any more, as a sentence; None if they can."""
        channel = self._find(text_channel_id)
        if channel is None:
            return t("The text channel for the captions was deleted.")
        allowed = channel.permissions_for(channel.guild.me)
        if not allowed.view_channel:
            return t(
                "I can no longer see {channel}, where captions appear.", channel=channel.mention
            )
        if isinstance(channel, discord.Thread):
            if channel.locked and not allowed.manage_threads:
                return t("{channel}, where captions appear, was locked.", channel=channel.mention)
            writes = allowed.send_messages_in_threads
        else:
            writes = allowed.send_messages
        if not writes and not allowed.manage_webhooks:
            return t("I can no longer post in {channel}.", channel=channel.mention)
        return None

    async def refresh(self, text_channel_id: int, user_ids: Iterable[int]) -> None:
        """Request these members' roles again, if seeing this channel depends on roles."""
        channel = self._find(text_channel_id)
        if channel is None or not _depends_on_roles(channel):
            return
        guild = channel.guild
        for user_id in user_ids:
            try:
                self._members.put(guild.id, user_id, await guild.fetch_member(user_id))
            except discord.NotFound:
                self._members.forget(guild.id, user_id)
            except FAULTS as error:
                log.info("a member's roles could not be asked for", error=type(error).__name__)

    async def ask(self, text_channel_id: int, user_ids: Iterable[int]) -> bool:
        """Ask Discord anew who these are in the server; return whether that is known now."""
        channel = self._find(text_channel_id)
        return channel is None or await self._members.ask(channel.guild, user_ids)

    def in_voice(self, member: discord.Member) -> None:
        """Take over what Discord said of a member in a voice channel."""
        self._members.note(member)

    def left_voice(self, guild_id: int, user_id: int) -> None:
        """Forget a member who left; discord.py will know their roles when they come back."""
        self._members.forget(guild_id, user_id)

    def _find(self, channel_id: int) -> CaptionChannel | None:
        """Return the channel as it is now, or as it last was while Discord does not say."""
        used = self._used.get(channel_id)
        if used is None or channel_id in self._gone:
            return None
        guild = self._get_guild(used.guild.id)
        if guild is None or guild.unavailable:
            return used
        found = guild.get_channel_or_thread(channel_id)
        if isinstance(found, CaptionChannel):
            return found
        return used if isinstance(used, discord.Thread) else None


def _depends_on_roles(channel: CaptionChannel) -> bool:
    """Return whether some members can read a channel and others can't."""
    at = channel.parent if isinstance(channel, discord.Thread) else channel
    if at is None or not at.permissions_for(at.guild.default_role).view_channel:
        return True
    return any(
        allowed.view_channel is False or allowed.read_message_history is False
        for allowed in at.overwrites.values()
    )
