"""Messages of the bot's own account."""

from datetime import timedelta
from urllib.parse import unquote

from bot.loopback.rest.call import Reply, RestCall
from bot.loopback.rest.message_form import SETTABLE_FLAGS, check_message
from bot.loopback.rest.table import Table
from bot.loopback.state.entities import Channel, Json, Message
from bot.loopback.state.payloads import message_json
from bot.loopback.state.permissions import Permissions
from bot.loopback.state.refusal import Refusal, TooMany, thread_archived, thread_locked, unknown
from bot.loopback.state.snowflake import created_at

table = Table()
P = Permissions

OLD = timedelta(hours=1)
TOO_OLD_FOR_BULK = timedelta(days=14)


def check_age(call: RestCall, message: Message) -> None:
    """Count an edit if its message is older than an hour.

    Raises:
        TooMany: 30046, too many of them in this channel.
    """
    if call.world.wall() - message.timestamp < OLD:
        return
    wait = call.limits.old_edit(message.channel.id, call.world.clock.now())
    if wait is not None:
        sentence = "Maximum number of edits to messages older than 1 hour reached. Try again later."
        refusal = TooMany(wait, code=30046)
        refusal.message = sentence
        raise refusal


def check_open(thread: Channel, *, moderates: bool = False) -> None:
    """Pass where a message may be posted as far as threads go; one that is archived comes back.

    Raises:
        Refusal: 50083 or 160005, it is locked.
    """
    if thread.is_thread and thread.locked and not moderates:
        raise thread_archived() if thread.archived else thread_locked()


def check_awake(thread: Channel) -> None:
    """Pass where what stands in a channel may be changed.

    Raises:
        Refusal: 50083, it is a thread in the archive.
    """
    if thread.is_thread and thread.archived:
        raise thread_archived()


def _writable(call: RestCall) -> Channel:
    """Return the path's channel with what the body needs there."""
    channel = call.channel()
    call.channel(P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES)
    if channel.is_direct and not _is_taken(call, channel):
        raise Refusal(403, 50007, "Cannot send messages to this user")
    have = channel.guild.permissions(call.bot.id, channel)
    check_open(channel, moderates=bool(have & P.MANAGE_THREADS))
    if call.uploads:
        call.channel(P.ATTACH_FILES)
    if call.json.get("embeds"):
        call.channel(P.EMBED_LINKS)
    if call.json.get("message_reference"):
        call.channel(P.READ_MESSAGE_HISTORY)
    return channel


def _is_taken(call: RestCall, channel: Channel) -> bool:
    """Return whether a direct message arrives: its person takes them and shares a server."""
    (person,) = (m.user for m in channel.guild.members.values() if m.user is not call.bot.user)
    together = {person.id, call.bot.id}
    shared = any(together <= guild.members.keys() for guild in call.world.guilds.values())
    return shared and person.takes_messages


@table.route("POST", "/channels/{channel_id}/messages", bucket="message-send")
def post_message(call: RestCall) -> Reply:
    """Post a message, perhaps as a reply, perhaps with files."""
    channel = _writable(call)
    check_message(call.form, files=len(call.uploads))
    data = call.json
    flags = int(data.get("flags") or 0) & SETTABLE_FLAGS & ~(1 << 6)
    reference = _reference(channel, data.get("message_reference"))
    chat = call.backend.chat
    message = chat.compose(channel, call.bot.user, data, call.uploads, flags=flags)
    if reference is not None:
        message.reference = reference
        message.type = 19
    chat.post(message)
    answer = message_json(message, call.bot.id)
    return answer | ({"nonce": data["nonce"]} if data.get("nonce") else {})


