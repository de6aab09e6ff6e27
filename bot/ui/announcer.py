"""Posts what people must read of a room: its notice, the word to newcomers, why it ended."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, TypeGuard

import aiohttp
import discord

from bot.chat.faults import FAULTS, chat_error
from bot.domain.notices import Announcement, Notice
from bot.domain.plan import RoomPlan
from bot.domain.spent import NOBODY
from bot.domain.stored import ConsentMode, GuildSettings
from bot.domain.stores import SettingsStore
from bot.errors import ChatError, StoreError
from bot.logs import get_logger
from bot.ui import consent_notice
from bot.ui.answers import guild_locale
from bot.ui.permissions import Text, Voice
from bot.words import lines, render, t

log = get_logger(__name__)

_POST_S: Final = 45.0  # discord.py tries for up to half a minute while Discord fails

RemoveLater = Callable[[Text, int, float], None]
"""Removes a message of the bot's own, by channel and id, after some minutes."""


class Announcer:
    """Implements Notices in Discord.

    What names people is removed as late as captions are: the word to newcomers after it was posted,
    the notice after the room has ended, as it must be readable until then.

    Args:
        client: Finds channels and people.
        service: Who hears the speech.
        settings: Say what is kept, and in which language to speak.
        remove_later: Removes messages.
    """

    def __init__(
        self,
        client: discord.Client,
        service: str,
        settings: SettingsStore,
        remove_later: RemoveLater,
    ) -> None:
        self._client = client
        self._service = service
        self._settings = settings
        self._remove_later = remove_later
        self._posted: defaultdict[int, list[tuple[Text, int]]] = defaultdict(list)  # by guild
        self._minutes: dict[int, float] = {}  # by guild, for which captions stay

    async def post(self, notice_: Notice) -> None:
        """Post a notice with its buttons in the room's text channel.

        Raises:
            ChatError: It could not be posted.
        """
        channel = self._text(notice_.plan.text_channel_id)
        settings = await self._settings_of(channel.guild)
        locale = notice_.plan.locale
        words = consent_notice.text(
            notice_, self._service, channel.guild.name, settings=settings, locale=locale
        )
        message_id = await self._send(channel, words, locale)
        self._posted[channel.guild.id].append((channel, message_id))
        self._minutes[channel.guild.id] = settings.caption_minutes

    async def announce(self, text_channel_id: int, announcement: Announcement) -> frozenset[int]:
        """Tell newcomers; returns the people whom it named.

        Raises:
            ChatError: It could not be posted.
        """
        channel = self._text(text_channel_id)
        heard = await _people(channel.guild, announcement.heard)
        others = await _people(channel.guild, announcement.others)
        if not heard and not others:
            return frozenset()
        settings = await self._settings_of(channel.guild)
        locale = settings.locale or guild_locale(channel.guild)
        named = replace(announcement, heard=tuple(heard), others=tuple(others))
        words = consent_notice.announced(named, self._service, settings=settings, locale=locale)
        # People who are heard unless they say no have to notice this message, so it mentions them.
        pinged = others if named.mode is ConsentMode.ANNOUNCED else []
        message_id = await self._send(channel, words, locale, pinged)
        if settings.caption_minutes:
            self._remove_later(channel, message_id, settings.caption_minutes)
        return frozenset([*heard, *others])

    def over(self, guild_id: int) -> None:
        """Remove a room's notices in time; it has ended."""
        minutes = self._minutes.pop(guild_id, 0)
        for channel, message_id in self._posted.pop(guild_id, ()):
            if minutes:
                self._remove_later(channel, message_id, minutes)

    async def farewell(self, plan: RoomPlan, starter_id: int, reason: str) -> None:
        """Say why a room ended: in the voice channel's chat, else to who started it."""
        said = lines(
            (
                reason,
                t(
                    "{channel} is no longer being translated.",
                    channel=f"<#{plan.voice_channel_id}>",
                ),
            )
        )
        words = render(said, plan.locale)
        guild = self._client.get_guild(plan.guild_id)
        voice = None if guild is None else guild.get_channel(plan.voice_channel_id)
        try:
            if _writable(voice, plan.text_channel_id):
                await voice.send(words, allowed_mentions=discord.AllowedMentions.none())
                return
            if starter_id != NOBODY:
                starter = await self._client.fetch_user(starter_id)
                await starter.send(words)
                return
        except FAULTS as error:
            log.warning("could not say why a room ended", error=type(error).__name__)
        else:
            log.warning("nobody could be told why a room ended")

    def _text(self, channel_id: int) -> Text:
        channel = self._client.get_channel(channel_id)
        if not isinstance(channel, Text):
            raise ChatError(t("The text channel no longer exists."))
        return channel

    async def _settings_of(self, guild: discord.Guild) -> GuildSettings:
        try:
            return await self._settings.settings(guild.id)
        except StoreError as error:
            raise ChatError(error.message, retryable=True) from error

    async def _send(
        self, channel: Text, words: str, locale: str, pinged: Iterable[int] = ()
    ) -> int:
        try:
            async with asyncio.timeout(_POST_S):
                message = await channel.send(
                    words,
                    view=consent_notice.consent_buttons(locale),
                    allowed_mentions=discord.AllowedMentions(
                        everyone=False, roles=False, users=[discord.Object(i) for i in pinged]
                    ),
                )
        except FAULTS as error:
            raise chat_error(error) from error
        return message.id


def _writable(channel: object, lost_id: int) -> TypeGuard[Voice]:
    """Return whether a voice channel's chat can be written to, and is not the lost channel."""
    if not isinstance(channel, Voice) or channel.id == lost_id:
        return False
    allowed = channel.permissions_for(channel.guild.me)
    return allowed.view_channel and allowed.send_messages


async def _people(guild: discord.Guild, user_ids: Iterable[int]) -> list[int]:
    """Return those of them who are people; of whom nobody can say it, is left out."""
    found = []
    for user_id in user_ids:
        try:
            member = guild.get_member(user_id) or await guild.fetch_member(user_id)
        except (discord.DiscordException, aiohttp.ClientError, OSError):
            continue
        if not member.bot:
            found.append(user_id)
    return found
