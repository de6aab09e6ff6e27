"""A thread for each language under a text channel: found again by owner and name, else started."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import discord
from babel import Locale, UnknownLocaleError

from bot.chat.budget import Budget, Budgets
from bot.chat.channel import ChannelTransport
from bot.chat.faults import FAULTS, ChannelGoneError, chat_error
from bot.chat.transport import MessageRef, Posted
from bot.chat.webhooks import CaptionChannel, Webhooks
from bot.room.events import Member
from bot.words import Text, t

log = logging.getLogger(__name__)

_LOOKED_THROUGH = 100  # archived threads


def hindrance(channel: CaptionChannel) -> Text | None:
    """Why a channel can't have a thread per language, for its people; None if it can."""
    if not isinstance(channel, discord.TextChannel):
        return t("This channel can't hold threads, so all languages stand together here.")
    allowed = channel.permissions_for(channel.guild.me)
    missing = {
        "Create Public Threads": allowed.create_public_threads,
        "Send Messages in Threads": allowed.send_messages_in_threads,
    }
    for permission, there in missing.items():
        if not there:
            return t(
                "I need the permission {permission} in #{channel} to give each language its "
                "thread; so all languages stand together here.",
                permission=permission,
                channel=channel.name,
            )
    return None


def thread_name(language: str) -> str:
    """What a language's thread is called: its code, by which it is found, and its own name."""
    try:
        own = Locale.parse(language.replace("-", "_")).display_name
    except (UnknownLocaleError, ValueError):
        own = None
    return f"{language.upper()} · {own}" if own else f"{language.upper()} ·"


class LanguageThread:
    """Implements CaptionTransport for one language: its thread is opened by the first caption.

    One that was deleted is started anew. Where there can be none after all, captions stand in the
    channel above with the language's code in front, and the first such Posted says so.

    Args:
        channel: Which holds the thread.
        language: Which.
        webhooks: Of all channels.
        own: The budgets of the bot's own messages, by channel and thread.
    """

    def __init__(
        self, channel: discord.TextChannel, language: str, webhooks: Webhooks, own: Budgets
    ) -> None:
        self._channel = channel
        self._language = language
        self._webhooks = webhooks
        self._own = own
        self._place: ChannelTransport | None = None
        self._fallback = False
        self._opening = asyncio.Lock()

    async def _open(self) -> ChannelTransport:
        async with self._opening:
            if self._place is None:
                thread = await self._find() or await self._start()
                self._place = self._at(thread)
            return self._place

    def _at(self, place: discord.TextChannel | discord.Thread) -> ChannelTransport:
        return ChannelTransport(place, self._webhooks, self._own)

    async def _find(self) -> discord.Thread | None:
        mine = [thread for thread in self._channel.threads if self._is_ours(thread)]
        if mine:
            return mine[0]
        if not self._channel.permissions_for(self._channel.guild.me).read_message_history:
            return None
        async for thread in self._channel.archived_threads(limit=_LOOKED_THROUGH):
            if self._is_ours(thread):
                return await thread.edit(archived=False)
        return None

    def _is_ours(self, thread: discord.Thread) -> bool:
        head = f"{self._language.upper()} ·"
        own = thread.owner_id == self._channel.guild.me.id
        return own and not thread.locked and (thread.name + " ").startswith(f"{head} ")

    async def _start(self) -> discord.Thread:
        return await self._channel.create_thread(
            name=thread_name(self._language)[:100],
            type=discord.ChannelType.public_thread,
            reason="Captions in one language",
        )

    async def _ready(self) -> tuple[ChannelTransport, Text | None]:
        notice = None
        if not self._fallback:
            try:
                return await self._open(), None
            except discord.Forbidden:
                notice = hindrance(self._channel) or t(
                    "Discord does not let me use threads in #{channel}, so all languages stand "
                    "together here.",
                    channel=self._channel.name,
                )
            except FAULTS as error:
                raise chat_error(error) from error
            log.info("no thread to be had, captions stand in the channel")
            self._fallback = True
        if self._place is None:
            self._place = self._at(self._channel)
        return self._place, notice

    def _shown(self, content: str) -> str:
        return f"`{self._language.upper()}` {content}" if self._fallback else content

    def own_budget(self) -> Budget | None:
        """What the bot's own messages draw on; None where it may not post any, or has no thread."""
        return None if self._place is None else self._place.own_budget()

    async def post(self, speaker: Member | None, content: str, *, own: bool = False) -> Posted:
        """Post under a speaker's name and picture, or (None, or `own`) under the bot's own."""
        for attempt in range(2):
            place, notice = await self._ready()
            try:
                posted = await place.post(speaker, self._shown(content), own=own)
            except ChannelGoneError:
                if attempt or self._fallback or self._gone():
                    raise
                log.info("thread gone, starting another")
                self._place = None
            else:
                return Posted(posted.ref, notice or posted.notice)
        raise AssertionError("the second try returns or raises")

    def _gone(self) -> bool:
        return self._channel.guild.get_channel(self._channel.id) is None

    async def find(self, speaker: Member | None, content: str) -> MessageRef | None:
        """The newest message of ours that reads so, if any."""
        place, _ = await self._ready()
        return await place.find(speaker, self._shown(content))

    async def edit(self, ref: MessageRef, speaker: Member | None, content: str) -> None:
        """Replace the content of a message."""
        place, _ = await self._ready()
        await place.edit(ref, speaker, self._shown(content))

    async def delete(self, ref: MessageRef) -> None:
        """Remove a message; one that is gone already is no error."""
        place, _ = await self._ready()
        await place.delete(ref)

    async def delete_all(self, refs: Sequence[MessageRef]) -> bool:
        """Remove up to a hundred messages at once; False where that may not be done."""
        place, _ = await self._ready()
        return await place.delete_all(refs)

    async def history(self) -> AsyncIterator[tuple[MessageRef, datetime]]:
        """Captions that stand already, and since when, where there is a thread."""
        try:
            thread = await self._find()
        except FAULTS as error:
            raise chat_error(error) from error
        if thread is not None:
            place = self._place or self._at(thread)
            async for found in place.history():
                yield found
