"""Tells rooms when a text channel was lost, or who can read it has changed."""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

import discord
from discord.ext import commands, tasks

from bot.domain.plan import RoomStatus
from bot.errors import NoRoomError
from bot.logs import get_logger
from bot.room.rooms import Rooms
from bot.tasks import TaskOwner

log = get_logger(__name__)

ASK_AGAIN_S: Final = 60.0
"""How long a change of somebody's roles may go unnoticed: Discord tells no bot of it that lacks the
privileged intent for members."""

ASK_READERS_S: Final = 3.0
"""The same for those who read the page: it is to be shut within five seconds."""


class WatchedReaders(Protocol):
    """Knows who can read which text channel."""

    def deleted(self, channel_id: int) -> None:
        """Record that a channel or thread was deleted."""

    def left_voice(self, guild_id: int, user_id: int) -> None:
        """Record that a member is in no voice channel any more."""

    def in_voice(self, member: discord.Member) -> None:
        """Take over what Discord said of a member in a voice channel."""

    async def refresh(self, text_channel_id: int, user_ids: Iterable[int]) -> None:
        """Ask Discord for these members' roles anew, where it matters."""


class TextChannelWatch(commands.Cog):
    """Hears of channels, threads, webhooks, roles and members that change.

    Args:
        rooms: The rooms of this process.
        readers: Knows who can read.
        webhooks_changed: Called with the id of a channel whose webhooks have changed.
        every_s: Seconds after which the roles of those who are heard are asked for anew.
        readers_every_s: Seconds after which those who read the page are asked for anew.
    """

    def __init__(
        self,
        rooms: Rooms,
        readers: WatchedReaders,
        webhooks_changed: Callable[[int], None],
        every_s: float = ASK_AGAIN_S,
        readers_every_s: float = ASK_READERS_S,
    ) -> None:
        self._rooms = rooms
        self._readers = readers
        self._webhooks_changed = webhooks_changed
        self._asking: set[int] = set()  # guilds
        self._asking_readers: set[int] = set()  # likewise
        self._tasks = TaskOwner("text channels")
        self._ask_again.change_interval(seconds=every_s)
        self._ask_readers.change_interval(seconds=readers_every_s)

    async def cog_load(self) -> None:
        """Begin to ask regularly what members can read."""
        self._ask_again.start()
        self._ask_readers.start()

    async def cog_unload(self) -> None:
        """Stop asking."""
        self._ask_again.cancel()
        self._ask_readers.cancel()
        await self._tasks.close()

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """End the room that writes there."""
        self._readers.deleted(channel.id)
        self._rooms.text_channels_changed(channel.guild.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, event: discord.RawThreadDeleteEvent) -> None:
        """End the room that writes there."""
        self._readers.deleted(event.thread_id)
        self._rooms.text_channels_changed(event.guild_id)

    @commands.Cog.listener()
    async def on_guild_channel_update(
        self, _: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """Look who can read."""
        self._rooms.text_channels_changed(after.guild.id)

    @commands.Cog.listener()
    async def on_webhooks_update(self, channel: discord.abc.GuildChannel) -> None:
        """Look whether there is a webhook for captions again, or none any more."""
        self._webhooks_changed(channel.id)

    @commands.Cog.listener()
    async def on_raw_thread_update(self, event: discord.RawThreadUpdateEvent) -> None:
        """Look whether it can be written to."""
        self._rooms.text_channels_changed(event.guild_id)

    @commands.Cog.listener()
    async def on_guild_role_update(self, _: discord.Role, after: discord.Role) -> None:
        """Look who can read."""
        self._rooms.text_channels_changed(after.guild.id)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """Look who can read."""
        self._rooms.text_channels_changed(role.guild.id)

    @commands.Cog.listener()
    async def on_guild_update(self, _: discord.Guild, after: discord.Guild) -> None:
        """Look who can read: it may have another owner."""
        self._rooms.text_channels_changed(after.id)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Look what has changed while it was out of order."""
        self._rooms.text_channels_changed(guild.id)

    @commands.Cog.listener()
    async def on_member_update(self, _: discord.Member, after: discord.Member) -> None:
        """Look what the bot may; of others it is told with the privileged intent alone."""
        self._rooms.text_channels_changed(after.guild.id)

    @commands.Cog.listener()
    async def on_voice_state_update(
        self, member: discord.Member, _: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Keep no roles of who left, unless they read the page."""
        guild_id = member.guild.id
        if after.channel is not None:
            self._readers.in_voice(member)
        elif member.id not in self._rooms.page_readers.reading().get(guild_id, ()):
            self._readers.left_voice(guild_id, member.id)

    @tasks.loop()
    async def _ask_again(self) -> None:
        for status in self._rooms.running():
            guild_id = status.plan.guild_id
            if guild_id not in self._asking:  # else Discord is still being asked
                self._asking.add(guild_id)
                self._tasks.start(self._ask(status), f"ask {guild_id}", guild=guild_id)

    async def _ask(self, status: RoomStatus) -> None:
        guild_id = status.plan.guild_id
        heard = [who.member.id for who in status.speakers if who.consenting]
        try:
            await self._readers.refresh(status.plan.text_channel_id, heard)
            self._rooms.text_channels_changed(guild_id)
        finally:
            self._asking.discard(guild_id)

    @tasks.loop()
    async def _ask_readers(self) -> None:
        for guild_id, users in self._rooms.page_readers.reading().items():
            if guild_id not in self._asking_readers:
                self._asking_readers.add(guild_id)
                self._tasks.start(self._look_again(guild_id, users), f"ask readers {guild_id}")

    async def _look_again(self, guild_id: int, users: frozenset[int]) -> None:
        try:
            await self._rooms.page_readers.look_again(guild_id, users)
        except NoRoomError:
            log.debug("a room ended while its readers were asked for", guild=guild_id)
        finally:
            self._asking_readers.discard(guild_id)
