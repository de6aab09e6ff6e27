"""Parley's webhook in a channel: found again by its maker and name, else made."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import discord

from bot.chat.faults import FAULTS, ChannelGoneError, chat_error
from bot.chat.refused import Refused
from bot.clock import Clock, Timer
from bot.errors import ChatError
from bot.logs import get_logger
from bot.tasks import TaskOwner
from bot.words import t

log = get_logger(__name__)

K = TypeVar("K")
V = TypeVar("V")

CaptionChannel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
WebhookChannel = (
    discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel
)

NAME = "Parley"
_KEPT = 1000  # channels
_TOO_MANY_WEBHOOKS = 30007
_PATIENCE_S = 5.0  # for which captions wait for a search; it may go on behind them
_LONGEST_S = 60.0  # of a search; discord.py tries again for half a minute when Discord fails

LOOK_AGAIN_S: Final = 10.0
"""Seconds between two looks at a channel whose webhooks change all the time."""


class WebhookUnavailableError(ChatError):
    """There is no webhook to be had; the message says why, for the channel's people."""

    code = "webhook"


class WebhookPendingError(WebhookUnavailableError):
    """Discord has not answered yet, or failed; there may be a webhook the next time."""

    def __init__(self) -> None:
        super().__init__(
            t(
                "Discord isn't giving me a webhook for this channel right now, so captions "
                "are posted under my name, with the speaker's name in front."
            )
        )


class _NoneLeftError(WebhookUnavailableError):
    """The channel is full of webhooks.

    Args:
        standing: How many webhooks it has.
        asked: Discord said so; otherwise they are as many as when it did.
    """

    def __init__(self, standing: int, *, asked: bool) -> None:
        super().__init__(
            t(
                "This channel has as many webhooks as Discord allows, so captions are posted "
                "under my name, with the speaker's name in front. Delete one that isn't "
                "needed."
            )
        )
        self.standing = standing
        self.asked = asked


@dataclass(slots=True)
class _Known:
    """A webhook that was found.

    Attributes:
        looked_at: Clock seconds of the last look whether it is there.
        doubted: The channel's webhooks have changed since.
    """

    webhook: discord.Webhook
    looked_at: float
    doubted: bool = False


@dataclass(slots=True)
class _Refusal:
    """Why a channel has no webhook for us, for as long as it is remembered.

    Attributes:
        standing: How many webhooks the channel was full with; None if that was not the reason.
        by_event: A change of the channel's webhooks may end it.
    """

    reason: str
    memory: Refused
    standing: int | None = None
    by_event: bool = True


