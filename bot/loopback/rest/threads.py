"""Threads: starting them, listing them, being in them. They are changed as channels are."""

from bot.loopback.rest.call import Reply, RestCall
from bot.loopback.rest.channels import ARCHIVE_AFTER_MINUTES
from bot.loopback.rest.table import Table
from bot.loopback.state.entities import THREADS, Channel, ChannelType, Json
from bot.loopback.state.payloads import channel_json
from bot.loopback.state.permissions import Permissions
from bot.loopback.state.refusal import Refusal, thread_archived
from bot.loopback.state.snowflake import iso

table = Table()
P = Permissions
HOLDERS = frozenset({ChannelType.TEXT, ChannelType.ANNOUNCEMENT})


def _check_form(call: RestCall) -> Json:
    form = call.form
    form["name"].string(1, 100, required=True)
    form["auto_archive_duration"].choice(ARCHIVE_AFTER_MINUTES)
    form["rate_limit_per_user"].integer(0, 21_600)
    form["type"].choice(tuple(int(kind) for kind in THREADS))
    form.refuse_if_wrong()
    return call.json


def _parent(call: RestCall, needs: Permissions) -> Channel:
    channel = call.channel()
    if channel.type not in HOLDERS:  # voice channel chat can't hold threads
        raise _wrong_type()
    call.channel(needs)
    active = sum(not thread.archived for thread in channel.guild.threads.values())
    if active >= channel.guild.most_threads:
        raise Refusal(400, 160006, "Maximum number of active threads reached")
    return channel


def _wrong_type() -> Refusal:
    return Refusal(400, 50024, "Cannot execute action on this channel type")


@table.route("POST", "/channels/{channel_id}/threads", bucket="thread-start")
def start_thread(call: RestCall) -> Reply:
    """Start a thread from no message; private unless its type says otherwise."""
    data = _check_form(call)
    kind = ChannelType(data.get("type") or ChannelType.PRIVATE_THREAD)
    private = kind is ChannelType.PRIVATE_THREAD
    parent = _parent(call, P.CREATE_PRIVATE_THREADS if private else P.CREATE_PUBLIC_THREADS)
    if (parent.type is ChannelType.TEXT) is (kind is ChannelType.ANNOUNCEMENT_THREAD):
        raise _wrong_type()
    chat = call.backend.chat
    thread = chat.start_thread(parent, call.bot.user, data["name"], data | {"type": kind})
    return channel_json(thread)


@table.route("POST", "/channels/{channel_id}/messages/{message_id}/threads", bucket="thread-start")
def start_thread_from_message(call: RestCall) -> Reply:
    """Start a public thread from a message."""
    data = _check_form(call)
    parent = _parent(call, P.CREATE_PUBLIC_THREADS | P.READ_MESSAGE_HISTORY)
    message = call.message(parent)
    if message.thread is not None:
        raise Refusal(400, 160004, "A thread has already been created for this message")
    text = parent.type is ChannelType.TEXT
    kind = ChannelType.PUBLIC_THREAD if text else ChannelType.ANNOUNCEMENT_THREAD
    public = data | {"type": int(kind)}
    chat = call.backend.chat
    thread = chat.start_thread(parent, call.bot.user, data["name"], public, message)
    return channel_json(thread)


@table.route("GET", "/guilds/{guild_id}/threads/active")
def list_active_threads(call: RestCall) -> Reply:
    """Return the guild's threads that are not archived and that the bot sees."""
    guild = call.guild()
    threads = [
        thread
        for thread in guild.threads.values()
        if not thread.archived and guild.permissions(call.bot.id, thread)
    ]
    return {
        "threads": [channel_json(thread) for thread in threads],
        "members": [_member(t, call.bot.id) for t in threads if call.bot.id in t.thread_member_ids],
    }


@table.route("GET", "/channels/{channel_id}/threads/archived/public")
def list_archived_threads(call: RestCall) -> Reply:
    """Return a channel's archived public threads, newest first."""
    channel = call.channel(P.READ_MESSAGE_HISTORY)
    private = ChannelType.PRIVATE_THREAD
    archived = [t for t in channel.threads if t.archived and t.type is not private]
    return {
        "threads": [channel_json(thread) for thread in reversed(archived)],
        "members": [],
        "has_more": False,
    }


@table.route("PUT", "/channels/{channel_id}/thread-members/@me")
def join_thread(call: RestCall) -> Reply:
    """Add the bot to a thread."""
    _thread(call).thread_member_ids.add(call.bot.id)
    return None


@table.route("DELETE", "/channels/{channel_id}/thread-members/@me")
def leave_thread(call: RestCall) -> Reply:
    """Remove the bot from a thread."""
    _thread(call).thread_member_ids.discard(call.bot.id)
    return None


@table.route("GET", "/channels/{channel_id}/thread-members")
def list_thread_members(call: RestCall) -> Reply:
    """List who is in a thread."""
    thread = _thread(call)
    return [_member(thread, user_id) for user_id in sorted(thread.thread_member_ids)]


def _thread(call: RestCall) -> Channel:
    thread = call.channel()
    if not thread.is_thread:
        raise _wrong_type()
    if thread.archived:
        raise thread_archived()
    return thread


def _member(thread: Channel, user_id: int) -> Json:
    started = thread.created
    return {
        "id": str(thread.id),
        "user_id": str(user_id),
        "join_timestamp": None if started is None else iso(started),
        "flags": 0,
    }
