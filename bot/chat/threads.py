"""A thread for each language under a text channel: found again by owner and name, else started."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Hashable, Sequence
from datetime import datetime
from enum import Enum

import discord
from babel import Locale, UnknownLocaleError

from bot.chat.budget import Budget, Budgets
from bot.chat.faults import (
    FAULTS,
    TOO_MANY_THREADS,
    ChannelGoneError,
    ThreadClosedError,
    UnwritableError,
    chat_error,
)
from bot.chat.refused import Refused, Told
from bot.chat.transport import MessageRef, Posted
from bot.chat.webhook_or_bot import ChannelTransport
from bot.chat.webhooks import CaptionChannel, Webhooks
from bot.domain.events import Member
from bot.errors import MessageGoneError
from bot.logs import get_logger
from bot.words import Text, lines, t

log = get_logger(__name__)

THREADS = "threads"  # the matter of which people are told

_LOOKED_THROUGH = 100  # archived threads
_LOST = 3  # threads in an hour; where another is lost, captions stand above for some time
_LOST_S = 3600.0
_TOLD_S = 30.0  # within which Discord tells that a thread is locked or deleted
_NEVER_S = float("inf")


class Why(Enum):
    """Why a language has no thread though the permissions are there."""

    FORBIDDEN = "forbidden"
    FULL = "full"
    CLOSED = "closed"


def hindrance(channel: CaptionChannel) -> Text | None:
    """Say why a channel can't have a thread per language, for its people; None if it can."""
    if not isinstance(channel, discord.TextChannel):
        return t("This channel can't have threads, so all languages appear together here.")
    allowed = channel.permissions_for(channel.guild.me)
    missing = {
        "Create Public Threads": allowed.create_public_threads,
        "Send Messages in Threads": allowed.send_messages_in_threads,
    }
    for permission, there in missing.items():
        if not there:
            return t(
                "I need the {permission} permission in #{channel} to give each language its "
                "own thread. Until then, all languages appear together here.",
                permission=permission,
                channel=channel.name,
            )
    return None


def thread_name(language: str) -> str:
    """Return a thread's name: its language's code, by which it is found, and own name."""
    try:
        own = Locale.parse(language.replace("-", "_")).display_name
    except (UnknownLocaleError, ValueError):
        own = None
    return f"{language.upper()} · {own}" if own else f"{language.upper()} ·"