def _reference(channel: Channel, wanted: Json | None) -> Json | None:
    if not wanted:
        return None
    message_id = str(wanted.get("message_id"))
    found = channel.message(int(message_id)) if message_id.isdecimal() else None
    if found is None:
        if wanted.get("fail_if_not_exists") is False:
            return None
        errors = {
            "message_reference": {
                "_errors": [{"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}]
            }
        }
        raise Refusal(400, 50035, "Invalid Form Body", errors)
    return {
        "type": 0,
        "message_id": message_id,
        "channel_id": str(channel.id),
        "guild_id": str(channel.guild.id),
    }


@table.route("GET", "/channels/{channel_id}/messages")
def list_messages(call: RestCall) -> Reply:
    """List up to a hundred messages, newest first, around, before or after one."""
    channel = call.channel()
    limit = call.limit(50, 100)
    if not channel.guild.permissions(call.bot.id, channel) & P.READ_MESSAGE_HISTORY:
        return []
    standing = [m for m in channel.messages if not m.deleted]
    if "before" in call.query:
        standing = [m for m in standing if m.id < call.id("before")][-limit:]
    elif "after" in call.query:
        standing = [m for m in standing if m.id > call.id("after")][:limit]
    elif "around" in call.query:
        middle = call.id("around")
        standing = sorted(standing, key=lambda m: abs(m.id - middle))[:limit]
        standing.sort(key=lambda m: m.id)
    else:
        standing = standing[-limit:]
    return [message_json(m, call.bot.id) for m in reversed(standing)]


@table.route("GET", "/channels/{channel_id}/messages/{message_id}")
def get_message(call: RestCall) -> Reply:
    """Return one message."""
    channel = call.channel(P.READ_MESSAGE_HISTORY)
    return message_json(call.message(channel), call.bot.id)


@table.route("PATCH", "/channels/{channel_id}/messages/{message_id}", bucket="message-edit")
def edit_message(call: RestCall) -> Reply:
    """Change an own message."""
    channel = call.channel()
    message = call.message(channel)
    check_awake(channel)
    if message.author.id != call.bot.id:
        raise Refusal(403, 50005, "Cannot edit a message authored by another user")
    check_message(call.form, files=len(call.uploads), edit=True, flags=message.flags)
    check_age(call, message)
    call.backend.chat.edit(message, call.json, call.uploads)
    return message_json(message, call.bot.id)


@table.route("DELETE", "/channels/{channel_id}/messages/{message_id}", bucket="message-delete")
def delete_message(call: RestCall) -> Reply:
    """Take a message away; another's only with MANAGE_MESSAGES."""
    channel = call.channel()
    message = call.message(channel)
    check_awake(channel)
    if message.author.id != call.bot.id:
        call.channel(P.MANAGE_MESSAGES)
    call.backend.chat.delete([message])
    return None


@table.route("POST", "/channels/{channel_id}/messages/bulk-delete", bucket="bulk-delete")
def delete_messages(call: RestCall) -> Reply:
    """Take two to a hundred messages away, none older than two weeks."""
    channel = call.channel(P.MANAGE_MESSAGES)
    check_awake(channel)
    form = call.form
    ids = [entry.integer(0) for entry in form["messages"].items(2, 100, required=True)]
    form.refuse_if_wrong()
    oldest = call.world.wall() - TOO_OLD_FOR_BULK
    if any(i is not None and created_at(i) < oldest for i in ids):
        raise Refusal(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    found = [message for i in ids if i is not None and (message := channel.message(i)) is not None]
    if found:
        call.backend.chat.delete(found, bulk=True)
    return None


_REACTION = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"


@table.route("PUT", _REACTION, bucket="reaction")
def add_reaction(call: RestCall) -> Reply:
    """React to a message; the first of an emoji needs ADD_REACTIONS."""
    channel = call.channel(P.READ_MESSAGE_HISTORY)
    message = call.message(channel)
    emoji = _emoji(call)
    if emoji not in message.reactions:
        call.channel(P.ADD_REACTIONS)
    call.backend.chat.react(message, call.bot.user, emoji, on=True)
    return None


@table.route("DELETE", _REACTION, bucket="reaction")
def remove_reaction(call: RestCall) -> Reply:
    """Take an own reaction away."""
    message = call.message(call.channel())
    emoji = _emoji(call)
    if call.bot.id not in message.reactions.get(emoji, set()):
        raise unknown("Emoji")
    call.backend.chat.react(message, call.bot.user, emoji, on=False)
    return None


def _emoji(call: RestCall) -> str:
    emoji = unquote(call.params["emoji"])
    if not emoji or emoji.isascii():  # custom emojis do not exist here
        raise unknown("Emoji")
    return emoji
