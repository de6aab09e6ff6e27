"""Channels themselves: reading, changing, overwrites, status, typing."""

from bot.loopback.rest.call import Reply, RestCall
from bot.loopback.rest.field import Field
from bot.loopback.rest.table import Table
from bot.loopback.state.entities import Channel, ChannelType, Json
from bot.loopback.state.intents import Intents
from bot.loopback.state.payloads import channel_json
from bot.loopback.state.permissions import Overwrite, Permissions
from bot.loopback.state.refusal import Refusal, missing_permissions, thread_archived
from bot.loopback.state.world import Dispatch

table = Table()
P = Permissions

ARCHIVE_AFTER_MINUTES = (60, 1440, 4320, 10080)


@table.route("GET", "/channels/{channel_id}")
def get_channel(call: RestCall) -> Reply:
    """Return a channel or thread."""
    return channel_json(call.channel())


@table.route("PATCH", "/channels/{channel_id}", bucket="channel-change")
def change_channel(call: RestCall) -> Reply:
    """Change a channel or thread."""
    channel = call.channel()
    form = call.form
    form["name"].string(1, 100)
    form["topic"].string(0, 1024)
    form["user_limit"].integer(0, 99 if channel.type is ChannelType.VOICE else 10_000)
    form["rate_limit_per_user"].integer(0, 21_600)
    form["archived"].boolean()
    form["locked"].boolean()
    form["auto_archive_duration"].choice(ARCHIVE_AFTER_MINUTES)
    overwrites = [_overwrite(entry) for entry in form["permission_overwrites"].items(0, 1000)]
    form.refuse_if_wrong()
    data = call.json
    if channel.is_thread:
        _change_thread(call, channel, data)
        return channel_json(channel)
    call.channel(P.MANAGE_CHANNELS)
    if form["permission_overwrites"].given:
        call.channel(P.MANAGE_ROLES)
        channel.overwrites = {o.target_id: o for o in overwrites if o is not None}
    channel.name = data.get("name") or channel.name
    channel.topic = data.get("topic", channel.topic)
    channel.user_limit = int(data.get("user_limit") or 0)
    channel.slowmode_s = int(data.get("rate_limit_per_user") or 0)
    call.world.tell_channel("CHANNEL_UPDATE", channel)
    return channel_json(channel)


def _change_thread(call: RestCall, thread: Channel, data: Json) -> None:
    have = thread.guild.permissions(call.bot.id, thread)
    owns = thread.owner_id == call.bot.id and not thread.locked
    only_waking = set(data) <= {"archived"} and data.get("archived") is False
    waking = only_waking and not thread.locked and have & P.SEND_MESSAGES_IN_THREADS
    if not (have & P.MANAGE_THREADS or owns or waking):
        raise missing_permissions()
    if thread.archived and data.get("archived") is not False:
        raise thread_archived()
    if data.get("locked") is not None and not have & P.MANAGE_THREADS:
        raise missing_permissions()
    thread.name = data.get("name") or thread.name
    thread.locked = bool(data.get("locked", thread.locked))
    thread.auto_archive_minutes = data.get("auto_archive_duration") or thread.auto_archive_minutes
    thread.slowmode_s = int(data.get("rate_limit_per_user") or thread.slowmode_s)
    archived = data.get("archived")
    call.backend.chat.change_thread(
        thread, archived=thread.archived if archived is None else bool(archived)
    )


@table.route("DELETE", "/channels/{channel_id}", bucket="channel-change")
def delete_channel(call: RestCall) -> Reply:
    """Take a channel or thread away, for good."""
    channel = call.channel()
    call.channel(P.MANAGE_THREADS if channel.is_thread else P.MANAGE_CHANNELS)
    for user_id in channel.guild.in_voice(channel):
        call.backend.voice.place(channel.guild, user_id, None)
    call.world.remove_channel(channel)
    return channel_json(channel)


@table.route("PUT", "/channels/{channel_id}/permissions/{target_id}", bucket="channel-change")
def set_overwrite(call: RestCall) -> Reply:
    """Allow and deny a role or member things in a channel."""
    channel = call.channel(P.MANAGE_ROLES)
    form = Field({"id": call.params["target_id"]} | call.json)
    overwrite = _overwrite(form)
    form.refuse_if_wrong()
    if overwrite is not None:
        call.world.set_overwrite(channel, overwrite)
    return None


@table.route("DELETE", "/channels/{channel_id}/permissions/{target_id}", bucket="channel-change")
def remove_overwrite(call: RestCall) -> Reply:
    """Take an overwrite away."""
    channel = call.channel(P.MANAGE_ROLES)
    if channel.overwrites.pop(call.id("target_id"), None) is None:
        raise Refusal(404, 10009, "Unknown Overwrite")
    call.world.tell_channel("CHANNEL_UPDATE", channel)
    return None


def _overwrite(field: Field) -> Overwrite | None:
    target = field["id"].integer(0, required=True)
    kind = field["type"].integer(0, 1, required=True)
    allow, deny = field["allow"].integer(0), field["deny"].integer(0)
    if target is None or kind is None:
        return None
    return Overwrite(target, kind == 1, P(allow or 0), P(deny or 0))


@table.route("PUT", "/channels/{channel_id}/voice-status")
def set_voice_status(call: RestCall) -> Reply:
    """Give a voice channel a status line of up to 500 characters, or none.

    One who is in the channel needs SET_VOICE_CHANNEL_STATUS; others MANAGE_CHANNELS as well.
    """
    channel = call.channel(P.SET_VOICE_CHANNEL_STATUS)
    if channel.type is not ChannelType.VOICE:
        raise Refusal(400, 50024, "Cannot execute action on this channel type")
    if call.bot.id not in channel.guild.in_voice(channel):
        call.channel(P.MANAGE_CHANNELS)
    form = call.form
    status = form["status"].string(0, 500)
    form.refuse_if_wrong()
    call.backend.chat.set_status(channel, status)
    return None


@table.route("POST", "/channels/{channel_id}/typing")
def start_typing(call: RestCall) -> Reply:
    """Show for ten seconds that the bot is writing."""
    channel = call.channel()
    call.channel(P.SEND_MESSAGES_IN_THREADS if channel.is_thread else P.SEND_MESSAGES)
    data = {
        "channel_id": str(channel.id),
        "guild_id": str(channel.guild.id),
        "user_id": str(call.bot.id),
        "timestamp": int(call.world.wall().timestamp()),
    }
    needed = Intents.GUILD_MESSAGE_TYPING
    call.world.dispatch(Dispatch("TYPING_START", data, channel.guild, channel, needed))
    return None