class _Search:
    """One search for a channel's webhook, which several may wait for.

    Args:
        clock: Tells the time and calls back.
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
        """Give the result to all who wait for it."""
        self._found = found
        self._ready.set()
        if self._timer is not None:
            self._timer.cancel()

    async def result(self) -> discord.Webhook:
        """Wait for the webhook, as long as that is worth it, and return it.

        Raises:
            ChatError: Nothing.
        """
        await self._ready.wait()
        if isinstance(self._found, ChatError):
            raise self._found
        return self._found


class Webhooks:
    """The webhooks of all channels, each looked up once and whenever its channel's change.

    Channels do not wait for each other: each has a search of its own, which goes on to its end
    whoever waits for it, and of which one that is known knows nothing. To be made on the running
    event loop.

    Args:
        own_id: Returns the bot's own user id, by which its webhooks are known.
        clock: Tells the time and calls back.
    """

    def __init__(self, own_id: Callable[[], int], clock: Clock) -> None:
        self._own_id = own_id
        self.clock = clock
        self._known: OrderedDict[int, _Known] = OrderedDict()  # by channel, as are all of these
        self._searches: dict[int, _Search] = {}  # two at once would make two webhooks
        self._failed: OrderedDict[int, None] = OrderedDict()  # channels whose last search did
        self._refusals: OrderedDict[int, _Refusal] = OrderedDict()
        self._tasks = TaskOwner("webhooks")

    async def of(self, channel: CaptionChannel) -> discord.Webhook:
        """Return the channel's webhook, or for a thread its parent's.

        Where it is not known and Discord takes longer than five seconds, or failed the last time,
        it is searched for behind whoever asks. What was refused is asked for again once its cause
        may be gone.

        Raises:
            WebhookUnavailableError: The permission is missing, the channel has too many, or Discord
                does not answer.
            ChatError: The channel is gone.
        """
        at = home(channel)
        if (known := self._known.get(at.id)) is not None:
            self._known.move_to_end(at.id)
            look = known.doubted and self.clock.now() >= known.looked_at + LOOK_AGAIN_S
            if not look or not _permitted(at):
                return known.webhook
        search = self._searches.get(at.id) or self._begin(at)
        try:
            return await search.result()
        except WebhookPendingError:
            if known is None:
                raise
            return known.webhook

    def _begin(self, at: WebhookChannel) -> _Search:
        refusal = self._refusals.get(at.id)
        if not _permitted(at):
            if refusal is not None:
                refusal.memory.ease()  # of the permission it is known when it is back
            raise WebhookUnavailableError(
                t(
                    "I don't have the Manage Webhooks permission in this channel, so "
                    "captions are posted under my name, with the speaker's name in front."
                )
            )
        if refusal is not None and refusal.memory.holds(_permissions(at)):
            raise WebhookUnavailableError(refusal.reason)
        if (known := self._known.get(at.id)) is not None:
            known.doubted, known.looked_at = False, self.clock.now()
        search = _Search(self.clock, 0.0 if at.id in self._failed else _PATIENCE_S)
        self._searches[at.id] = search
        self._tasks.start(self._search(at, search), f"search {at.id}", channel=at.id)
        return search

    async def _search(self, at: WebhookChannel, search: _Search) -> None:
        found: discord.Webhook | ChatError = WebhookPendingError()
        try:
            async with asyncio.timeout(_LONGEST_S):
                found = await self._find_or_make(at)
        except TimeoutError:
            log.warning("a search for a webhook took too long")
        except ChatError as error:
            log.info("no webhook", code=error.code)
            if not error.retryable:
                found = error
        finally:
            self._failed.pop(at.id, None)
            self._keep(at, found)
            del self._searches[at.id]
            search.end(found)

    def _keep(self, at: WebhookChannel, found: discord.Webhook | ChatError) -> None:
        """Remember what came of a search."""
        if isinstance(found, WebhookPendingError):
            _note(self._failed, at.id, None)
        elif isinstance(found, WebhookUnavailableError):
            if isinstance(found, _NoneLeftError):
                self._known.pop(at.id, None)  # else it would have been among them
            self._refuse(at, found)
        elif not isinstance(found, ChatError):
            known = self._known.get(at.id)
            doubted = known is not None and known.doubted
            _note(self._known, at.id, _Known(found, self.clock.now(), doubted))
            if (refusal := self._refusals.get(at.id)) is not None and refusal.by_event:
                refusal.memory.over()

    def _refuse(
        self, at: WebhookChannel, error: WebhookUnavailableError, *, by_event: bool = True
    ) -> None:
        before = self._refusals.get(at.id)
        memory = Refused(self.clock) if before is None else before.memory
        full = error if isinstance(error, _NoneLeftError) else None
        memory.note(_permissions(at), asked=full is None or full.asked)
        refusal = _Refusal(error.message, memory, None if full is None else full.standing, by_event)
        _note(self._refusals, at.id, refusal)

    async def close(self) -> None:
        """End all searches. Idempotent."""
        await self._tasks.close()

    def made(self, webhook_id: int | None) -> bool:
        """Return whether a webhook is a known one of ours."""
        return any(known.webhook.id == webhook_id for known in self._known.values())

    def changed(self, channel_id: int) -> None:
        """Look again, as one of a channel's webhooks was made, deleted or moved."""
        if (known := self._known.get(channel_id)) is not None:
            known.doubted = True
        if (refusal := self._refusals.get(channel_id)) is not None and refusal.by_event:
            refusal.memory.ease()

    def missed(self) -> None:
        """Look everywhere again, as Discord may not have told of changes."""
        for channel_id in {*self._known, *self._refusals}:
            self.changed(channel_id)

    def forget(self, webhook_id: int) -> None:
        """Forget a webhook that is gone; the next `of` looks again."""
        for channel_id, known in list(self._known.items()):
            if known.webhook.id == webhook_id:
                del self._known[channel_id]

    def vanishes(self, channel: CaptionChannel) -> WebhookUnavailableError:
        """Make no webhook here for some time, as ours is gone as soon as it is made."""
        error = WebhookUnavailableError(
            t(
                "My webhook in this channel gets deleted as soon as I create it, so captions "
                "are posted under my name, with the speaker's name in front."
            )
        )
        # Deleting it is itself a change of the channel's webhooks: no reason to try again.
        self._refuse(home(channel), error, by_event=False)
        return error

    async def _find_or_make(self, home: WebhookChannel) -> discord.Webhook:
        known = self._known.get(home.id)
        refusal = self._refusals.get(home.id)
        standing = 0
        try:
            for webhook in await home.webhooks():
                standing += 1
                # A webhook that was renamed still serves.
                if self._is_ours(webhook) or (known is not None and webhook.id == known.webhook.id):
                    return webhook
            if refusal is not None and standing >= (refusal.standing or standing + 1):
                raise _NoneLeftError(standing, asked=False)
            return await home.create_webhook(name=NAME, reason="Captions under the speakers' names")
        except discord.HTTPException as error:
            if error.code == _TOO_MANY_WEBHOOKS:
                raise _NoneLeftError(standing, asked=True) from None
            meaning = chat_error(error)
            if meaning.retryable or isinstance(meaning, ChannelGoneError):
                raise meaning from error
            raise WebhookUnavailableError(
                t(
                    "Discord doesn't let me use webhooks in this channel, so captions are "
                    "posted under my name, with the speaker's name in front."
                )
            ) from None
        except FAULTS as error:
            raise chat_error(error) from error

    def _is_ours(self, webhook: discord.Webhook) -> bool:
        return (
            webhook.type is discord.WebhookType.incoming
            and webhook.name == NAME
            and webhook.token is not None
            and webhook.user is not None
            and webhook.user.id == self._own_id()
        )


def home(channel: CaptionChannel) -> WebhookChannel:
    """Return the channel whose webhook serves a channel or thread, and whose limits count.

    Raises:
        WebhookUnavailableError: A thread whose channel is not known.
    """
    if not isinstance(channel, discord.Thread):
        return channel
    parent = channel.parent
    if not isinstance(parent, discord.TextChannel | discord.ForumChannel):
        raise WebhookUnavailableError(t("I can't use a webhook in this thread."))
    return parent


def _permissions(at: WebhookChannel) -> int:
    return at.permissions_for(at.guild.me).value


def _permitted(at: WebhookChannel) -> bool:
    return at.permissions_for(at.guild.me).manage_webhooks


def _note(where: OrderedDict[K, V], key: K, value: V) -> None:
    where[key] = value
    where.move_to_end(key)
    if len(where) > _KEPT:
        where.popitem(last=False)
