"""A Discord text channel as captions need it: by webhook, else by the bot's own messages."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import discord

from bot.chat.budget import Budget, Budgets, own_budget
from bot.chat.faults import (
    FAULTS,
    NO_WEBHOOK,
    ChannelGoneError,
    ThreadClosedError,
    UnwritableError,
    chat_error,
)
from bot.chat.refused import Refused, Told
from bot.chat.rendering.names import username
from bot.chat.rendering.render import has_name, named
from bot.chat.transport import DIGEST, MessageRef, Posted
from bot.chat.webhooks import (
    CaptionChannel,
    WebhookPendingError,
    Webhooks,
    WebhookUnavailableError,
)
from bot.domain.events import Member
from bot.errors import ChatError, MessageGoneError, RateLimitError
from bot.logs import get_logger
from bot.words import t

log = get_logger(__name__)

WEBHOOK = "webhook"  # the matter of which people are told

_RECENT = 50  # messages, among which a lost one is looked for
_LOOKED_THROUGH = 2000  # messages of old, for captions whose time is over
_NAMES = 100  # of which it is remembered that Discord refused them
_PING_NOBODY = discord.AllowedMentions.none()


class ChannelTransport:
    """Implements CaptionTransport for a text channel, a voice channel's chat or a thread.

    Without a webhook captions go out as the bot's own messages, the speaker's name in bold; the
    first such Posted says so in its notice. Nothing that Discord refused is given up for good: it
    is tried again once the cause may be gone (`refused.py`).

    Args:
        channel: The channel or thread.
        webhooks: The webhooks of all channels.
        own: The budgets of the bot's own messages, by channel and thread.
        told: What the channel's people know already.
    """

    def __init__(
        self,
        channel: CaptionChannel,
        webhooks: Webhooks,
        own: Budgets | None = None,
        told: Told | None = None,
    ) -> None:
        self._channel = channel
        self._webhooks = webhooks
        self._own = (own or Budgets(own_budget)).of(channel.id)
        self._own_refused = Refused(webhooks.clock)
        self._names_refused: OrderedDict[str, Refused] = OrderedDict()
        self._waking_refused = Refused(webhooks.clock)
        self._thread = channel if isinstance(channel, discord.Thread) else discord.utils.MISSING
        self._told = told or Told()

    @property
    def channel_id(self) -> int:
        """The id of the channel that it writes to."""
        return self._channel.id

    def own_budget(self) -> Budget | None:
        """Return what the bot's own messages draw on; None where it may not post captions so."""
        return self._own if self._may_post() and not self._own_is_refused() else None

    async def post(self, speaker: Member | None, content: str, *, own: bool = False) -> Posted:
        """Post under a speaker's name and picture, or (None, or `own`) under the bot's own.

        A notice goes by the webhook too where the bot may not post by itself.
        """
        try:
            return await self._post(speaker, content, own=own)
        except ThreadClosedError:
            if not await self._wake():
                raise
            return await self._post(speaker, content, own=own)

    async def _post(self, speaker: Member | None, content: str, *, own: bool) -> Posted:
        if speaker is None:
            return Posted(await self._post_notice(content))
        if own and (own_ref := await self._try_own(speaker, content)) is not None:
            return Posted(own_ref)
        try:
            ref = await self._post_by_webhook(speaker, content)
        except WebhookUnavailableError as error:
            ref = await self._post_own(speaker, content)
            news = self._told.once(WEBHOOK, error.message, self.channel_id)
            return Posted(ref, error.message if news else None)
        if ref.webhook_id is not None:
            self._told.over(WEBHOOK, self.channel_id)
        return Posted(ref)

    async def _post_by_webhook(self, speaker: Member, content: str) -> MessageRef:
        name = username(speaker.name)
        if (refused := self._names_refused.get(name)) is not None and refused.holds():
            return await self._post_own(speaker, content)
        for _ in range(2):
            webhook = await self._webhooks.of(self._channel)
            try:
                message = await webhook.send(
                    content,
                    username=name,
                    avatar_url=speaker.avatar_url or discord.utils.MISSING,
                    allowed_mentions=_PING_NOBODY,
                    suppress_embeds=True,
                    thread=self._thread,
                    wait=True,
                )
            except discord.HTTPException as error:
                if error.code in NO_WEBHOOK:
                    log.info("webhook gone, looking for another")
                    self._webhooks.forget(webhook.id)
                    continue
                meaning = chat_error(error)
                if error.status != 400 or isinstance(meaning, UnwritableError):
                    raise meaning from error
                # Most likely the name: a server can ban words that we do not know of.
                log.info("webhook message refused", code=error.code)
                ref = await self._post_own(speaker, content)
                self._refuse_name(name)
                return ref
            except FAULTS as error:
                raise chat_error(error) from error
            else:
                return MessageRef(message.id, webhook.id, self.channel_id)
        # A webhook that is gone at once is not asked for again: many 404s get a bot restricted.
        raise self._webhooks.vanishes(self._channel)

    def _refuse_name(self, name: str) -> None:
        refused = self._names_refused.pop(name, None) or Refused(self._webhooks.clock)
        refused.note()
        self._names_refused[name] = refused
        if len(self._names_refused) > _NAMES:
            self._names_refused.popitem(last=False)

    async def _try_own(self, speaker: Member | None, content: str) -> MessageRef | None:
        """Post as the bot itself; None where Discord refuses: the webhook may still do it."""
        if not self._may_post() or self._own_is_refused():
            return None
        try:
            return await self._post_own(speaker, content)
        except (RateLimitError, ChannelGoneError, ThreadClosedError):
            raise
        except ChatError as error:
            if error.retryable:
                raise
            # Not asked for again soon: many refusals get a bot restricted.
            log.warning("own messages refused, using the webhook instead")
            self._own_refused.note(self._permissions().value)
            return None

    def _own_is_refused(self) -> bool:
        return self._own_refused.holds(self._permissions().value)

    async def _post_notice(self, content: str) -> MessageRef:
        if (ref := await self._try_own(None, content)) is not None:
            return ref
        try:
            return await self._post_by_webhook(DIGEST, content)
        except WebhookUnavailableError as error:
            raise UnwritableError(t("I'm not allowed to post in the text channel.")) from error

    async def _post_own(self, speaker: Member | None, content: str) -> MessageRef:
        with _translated():
            message = await self._channel.send(
                as_own(speaker, content), allowed_mentions=_PING_NOBODY, suppress_embeds=True
            )
        self._own_refused.over()
        return MessageRef(message.id, None, self.channel_id)

    async def edit(self, ref: MessageRef, speaker: Member | None, content: str) -> None:
        """Replace the content of a message; one that can't be reached is to be posted anew."""
        try:
            try:
                await self._edit(ref, speaker, content)
            except ThreadClosedError:
                if not await self._wake():
                    raise
                await self._edit(ref, speaker, content)
        except ChannelGoneError:
            raise
        except UnwritableError as error:
            log.info("a caption can't be reached", code=error.code)
            raise MessageGoneError(removed=False) from error

    async def _edit(self, ref: MessageRef, speaker: Member | None, content: str) -> None:
        if ref.webhook_id is None:
            with _translated():
                message = self._channel.get_partial_message(ref.id)
                await message.edit(content=as_own(speaker, content), allowed_mentions=_PING_NOBODY)
            return
        webhook = await self._webhook_of(ref)
        try:
            await webhook.edit_message(
                ref.id, content=content, allowed_mentions=_PING_NOBODY, thread=self._thread
            )
        except FAULTS as error:
            if isinstance(error, discord.HTTPException) and error.code in NO_WEBHOOK:
                self._webhooks.forget(webhook.id)
            raise chat_error(error) from error

    async def delete(self, ref: MessageRef) -> None:
        """Remove a message; one that is gone already is no error."""
        try:
            await self._delete(ref)
        except ThreadClosedError:
            if not await self._wake():
                raise
            await self._delete(ref)

    async def _delete(self, ref: MessageRef) -> None:
        try:
            if ref.webhook_id is None:
                with _translated():
                    await self._channel.get_partial_message(ref.id).delete()
            else:
                webhook = await self._webhook_of(ref)
                with _translated():
                    await webhook.delete_message(ref.id, thread=self._thread)
        except MessageGoneError:
            log.debug("message to delete was gone")

    async def _wake(self) -> bool:
        """Bring the thread back from the archive, where anybody who writes there may do so."""
        if not isinstance(self._channel, discord.Thread):
            return False
        under = (self._permissions().value, self._channel.locked)
        if self._waking_refused.holds(under):
            return False
        try:
            await self._channel.edit(archived=False)
        except FAULTS as error:
            log.info("a thread stays closed", code=chat_error(error).code)
            self._waking_refused.note(under)
            return False
        self._waking_refused.over()
        return True

    async def find(self, speaker: Member | None, content: str) -> MessageRef | None:
        """Return our newest message that reads so, posted within the last minutes, if any.

        None as well where the bot may not read the history: a post that was lost is worse than one
        that stands twice.
        """
        if not self._permissions().read_message_history:
            return None
        wanted = {content, as_own(speaker, content)}
        with _translated():
            async for message in self._channel.history(limit=_RECENT):
                if self._is_ours(message) and message.content in wanted:
                    return self._ref(message)
        return None

    async def history(self) -> AsyncIterator[tuple[MessageRef, datetime]]:
        """Yield captions of ours that stand already, and since when; newest first."""
        if not self._permissions().read_message_history:
            return
        try:
            webhook_id = (await self._webhooks.of(self._channel)).id
        except WebhookPendingError as error:
            raise ChatError(t("Discord didn't answer."), retryable=True) from error
        except WebhookUnavailableError:
            webhook_id = None
        with _translated():
            async for message in self._channel.history(limit=_LOOKED_THROUGH):
                if self._is_caption(message, webhook_id):
                    yield self._ref(message), message.created_at

    def _is_caption(self, message: discord.Message, webhook_id: int | None) -> bool:
        if message.webhook_id is not None:
            return message.webhook_id == webhook_id
        # Of the bot's own messages captions and notices alone show no previews, and a notice begins
        # with no name, as its Markdown is escaped.
        mine = message.author.id == self._channel.guild.me.id and message.flags.suppress_embeds
        return mine and has_name(message.content)

    async def delete_all(self, refs: Sequence[MessageRef]) -> bool:
        """Remove up to a hundred messages at once; False where that may not be done."""
        if not self._permissions().manage_messages:
            return False
        messages = [discord.Object(ref.id) for ref in refs]
        try:
            with _translated():
                await self._channel.delete_messages(messages)
        except ThreadClosedError:
            if not await self._wake():
                raise
            with _translated():
                await self._channel.delete_messages(messages)
        return True

    def _ref(self, message: discord.Message) -> MessageRef:
        return MessageRef(message.id, message.webhook_id, self.channel_id)

    def _may_post(self) -> bool:
        allowed = self._permissions()
        apart = isinstance(self._channel, discord.Thread)
        return allowed.send_messages_in_threads if apart else allowed.send_messages

    def _permissions(self) -> discord.Permissions:
        try:
            return self._channel.permissions_for(self._channel.guild.me)
        except discord.ClientException:  # a thread whose channel was deleted
            return discord.Permissions.none()

    def _is_ours(self, message: discord.Message) -> bool:
        me = self._channel.guild.me
        return message.author.id == me.id or self._webhooks.made(message.webhook_id)

    async def _webhook_of(self, ref: MessageRef) -> discord.Webhook:
        """Return the webhook a message went through; only it can change the message."""
        try:
            webhook = await self._webhooks.of(self._channel)
        except WebhookPendingError as error:
            raise ChatError(t("Discord didn't answer."), retryable=True) from error
        except WebhookUnavailableError as error:
            raise MessageGoneError(removed=False) from error
        if webhook.id != ref.webhook_id:
            raise MessageGoneError(removed=False)
        return webhook


def as_own(speaker: Member | None, content: str) -> str:
    """Return how a caption or notice reads as a message of the bot's own: captions carry names."""
    # A digest has them in it.
    return content if speaker in {None, DIGEST} else named(username(speaker.name), content)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ChatError:
        raise
    except FAULTS as error:
        raise chat_error(error) from error