class LanguageThread:
    """Implements CaptionTransport for one language: its thread is opened by the first caption.

    One that was deleted, or closed for us, is started anew. Where there can be none for now,
    captions stand in the channel above with the language's code in front, and the first such Posted
    says so; there can be one again once the cause may be gone (`refused.py`). A message is changed
    where it stands, wherever new ones go meanwhile.

    Args:
        channel: The channel that holds the thread.
        language: The thread's language.
        webhooks: The webhooks of all channels.
        own: The budgets of the bot's own messages, by channel and thread.
        told: What the channel's people know already.
    """

    def __init__(
        self,
        channel: discord.TextChannel,
        language: str,
        webhooks: Webhooks,
        own: Budgets,
        told: Told | None = None,
    ) -> None:
        self._channel = channel
        self._language = language
        self._webhooks = webhooks
        self._clock = webhooks.clock
        self._own = own
        self._told = told or Told()
        self._above = ChannelTransport(channel, webhooks, own, self._told)
        self._place: ChannelTransport | None = None
        self._places: dict[int, ChannelTransport] = {}  # all that were used, by channel
        self._refused = Refused(self._clock)
        self._why = Why.CLOSED
        self._shut: dict[int, float] = {}  # threads that did not serve, and until when
        self._lost: deque[float] = deque(maxlen=_LOST)  # when threads were
        self._opening = asyncio.Lock()

    # Finding the thread

    async def _open(self) -> ChannelTransport | None:
        """Return the language's thread; None where there can be none for now."""
        async with self._opening:
            if self._place is not None:
                return self._place
            if self._refused.holds(self._under()) or hindrance(self._channel) is not None:
                return None
            try:
                thread = await self._find() or await self._start()
            except FAULTS as error:
                meaning = chat_error(error)
                if meaning.retryable or isinstance(meaning, ChannelGoneError):
                    raise meaning from error
                full = isinstance(error, discord.HTTPException) and error.code == TOO_MANY_THREADS
                self._refuse(Why.FULL if full else Why.FORBIDDEN)
                return None
            self._place = self._at(thread)
            return self._place

    def _refuse(self, why: Why) -> None:
        log.info("no thread available, captions go to the channel", why=why.value)
        self._why = why
        self._refused.note(self._under())

    def _under(self) -> Hashable:
        """Return the circumstances: once they are others, there may be a thread."""
        allowed = self._channel.permissions_for(self._channel.guild.me).value
        match self._why:
            case Why.FORBIDDEN:
                mine = frozenset(one.id for one in self._channel.threads if self._is_ours(one))
                return allowed, mine
            case Why.FULL:
                return allowed, len(self._channel.guild.threads)
            case Why.CLOSED:
                return None

    def _at(self, place: discord.TextChannel | discord.Thread) -> ChannelTransport:
        if place.id == self._channel.id:
            return self._above
        if place.id not in self._places:
            self._places[place.id] = ChannelTransport(place, self._webhooks, self._own, self._told)
        return self._places[place.id]

    async def _find(self) -> discord.Thread | None:
        mine = [thread for thread in self._channel.threads if self._is_ours(thread)]
        if mine:
            return mine[0]
        if not self._channel.permissions_for(self._channel.guild.me).read_message_history:
            return None
        try:
            async for thread in self._channel.archived_threads(limit=_LOOKED_THROUGH):
                if self._is_ours(thread):
                    return await thread.edit(archived=False)
        except discord.Forbidden:
            log.info("an archived thread could not be used")
        return None

    def _is_ours(self, thread: discord.Thread) -> bool:
        head = f"{self._language.upper()} ·"
        own = thread.owner_id == self._channel.guild.me.id
        # Discord refuses messages to a closed thread before it tells that it was closed.
        serves = not thread.locked and self._shut.get(thread.id, 0.0) <= self._clock.now()
        return own and serves and (thread.name + " ").startswith(f"{head} ")

    async def _start(self) -> discord.Thread:
        news = self._channel.is_news()
        return await self._channel.create_thread(
            name=thread_name(self._language)[:100],
            type=discord.ChannelType.news_thread if news else discord.ChannelType.public_thread,
            reason="Captions in one language",
        )

    def _leave(self, place: ChannelTransport, error: UnwritableError) -> None:
        """Stop using a thread that does not serve any more."""
        if self._place is not place:
            return
        self._place = None
        if not isinstance(error, ChannelGoneError | ThreadClosedError):
            self._refuse(Why.FORBIDDEN)  # as it would be in another thread
            return
        log.info("thread lost", code=error.code)
        now = self._clock.now()
        gone = isinstance(error, ChannelGoneError)
        self._shut[place.channel_id] = now + (_NEVER_S if gone else _TOLD_S)
        if len(self._lost) == _LOST and self._lost[0] > now - _LOST_S:
            self._refuse(Why.CLOSED)  # they are not wanted here
        self._lost.append(now)

    def _gone(self) -> bool:
        return self._channel.guild.get_channel(self._channel.id) is None

    # Messages

    def own_budget(self) -> Budget | None:
        """Return what own messages draw on; None where there may be none, or is no thread."""
        if self._place is not None:
            return self._place.own_budget()
        return self._above.own_budget() if self._refused.holds(self._under()) else None

    async def post(self, speaker: Member | None, content: str, *, own: bool = False) -> Posted:
        """Post under a speaker's name and picture, or (None, or `own`) under the bot's own."""
        for _ in range(2):
            place = await self._open()
            if place is None:
                break
            try:
                posted = await place.post(speaker, content, own=own)
            except UnwritableError as error:
                if self._gone():
                    raise
                self._leave(place, error)
            else:
                self._told.over(THREADS, self._language)
                return posted
        else:
            self._refuse(Why.CLOSED)  # two threads in a row
        reason = hindrance(self._channel) or self._reason()
        posted = await self._above.post(speaker, self._shown(self._above, content), own=own)
        news = [reason] if self._told.once(THREADS, reason, self._language) else []
        if posted.notice is not None:
            news.append(posted.notice)
        return Posted(posted.ref, lines(news) if news else None)

    def _reason(self) -> str:
        match self._why:
            case Why.FULL:
                return t(
                    "This server has as many active threads as Discord allows, so all "
                    "languages appear together here. Close one that isn't needed."
                )
            case Why.FORBIDDEN:
                return t(
                    "Discord doesn't let me use threads in #{channel}, so all languages "
                    "appear together here.",
                    channel=self._channel.name,
                )
            case Why.CLOSED:
                return t(
                    "The threads for captions were closed, so all languages appear together here."
                )

    def _shown(self, place: ChannelTransport, content: str) -> str:
        return f"`{self._language.upper()}` {content}" if place is self._above else content

    def _of(self, ref: MessageRef | None = None) -> ChannelTransport:
        """Return where a message stands, or where the last one was to be posted."""
        known = None if ref is None else self._places.get(ref.channel_id)
        if known is not None:
            return known
        if ref is not None and ref.channel_id == self._channel.id:
            return self._above
        return self._place or self._above

    async def find(self, speaker: Member | None, content: str) -> MessageRef | None:
        """Return our newest message that reads so, if any."""
        place = self._of()
        return await place.find(speaker, self._shown(place, content))

    async def edit(self, ref: MessageRef, speaker: Member | None, content: str) -> None:
        """Replace the content of a message; one that can't be reached is to be posted anew."""
        place = self._of(ref)
        try:
            await place.edit(ref, speaker, self._shown(place, content))
        except ChannelGoneError as error:
            if self._gone():
                raise
            self._leave(place, error)
            raise MessageGoneError(removed=False) from error

    async def delete(self, ref: MessageRef) -> None:
        """Remove a message; one that is gone already is no error."""
        place = self._of(ref)
        try:
            await place.delete(ref)
        except ChannelGoneError as error:
            if self._gone():
                raise
            self._leave(place, error)
            raise MessageGoneError(removed=False) from error

    async def delete_all(self, refs: Sequence[MessageRef]) -> bool:
        """Remove up to a hundred messages at once; False where that may not be done."""
        return await self._of(refs[0]).delete_all(refs)

    async def history(self) -> AsyncIterator[tuple[MessageRef, datetime]]:
        """Yield captions that stand already, and since when, where there is a thread."""
        try:
            thread = await self._find()
        except FAULTS as error:
            raise chat_error(error) from error
        if thread is not None:
            async for found in self._at(thread).history():
                yield found
