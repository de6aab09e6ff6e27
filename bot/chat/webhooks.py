"""Parley's webhook in a channel: found again by its maker and name, else made."""

import asyncio
from collections import OrderedDict

import discord

from bot.chat.faults import FAULTS, chat_error
from bot.errors import ChatError
from bot.words import t

CaptionChannel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
WebhookChannel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel

NAME = "Parley"
_KEPT = 1000  # channels
_TOO_MANY_WEBHOOKS = 30007


class WebhookUnavailableError(ChatError):
    """There is no webhook to be had; the message says why, for the channel's people.

    Args:
        lasting: Asking again would only be refused again; otherwise asking costs no request.
    """

    code = "webhook"

    def __init__(self, message: str, *, lasting: bool = True) -> None:
        super().__init__(message)
        self.lasting = lasting


class Webhooks:
    """The webhooks of all channels, each looked up once per process.

    Args:
        user_id: The bot's own, by which its webhooks are known.
    """

    def __init__(self, user_id: int) -> None:
        self._user_id = user_id
        self._known: OrderedDict[int, discord.Webhook] = OrderedDict()
        self._finding = asyncio.Lock()  # two finders would make two webhooks

    async def of(self, channel: CaptionChannel) -> discord.Webhook:
        """The channel's webhook, or for a thread its parent's.

        Raises:
            WebhookUnavailableError: The permission is missing, or the channel has too many.
            ChatError: Discord failed or the channel is gone.
        """
        at = home(channel)
        async with self._finding:
            webhook = self._known.get(at.id)
            if webhook is None:
                webhook = await self._find_or_make(at)
                self._known[at.id] = webhook
                if len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            return webhook

    def made(self, webhook_id: int | None) -> bool:
        """Whether it is one of ours that is known."""
        return any(webhook.id == webhook_id for webhook in self._known.values())

    def forget(self, webhook_id: int) -> None:
        """It is gone; the next `of` looks again."""
        for channel_id, webhook in list(self._known.items()):
            if webhook.id == webhook_id:
                del self._known[channel_id]

    async def _find_or_make(self, home: WebhookChannel) -> discord.Webhook:
        if not home.permissions_for(home.guild.me).manage_webhooks:
            raise WebhookUnavailableError(
                t(
                    "I lack the permission Manage Webhooks in this channel, so captions come under "
                    "my own name, with the speaker's in front."
                ),
                lasting=False,
            )
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
