"""A Discord text channel as captions need it: by webhook, else by the bot's own messages."""

import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import discord

from bot.chat.budget import Budget, Budgets, own_budget
from bot.chat.faults import FAULTS, UNKNOWN_WEBHOOK, ChannelGoneError, chat_error
from bot.chat.names import username
from bot.chat.render import has_name, named
from bot.chat.transport import DIGEST, MessageRef, Posted
from bot.chat.webhooks import (
    CaptionChannel,
    WebhookPendingError,
    Webhooks,
    WebhookUnavailableError,
)
from bot.errors import ChatError, MessageGoneError, RateLimitError
from bot.room.events import Member
from bot.words import t

log = logging.getLogger(__name__)

_RECENT = 50  # messages, among which a lost one is looked for
_LOOKED_THROUGH = 2000  # messages of old, for captions whose time is over
_PING_NOBODY = discord.AllowedMentions.none()


class ChannelTransport:
    """Implements CaptionTransport for a text channel, a voice channel's chat or a thread.

    Without a webhook captions go out as the bot's own messages, the speaker's name in bold; the
    first such Posted says so in its notice.

    Args:
        channel: Which.
        webhooks: Of all channels.
        own: The budgets of the bot's own messages, by channel and thread.
    """

    def __init__(
        self, channel: CaptionChannel, webhooks: Webhooks, own: Budgets | None = None
    ) -> None:
        self._channel = channel
        self._webhooks = webhooks
        self._own = (own or Budgets(own_budget)).of(channel.id)
        self._own_refused = False
        self._thread = channel if isinstance(channel, discord.Thread) else discord.utils.MISSING
        self._refused: WebhookUnavailableError | None = None
        self._told = False

    def own_budget(self) -> Budget | None:
        """What the bot's own messages here draw on; None where it may not post captions so."""
        return self._own if self._may_post() and not self._own_refused else None

    async def post(self, speaker: Member | None, content: str, *, own: bool = False) -> Posted:
        """Post under a speaker's name and picture, or (None, or `own`) under the bot's own."""
        if speaker is None:
            return Posted(await self._post_own(None, content))
        if own and (own_ref := await self._try_own(speaker, content)) is not None:
            return Posted(own_ref)
        try:
            return Posted(await self._post_by_webhook(speaker, content))
        except WebhookUnavailableError as error:
            if error.lasting:
                self._refused = error
            ref = await self._post_own(speaker, content)
            notice = None if self._told else error.message
            self._told = True
            return Posted(ref, notice)

    async def _post_by_webhook(self, speaker: Member, content: str) -> MessageRef:
        if self._refused is not None:
            raise self._refused
        for _ in range(2):
            webhook = await self._webhooks.of(self._channel)
            try:
                message = await webhook.send(
                    content,
                    username=username(speaker.name),
                    avatar_url=speaker.avatar_url or discord.utils.MISSING,
                    allowed_mentions=_PING_NOBODY,
                    suppress_embeds=True,
                    thread=self._thread,
                    wait=True,
                )
            except discord.NotFound as error:
                if error.code != UNKNOWN_WEBHOOK:
                    raise chat_error(error) from error
                log.info("webhook gone, looking for another")
                self._webhooks.forget(webhook.id)
            except discord.HTTPException as error:
                if error.status != 400:
                    raise chat_error(error) from error
                # Most likely the name: a server can ban words that we do not know of.
                log.info("webhook message refused: code %d", error.code)
                return await self._post_own(speaker, content)
            except FAULTS as error:
                raise chat_error(error) from error
            else:
                return MessageRef(message.id, webhook.id)
        # A webhook that is gone at once is not asked for again: many 404s get a bot restricted.
        raise WebhookUnavailableError(
            t(
                "My webhook in this channel vanishes as soon as it is made, so captions come under "
                "my own name, with the speaker's in front."
            )
        )

    async def _try_own(self, speaker: Member, content: str) -> MessageRef | None:
        """None where Discord does not let the bot: the webhook may do it all the same."""
        if self._own_refused:
            return None
        try:
            return await self._post_own(speaker, content)
        except (RateLimitError, ChannelGoneError):
            raise
        except ChatError as error:
            if error.retryable:
                raise
            # Not asked for again: many refusals get a bot restricted.
            log.warning("own captions refused, they go on by the webhook")
            self._own_refused = True
            return None

    async def _post_own(self, speaker: Member | None, content: str) -> MessageRef:
        with _translated():
            message = await self._channel.send(
                as_own(speaker, content), allowed_mentions=_PING_NOBODY, suppress_embeds=True
            )
        return MessageRef(message.id)

    async def edit(self, ref: MessageRef, speaker: Member | None, content: str) -> None:
        """Replace the content of a message."""
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
            if isinstance(error, discord.NotFound) and error.code == UNKNOWN_WEBHOOK:
                self._webhooks.forget(webhook.id)
            raise chat_error(error) from error

    async def delete(self, ref: MessageRef) -> None:
        """Remove a message; one that is gone already is no error."""
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

    async def find(self, speaker: Member | None, content: str) -> MessageRef | None:
        """The newest message of ours that reads so, posted within the last minutes, if any.

        None as well where the bot may not read the history: a post that was lost is worse than one
        that stands twice.
        """
        if not self._permissions().read_message_history:
            return None
        wanted = {content, as_own(speaker, content)}
        with _translated():
            async for message in self._channel.history(limit=_RECENT):
                if self._is_ours(message) and message.content in wanted:
                    return MessageRef(message.id, message.webhook_id)
        return None

    async def history(self) -> AsyncIterator[tuple[MessageRef, datetime]]:
        """Captions of ours that stand already, and since when; newest first."""
        if not self._permissions().read_message_history:
            return
        try:
            webhook_id = (await self._webhooks.of(self._channel)).id
        except WebhookPendingError as error:
            raise ChatError(t("Discord did not answer."), retryable=True) from error
        except WebhookUnavailableError:
            webhook_id = None
        with _translated():
            async for message in self._channel.history(limit=_LOOKED_THROUGH):
                if self._is_caption(message, webhook_id):
                    yield MessageRef(message.id, message.webhook_id), message.created_at

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
        with _translated():
            await self._channel.delete_messages([discord.Object(ref.id) for ref in refs])
        return True

    def _may_post(self) -> bool:
        allowed = self._permissions()
        apart = isinstance(self._channel, discord.Thread)
        return allowed.send_messages_in_threads if apart else allowed.send_messages

    def _permissions(self) -> discord.Permissions:
        return self._channel.permissions_for(self._channel.guild.me)

    def _is_ours(self, message: discord.Message) -> bool:
        me = self._channel.guild.me
        return message.author.id == me.id or self._webhooks.made(message.webhook_id)

    async def _webhook_of(self, ref: MessageRef) -> discord.Webhook:
        """The webhook a message went through; only it can change the message."""
        try:
            webhook = await self._webhooks.of(self._channel)
        except WebhookPendingError as error:
            raise ChatError(t("Discord did not answer."), retryable=True) from error
        except WebhookUnavailableError as error:
            raise MessageGoneError(removed=False) from error
        if webhook.id != ref.webhook_id:
            raise MessageGoneError(removed=False)
        return webhook


def as_own(speaker: Member | None, content: str) -> str:
    """What a caption or notice reads as a message of the bot's own: captions carry their names."""
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
