"""Guilds, their members and roles, and the voice states of members."""

from bot.loopback.rest.call import Reply, RestCall
from bot.loopback.rest.table import Table
from bot.loopback.state.entities import Channel, GuildMember, GuildState, Json
from bot.loopback.state.intents import Intents
from bot.loopback.state.payloads import (
    channel_json,
    guild_json,
    member_json,
    role_json,
    user_json,
    voice_state_json,
)
from bot.loopback.state.permissions import Permissions
from bot.loopback.state.refusal import Refusal, missing_access, missing_permissions, unknown

table = Table()
P = Permissions


@table.route("GET", "/guilds/{guild_id}")
def get_guild(call: RestCall) -> Reply:
    """Return a guild."""
    guild = call.guild()
    data = guild_json(guild)
    if call.flag("with_counts"):
        data |= {
            "approximate_member_count": len(guild.members),
            "approximate_presence_count": len(guild.members),
        }
    return data


@table.route("GET", "/guilds/{guild_id}/channels")
def list_channels(call: RestCall) -> Reply:
    """Return all channels of a guild, without threads."""
    return [channel_json(channel) for channel in call.guild().channels.values()]


@table.route("GET", "/guilds/{guild_id}/roles")
def list_roles(call: RestCall) -> Reply:
    """Return all roles of a guild."""
    return [role_json(role) for role in call.guild().roles.values()]


@table.route("GET", "/guilds/{guild_id}/members")
def list_members(call: RestCall) -> Reply:
    """List members in the order of their ids; needs the privileged members intent."""
    guild = call.guild()
    if not call.bot.privileged & Intents.GUILD_MEMBERS:
        raise missing_access()
    limit = call.limit(1, 1000)
    after = call.id("after") if "after" in call.query else 0
    ids = [user_id for user_id in sorted(guild.members) if user_id > after][:limit]
    return [member_json(guild.members[user_id]) for user_id in ids]


def _member(call: RestCall, guild: GuildState) -> GuildMember:
    member = guild.members.get(call.id("user_id"))
    if member is None:
        raise unknown("Member")
    return member


@table.route("GET", "/guilds/{guild_id}/members/{user_id}")
def get_member(call: RestCall) -> Reply:
    """Return one member."""
    return member_json(_member(call, call.guild()))


@table.route("PATCH", "/guilds/{guild_id}/members/{user_id}")
def change_member(call: RestCall) -> Reply:
    """Rename, mute, deafen, move or throw out of voice."""
    guild = call.guild()
    member = _member(call, guild)
    form = call.form
    form["nick"].string(0, 32)
    mute, deaf = form["mute"].boolean(), form["deaf"].boolean()
    channel_id = form["channel_id"].integer(0)
    form.refuse_if_wrong()
    _check_may_change(call, guild, member, call.json)
    if "nick" in call.json:
        member.nick = call.json["nick"] or None
    if mute is not None or deaf is not None:
        if member.user.id not in guild.voice_states:
            raise Refusal(400, 40032, "Target user is not connected to voice.")
        member.mute = member.mute if mute is None else mute
        member.deaf = member.deaf if deaf is None else deaf
        call.backend.voice.tell(guild, member.user.id)
    if "channel_id" in call.json:
        channel: Channel | None = None
        if channel_id is not None:
            channel = call.world.channel_for(call.bot.id, channel_id, P.CONNECT)
        call.backend.voice.move(guild, member.user.id, channel)
    call.world.member_changed(guild, member)
    return member_json(member)


def _check_may_change(call: RestCall, guild: GuildState, member: GuildMember, data: Json) -> None:
    own = member.user.id == call.bot.id
    needs = Permissions(0)
    if "nick" in data:
        needs |= P.CHANGE_NICKNAME if own else P.MANAGE_NICKNAMES
    if "mute" in data:
        needs |= P.MUTE_MEMBERS
    if "deaf" in data:
        needs |= P.DEAFEN_MEMBERS
    if "channel_id" in data:
        needs |= P.MOVE_MEMBERS
    if needs & ~guild.permissions(call.bot.id):
        raise missing_permissions()
    if "nick" in data and not own and member.user is guild.owner:
        raise missing_permissions()


@table.route("GET", "/guilds/{guild_id}/audit-logs")
def list_audit_log(call: RestCall) -> Reply:
    """Return who did what, newest first."""
    guild = call.guild(P.VIEW_AUDIT_LOG)
    limit = call.limit(50, 100)
    wanted = call.id("action_type") if "action_type" in call.query else None
    entries = [e for e in reversed(guild.audit) if wanted in (None, e["action_type"])][:limit]
    ids = {int(entry["user_id"]) for entry in entries}
    return {
        "audit_log_entries": entries,
        "users": [user_json(call.world.users[user_id]) for user_id in sorted(ids)],
        "application_commands": [],
        "auto_moderation_rules": [],
        "guild_scheduled_events": [],
        "integrations": [],
        "threads": [],
        "webhooks": [],
    }


@table.route("GET", "/guilds/{guild_id}/voice-states/{user_id}")
def get_voice_state(call: RestCall) -> Reply:
    """Return where a member is in voice."""
    guild = call.guild()
    state = guild.voice_states.get(call.id("user_id"))
    if state is None:
        raise unknown("Voice State")
    return voice_state_json(guild, state)


@table.route("PATCH", "/guilds/{guild_id}/voice-states/@me")
def change_voice_state(call: RestCall) -> Reply:
    """Speak up, raise the hand or go back to listening on a stage."""
    guild = call.guild()
    form = call.form
    form["suppress"].boolean()
    form["channel_id"].integer(0)
    form["request_to_speak_timestamp"].string(1, 64)
    form.refuse_if_wrong()
    call.backend.voice.speak_on_stage(call.bot, guild, call.json)
    return None
