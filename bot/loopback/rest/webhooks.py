"""Webhooks: making and removing them, and the messages that are posted through them.

The same paths with an application's id in place of the webhook's carry an interaction's messages.
"""

import secrets

from bot.loopback.rest import interactions
from bot.loopback.rest.call import Reply, RestCall
from bot.loopback.rest.message_form import SETTABLE_FLAGS, check_message, check_username
from bot.loopback.rest.messages import check_age, check_awake, check_open
from bot.loopback.rest.table import Table
from bot.loopback.state.entities import Channel, Message, Webhook
from bot.loopback.state.payloads import message_json, webhook_json
from bot.loopback.state.permissions import Permissions
from bot.loopback.state.refusal import (
    Refusal,
    TooMany,
    invalid_webhook_token,
    missing_permissions,
    unknown,
)

table = Table()
P = Permissions

WEBHOOKS_OF_A_CHANNEL = 15


@table.route("POST", "/channels/{channel_id}/webhooks")
def create_webhook(call: RestCall) -> Reply:
    """Create a webhook of the bot's in a channel."""
    channel = call.channel(P.MANAGE_WEBHOOKS)
    if channel.is_thread:
        raise Refusal(400, 50024, "Cannot execute action on this channel type")
    form = call.form
    check_username(form["name"], required=True)
    form["avatar"].string(1, 14_000_000)
    form.refuse_if_wrong()
    if len(channel.webhooks) >= WEBHOOKS_OF_A_CHANNEL:
        raise Refusal(400, 30007, "Maximum number of webhooks reached (15)")
    avatar = secrets.token_hex(16) if call.json.get("avatar") else None
    webhook = call.backend.chat.new_webhook(channel, call.bot, call.json["name"], avatar)
    return webhook_json(webhook)


@table.route("GET", "/channels/{channel_id}/webhooks")
def list_webhooks(call: RestCall) -> Reply:
    """List a channel's webhooks; the bot sees tokens only of those it made."""
    channel = call.channel(P.MANAGE_WEBHOOKS)
    return [_shown(webhook, call.bot.application_id) for webhook in channel.webhooks]


@table.route("GET", "/guilds/{guild_id}/webhooks")
def list_guild_webhooks(call: RestCall) -> Reply:
    """List a guild's webhooks."""
    guild = call.guild(P.MANAGE_WEBHOOKS)
    own = call.bot.application_id
    return [_shown(w, own) for channel in guild.channels.values() for w in channel.webhooks]


def _shown(webhook: Webhook, application_id: int) -> dict[str, object]:
    data = webhook_json(webhook)
    if webhook.application_id != application_id:
        del data["token"]
    return data


def _webhook(call: RestCall) -> Webhook:
    """Return the path's webhook, opened by the path's token or by the bot's permission."""
    webhook = call.world.webhooks.get(call.id("webhook_id"))
    if webhook is None:
        raise unknown("Webhook")
    token = call.params.get("token")
    if token is None:
        if not webhook.channel.guild.permissions(call.bot.id, webhook.channel) & P.MANAGE_WEBHOOKS:
            raise missing_permissions()
    elif not secrets.compare_digest(token, webhook.token):
        raise invalid_webhook_token()
    return webhook


@table.route("GET", "/webhooks/{webhook_id}")
@table.route("GET", "/webhooks/{webhook_id}/{token}", public=True, counted=False)
def get_webhook(call: RestCall) -> Reply:
    """Return a webhook; by its token without the user who made it."""
    data = webhook_json(_webhook(call))
    if "token" in call.params:
        del data["user"]
    return data


@table.route("PATCH", "/webhooks/{webhook_id}")
@table.route("PATCH", "/webhooks/{webhook_id}/{token}", public=True, counted=False)
def change_webhook(call: RestCall) -> Reply:
    """Rename or repaint a webhook, or with a bot's permission move it."""
    webhook = _webhook(call)
    form = call.form
    check_username(form["name"])
    moved = form["channel_id"].integer(0)
    form.refuse_if_wrong()
    channel = None
    if moved is not None and "token" not in call.params:
        channel = call.world.channel_for(call.bot.id, moved, P.MANAGE_WEBHOOKS)
    return call.backend.chat.change_webhook(webhook, call.json, channel)


@table.route("DELETE", "/webhooks/{webhook_id}")
@table.route("DELETE", "/webhooks/{webhook_id}/{token}", public=True, counted=False)
def delete_webhook(call: RestCall) -> Reply:
    """Take a webhook away."""
    call.backend.chat.remove_webhook(_webhook(call))
    return None


def _place(call: RestCall, webhook: Webhook) -> Channel:
    """Return the webhook's channel, or the thread in it that the query names."""
    if "thread_id" not in call.query:
        return webhook.channel
    thread = call.world.channels.get(call.id("thread_id"))
    if thread is None or thread.parent is not webhook.channel:
        raise unknown("Channel")
    return thread


def _count(call: RestCall, webhook: Webhook) -> None:
    wait = call.limits.shared_webhooks(webhook.channel.id, call.world.clock.now())
    if wait is not None:
        raise TooMany(wait)


@table.route("POST", "/webhooks/{webhook_id}/{token}", bucket="webhook", public=True, counted=False)
def execute_webhook(call: RestCall) -> Reply:
    """Post through a webhook under any name; answers the message only with `wait`."""
    if interactions.is_interaction(call):
        return interactions.follow_up(call)
    webhook = _webhook(call)
    channel = _place(call, webhook)
    _count(call, webhook)
    check_open(channel)
    form = call.form
    check_username(form["username"])
    form["avatar_url"].url()
    if form["thread_name"].given:
        raise Refusal(400, 220003, "Webhooks can only create threads in forum channels")
    check_message(form, files=len(call.uploads))
    chat = call.backend.chat
    flags = int(call.json.get("flags") or 0) & SETTABLE_FLAGS & ~(1 << 6)
    message = chat.compose(
        channel,
        webhook,
        call.json,
        call.uploads,
        flags=flags,
        application_id=webhook.application_id,
    )
    chat.post(message)
    return message_json(message, None) if call.flag("wait") else None


def _message(call: RestCall, webhook: Webhook) -> Message:
    message = _place(call, webhook).message(call.id("message_id"))
    if message is None or message.author is not webhook:
        raise unknown("Message")
    return message


_MESSAGE = "/webhooks/{webhook_id}/{token}/messages/{message_id}"


@table.route("GET", _MESSAGE, public=True, counted=False)
def get_message(call: RestCall) -> Reply:
    """Return one of a webhook's messages."""
    if interactions.is_interaction(call):
        return interactions.get_message(call)
    return message_json(_message(call, _webhook(call)), None)


@table.route("PATCH", _MESSAGE, bucket="webhook", public=True, counted=False)
def edit_message(call: RestCall) -> Reply:
    """Change one of a webhook's messages; costs as much as a new one."""
    if interactions.is_interaction(call):
        return interactions.edit_message(call)
    webhook = _webhook(call)
    message = _message(call, webhook)
    _count(call, webhook)
    check_awake(message.channel)
    check_message(call.form, files=len(call.uploads), edit=True, flags=message.flags)
    check_age(call, message)
    call.backend.chat.edit(message, call.json, call.uploads)
    return message_json(message, None)


@table.route("DELETE", _MESSAGE, bucket="webhook", public=True, counted=False)
def delete_message(call: RestCall) -> Reply:
    """Take one of a webhook's messages away."""
    if interactions.is_interaction(call):
        return interactions.delete_message(call)
    message = _message(call, _webhook(call))
    check_awake(message.channel)
    call.backend.chat.delete([message])
    return None
