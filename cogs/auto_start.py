"""Rooms that start by themselves: where people enter a configured channel, and after a restart."""

import asyncio

import discord
from discord.ext import commands

from bot.domain.stored import SavedRoom
from bot.errors import ParleyError, RestartingError, RoomError
from bot.logs import get_logger
from bot.room.rooms import Rooms
from bot.ui.permissions import Text, Voice, check_start
from bot.ui.room_host import Host, RoomRequest
from bot.words import command, t

log = get_logger(__name__)


class AutoStart(commands.Cog):
    """Hears of people who come and go, and of the bot being ready.

    Args:
        client: The bot.
        rooms: The rooms of this process.
        host: Starts rooms.
    """

    def __init__(self, client: discord.Client, rooms: Rooms, host: Host) -> None:
        self._client = client
        self._rooms = rooms
        self._host = host
        self._saved: dict[int, SavedRoom] = {}  # by guild, of the process before
        self._read_shards: set[int] = set()  # of which they are known
        self._starting: set[int] = set()  # guilds
        self._refused: dict[int, str] = {}  # by voice channel, what was said of it

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """Bring back what ran when its process ended, once, and see who is where, each time.

        The session may have been made anew: who came meanwhile was not announced.
        """
        guilds = [guild for guild in self._client.guilds if guild.shard_id == shard_id]
        if shard_id not in self._read_shards:
            self._read_shards.add(shard_id)
            saved = await self._read(shard_id)
            known = {guild.id for guild in guilds}
            for guild_id in saved.keys() - known:  # the bot was removed meanwhile
                await self._rooms.remembered.drop(guild_id)
            self._saved |= {guild_id: saved[guild_id] for guild_id in saved.keys() & known}
        await asyncio.gather(*(self._survey(guild) for guild in guilds))
        self._rooms.pages.restored()

    @commands.Cog.listener()
    async def on_shard_released(self, shard_id: int) -> None:
        """Read anew what runs in a shard, should this process have it again."""
        self._read_shards.discard(shard_id)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        """See who is where in a server that was out of order."""
        if guild.shard_id in self._read_shards:
            await self._survey(guild)

    async def _read(self, shard_id: int) -> dict[int, SavedRoom]:
        shards = self._client.shard_count or 1
        try:
            saved = await self._rooms.remembered.rooms(shard_id, shards)
        except ParleyError as error:
            log.error("the rooms that were running can't be read", reason=error)  # noqa: TRY400 - its one line says all
            return {}
        return {room.guild_id: room for room in saved}

    async def _survey(self, guild: discord.Guild) -> None:
        if guild.unavailable:
            return
        if (saved := self._saved.pop(guild.id, None)) is not None:
            await self._restore(saved, guild)
        for channel in guild.channels:
            if isinstance(channel, Voice):
                if _people(channel):
                    await self._entered(channel)
                else:
                    self._rooms.emptied(channel.id)

    async def _restore(self, saved: SavedRoom, guild: discord.Guild) -> None:
        if self._rooms.runs(guild.id):
            return  # somebody has started one already
        if not self._rooms.serves(guild.id):  # it was told when the room ended, or never knew me
            log.info("a room does not come back: the server is not served", guild=saved.guild_id)
            await self._rooms.remembered.drop(saved.guild_id)
            return
        voice = guild.get_channel(saved.voice_channel_id)
        alone = isinstance(voice, Voice) and not _people(voice)
        fresh = self._rooms.remembered.fresh(saved)
        if alone or not (fresh or isinstance(voice, Voice)):
            log.info("the room does not come back: nobody is there", guild=saved.guild_id)
            await self._rooms.remembered.drop(saved.guild_id)
            return
        try:
            if not fresh:
                raise RoomError(t("I was offline for too long."))
            await self._host.restore(saved, guild)
        except RestartingError:
            log.info("the room is left to the next process", guild=saved.guild_id)
            return
        except ParleyError as error:
            log.warning("the room is not back", guild=saved.guild_id, code=error.code)
            await self._host.tell(
                guild,
                saved.text_channel_id,
                t(
                    "I was restarted and can't continue translating {channel}.",
                    channel=f"<#{saved.voice_channel_id}>",
                ),
                error.message,
                t("Start again with {command}.", command=command("translate start")),
            )
        else:
            log.info("the room is back", guild=saved.guild_id)
            return
        # Nothing would bring it back later: it would come as a surprise then.
        await self._rooms.remembered.drop(saved.guild_id)

    @commands.Cog.listener()
    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Start a room where the server wants one as soon as somebody is there."""
        if before.channel == after.channel:
            return
        if before.channel is not None and not _people(before.channel):
            self._rooms.emptied(before.channel.id)
        if after.channel is None or member.bot:
            return
        await self._entered(after.channel)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """Keep nothing of a voice channel that is gone."""
        self._refused.pop(channel.id, None)
        self._rooms.emptied(channel.id)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Keep nothing of a server that removed the bot."""
        for channel in guild.channels:
            self._refused.pop(channel.id, None)

    async def _entered(self, voice: Voice) -> None:
        guild = voice.guild
        if (
            self._rooms.runs(guild.id)
            or guild.id in self._starting
            or self._rooms.turned_down(voice.id)
            or not self._rooms.serves(guild.id)  # nobody there asked for anything
        ):
            return
        self._starting.add(guild.id)
        text_id: int | None = None
        try:
            settings = await self._rooms.settings(guild.id)
            text_id = settings.auto_channels.get(voice.id)
            text = None if text_id is None else guild.get_channel_or_thread(text_id)
            if isinstance(text, Text):
                speaks = settings.spoken is not None
                check_start(guild.me, guild.me, voice, text, speaks=speaks)
                await self._host.start(RoomRequest(voice, text), None)
                self._refused.pop(voice.id, None)
        except RestartingError:
            log.info("an automatic start is left to the next process")
        except ParleyError as error:
            log.warning("a room did not start automatically", code=error.code)
            await self._refuse(voice, text_id, error)
        finally:
            self._starting.discard(guild.id)

    async def _refuse(self, voice: Voice, text_id: int | None, error: ParleyError) -> None:
        """Say why no room started, once until it is another reason."""
        if text_id is None or self._refused.get(voice.id) == error.message:
            return
        self._refused[voice.id] = error.message
        await self._host.tell(
            voice.guild,
            text_id,
            t("Translation of {channel} couldn't start automatically.", channel=voice.mention),
            error.message,
        )


def _people(channel: Voice) -> bool:
    """Return whether anybody but bots is there; who is not known counts as a person."""
    members = (channel.guild.get_member(user_id) for user_id in channel.voice_states)
    return any(member is None or not member.bot for member in members)
