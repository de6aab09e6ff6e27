"""Parley's webhook in a channel: found again by its maker and name, else made."""

import asyncio
import logging
from collections import OrderedDict
from typing import TypeVar

import discord

from bot.chat.faults import FAULTS, chat_error
from bot.clock import Clock, Timer
from bot.errors import ChatError
from bot.tasks import TaskOwner
from bot.words import t

log = logging.getLogger(__name__)

K = TypeVar("K")
V = TypeVar("V")

CaptionChannel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
WebhookChannel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel

NAME = "Parley"
_KEPT = 1000  # channels
_TOO_MANY_WEBHOOKS = 30007
_PATIENCE_S = 5.0  # for which captions wait for a search; it may go on behind them
_LONGEST_S = 60.0  # of a search; discord.py tries again for half a minute when Discord fails


class WebhookUnavailableError(ChatError):
    """There is no webhook to be had; the message says why, for the channel's people.

    Args:
        lasting: Asking again would only be refused again; otherwise asking costs no request.
    """

    code = "webhook"

    def __init__(self, message: str, *, lasting: bool = True) -> None:
        super().__init__(message)
        self.lasting = lasting


class WebhookPendingError(WebhookUnavailableError):
    """Discord has not answered yet, or failed; there may be a webhook the next time."""

    def __init__(self) -> None:
        super().__init__(
            t(
                "Discord does not give me a webhook for this channel just now, so captions come "
                "under my own name, with the speaker's in front."
            ),
            lasting=False,
        )


class _Search:
    """One search for a channel's webhook, which several may wait for.

    Args:
        clock: The time.
        patience_s: For how long anybody does; 0: nobody.
    """

    def __init__(self, clock: Clock, patience_s: float) -> None:
        self._found: discord.Webhook | ChatError = WebhookPendingError()
        self._ready = asyncio.Event()
        self._timer: Timer | None = None
        if patience_s:
            self._timer = clock.call_at(clock.now() + patience_s, self._ready.set)
        else:
            self._ready.set()

    def end(self, found: discord.Webhook | ChatError) -> None:
        """This came of it."""
        self._found = found
        self._ready.set()
        if self._timer is not None:
            self._timer.cancel()

    async def result(self) -> discord.Webhook:
        """What came of it, as far as that is worth the wait.

        Raises:
            ChatError: Nothing.
        """
        await self._ready.wait()
        if isinstance(self._found, ChatError):
            raise self._found
        return self._found


class Webhooks:
    """The webhooks of all channels, each looked up once per process.

    Channels do not wait for each other: each has a search of its own, which goes on to its end
    whoever waits for it, and of which one that is known knows nothing. To be made on the running
    event loop.

    Args:
        user_id: The bot's own, by which its webhooks are known.
        clock: The time.
    """

    def __init__(self, user_id: int, clock: Clock) -> None:
        self._user_id = user_id
        self._clock = clock
        self._known: OrderedDict[int, discord.Webhook] = OrderedDict()
        self._searches: dict[int, _Search] = {}  # two at once would make two webhooks
        self._failed: OrderedDict[int, None] = OrderedDict()  # channels whose last search did
        self._tasks = TaskOwner("webhooks")

    async def of(self, channel: CaptionChannel) -> discord.Webhook:
        """The channel's webhook, or for a thread its parent's.

        Where it is not known and Discord takes longer than five seconds, or failed the last time,
        it is searched for behind whoever asks.

        Raises:
            WebhookUnavailableError: The permission is missing, the channel has too many, or Discord
                does not answer.
            ChatError: The channel is gone.
        """
        at = home(channel)
        if (known := self._known.get(at.id)) is not None:
            self._known.move_to_end(at.id)
            return known
        search = self._searches.get(at.id) or self._begin(at)
        return await search.result()

    def _begin(self, at: WebhookChannel) -> _Search:
        if not at.permissions_for(at.guild.me).manage_webhooks:
            raise WebhookUnavailableError(
                t(
                    "I lack the permission Manage Webhooks in this channel, so captions come under "
                    "my own name, with the speaker's in front."
                ),
                lasting=False,
            )
        search = _Search(self._clock, 0.0 if at.id in self._failed else _PATIENCE_S)
        self._searches[at.id] = search
        self._tasks.start(self._search(at, search), f"search {at.id}")
        return search

    async def _search(self, at: WebhookChannel, search: _Search) -> None:
        found: discord.Webhook | ChatError = WebhookPendingError()
        try:
            async with asyncio.timeout(_LONGEST_S):
                found = await self._find_or_make(at)
        except TimeoutError:
            log.warning("a search for a webhook took too long")
        except ChatError as error:
            log.info("no webhook: %s", error.code)
            if not error.retryable:
                found = error
        finally:
            self._failed.pop(at.id, None)
            if isinstance(found, WebhookPendingError):
                _note(self._failed, at.id, None)
            elif not isinstance(found, ChatError):
                _note(self._known, at.id, found)
            del self._searches[at.id]
            search.end(found)

    async def close(self) -> None:
        """End searches. Idempotent."""
        await self._tasks.close()

    def made(self, webhook_id: int | None) -> bool:
        """Whether it is one of ours that is known."""
        return any(webhook.id == webhook_id for webhook in self._known.values())

    def forget(self, webhook_id: int) -> None:
        """It is gone; the next `of` looks again."""
        for channel_id, webhook in list(self._known.items()):
            if webhook.id == webhook_id:
                del self._known[channel_id]

    async def _find_or_make(self, home: WebhookChannel) -> discord.Webhook:
        try:
            for webhook in await home.webhooks():
                if self._is_ours(webhook):
                    return webhook
            return await home.create_webhook(name=NAME, reason="Captions under the speakers' names")
        except discord.Forbidden:
            raise WebhookUnavailableError(
                t(
                    "Discord does not let me use webhooks in this channel, so captions come under "
                    "my own name, with the speaker's in front."
                )
            ) from None
        except discord.HTTPException as error:
            if error.code == _TOO_MANY_WEBHOOKS:
                raise WebhookUnavailableError(
                    t(
                        "This channel has as many webhooks as Discord allows, so captions come "
                        "under my own name, with the speaker's in front. Delete one that is not "
                        "needed."
                    )
                ) from None
            raise chat_error(error) from error
        except FAULTS as error:
            raise chat_error(error) from error

    def _is_ours(self, webhook: discord.Webhook) -> bool:
        return (
            webhook.type is discord.WebhookType.incoming
            and webhook.name == NAME
            and webhook.token is not None
            and webhook.user is not None
            and webhook.user.id == self._user_id
        )


def home(channel: CaptionChannel) -> WebhookChannel:
    """The channel whose webhook serves a channel or thread, and whose limits count.

    Raises:
        WebhookUnavailableError: A thread of a forum.
    """
    if not isinstance(channel, discord.Thread):
        return channel
    parent = channel.parent
    if not isinstance(parent, discord.TextChannel):
        raise WebhookUnavailableError(t("I can't use a webhook in this thread."))
    return parent


def _note(where: OrderedDict[K, V], key: K, value: V) -> None:
    where[key] = value
    where.move_to_end(key)
    if len(where) > _KEPT:
        where.popitem(last=False)
