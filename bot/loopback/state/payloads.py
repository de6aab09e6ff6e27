"""The things of this Discord as its API writes them."""

from bot.loopback.state.entities import (
    Attachment,
    Bot,
    Channel,
    GuildMember,
    GuildState,
    Json,
    Message,
    MessageFlags,
    Role,
    User,
    VoiceState,
    Webhook,
)
from bot.loopback.state.permissions import Overwrite
from bot.loopback.state.snowflake import iso


def user_json(user: User) -> Json:
    """Return a user object."""
    return {
        "id": str(user.id),
        "username": user.name if user.bot else user.name.lower().replace(" ", "_"),
        "global_name": None if user.bot else user.name,
        "discriminator": f"{user.id % 10000:04}" if user.bot else "0",
        "avatar": user.avatar,
        "bot": user.bot,
        "flags": 0,
        "public_flags": 0,
    }


def member_json(member: GuildMember, *, with_user: bool = True) -> Json:
    """Return a guild member object."""
    data: Json = {
        "roles": [str(role_id) for role_id in sorted(member.role_ids)],
        "nick": member.nick,
        "avatar": None,
        "joined_at": iso(member.joined_at),
        "premium_since": None,
        "deaf": member.deaf,
        "mute": member.mute,
        "pending": False,
        "flags": 0,
        "communication_disabled_until": None,
    }
    if with_user:
        data["user"] = user_json(member.user)
    return data


def role_json(role: Role) -> Json:
    """Return a role object."""
    data: Json = {
        "id": str(role.id),
        "name": role.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": role.position,
        "permissions": str(int(role.permissions)),
        "managed": role.bot_id is not None,
        "mentionable": False,
        "flags": 0,
    }
    if role.bot_id is not None:
        data["tags"] = {"bot_id": str(role.bot_id)}
    return data


def overwrite_json(overwrite: Overwrite) -> Json:
    """Return a permission overwrite object."""
    return {
        "id": str(overwrite.target_id),
        "type": int(overwrite.is_member),
        "allow": str(int(overwrite.allow)),
        "deny": str(int(overwrite.deny)),
    }


def channel_json(channel: Channel) -> Json:
    """Return a channel or thread object."""
    last = channel.messages[-1].id if channel.messages else None
    if channel.is_direct:
        members = channel.guild.members.values()
        return {
            "id": str(channel.id),
            "type": int(channel.type),
            "last_message_id": None if last is None else str(last),
            "flags": 0,
            "recipients": [user_json(m.user) for m in members if not m.user.bot],
        }
    data: Json = {
        "id": str(channel.id),
        "guild_id": str(channel.guild.id),
        "type": int(channel.type),
        "name": channel.name,
        "last_message_id": None if last is None else str(last),
        "rate_limit_per_user": channel.slowmode_s,
        "parent_id": None if channel.parent is None else str(channel.parent.id),
        "flags": 0,
    }
    if channel.is_thread:
        moment = channel.archive_changed or channel.created
        return data | {
            "owner_id": str(channel.owner_id),
            "message_count": sum(not m.deleted for m in channel.messages),
            "total_message_sent": len(channel.messages),
            "member_count": min(len(channel.thread_member_ids), 50),
            "thread_metadata": {
                "archived": channel.archived,
                "auto_archive_duration": channel.auto_archive_minutes,
                "archive_timestamp": None if moment is None else iso(moment),
                "create_timestamp": None if channel.created is None else iso(channel.created),
                "locked": channel.locked,
            },
        }
    data |= {
        "position": channel.position,
        "permission_overwrites": [overwrite_json(o) for o in channel.overwrites.values()],
        "topic": channel.topic,
        "nsfw": False,
    }
    if channel.is_voice:
        data |= {"bitrate": 64000, "user_limit": channel.user_limit, "rtc_region": None}
        data |= {"status": channel.status, "video_quality_mode": 1}
    return data


def attachment_json(attachment: Attachment) -> Json:
    """Return an attachment object."""
    return {
        "id": str(attachment.id),
        "filename": attachment.filename,
        "description": attachment.description,
        "content_type": attachment.content_type,
        "size": len(attachment.content),
        "url": attachment.url,
        "proxy_url": attachment.url,
    }


def _author_json(message: Message) -> Json:
    if isinstance(message.author, User):
        return user_json(message.author)
    return {
        "id": str(message.author.id),
        "username": message.author_name,
        "global_name": None,
        "discriminator": "0000",
        "avatar": message.author.avatar,
        "bot": True,
        "flags": 0,
        "public_flags": 0,
    }


def message_json(message: Message, viewer_id: int | None, *, content: bool = True) -> Json:
    """Return a message object.

    Args:
        message: The message.
        viewer_id: The account whose reactions are "me".
        content: False blanks what only the privileged MESSAGE_CONTENT intent shows.
    """
    flags = message.flags | (MessageFlags.HAS_THREAD if message.thread is not None else 0)
    data: Json = {
        "id": str(message.id),
        "channel_id": str(message.channel.id),
        "author": _author_json(message),
        "content": message.content if content else "",
        "timestamp": iso(message.timestamp),
        "edited_timestamp": None if message.edited is None else iso(message.edited),
        "tts": False,
        "mention_everyone": message.mention_everyone,
        "mentions": [user_json(user) for user in message.mentions],
        "mention_roles": [],
        "attachments": [attachment_json(a) for a in message.attachments] if content else [],
        "embeds": message.embeds if content else [],
        "components": message.components if content else [],
        "pinned": message.pinned,
        "type": message.type,
        "flags": flags,
        "reactions": [
            {
                "emoji": {"id": None, "name": emoji},
                "count": len(users),
                "me": viewer_id in users,
                "me_burst": False,
                "count_details": {"normal": len(users), "burst": 0},
                "burst_colors": [],
            }
            for emoji, users in message.reactions.items()
        ],
    }
    if message.webhook_id is not None:
        data["webhook_id"] = str(message.webhook_id)
    if message.application_id is not None:
        data["application_id"] = str(message.application_id)
    if message.reference is not None:
        data["message_reference"] = message.reference
    if message.interaction is not None:
        data["interaction_metadata"] = message.interaction
    if message.thread is not None:
        data["thread"] = channel_json(message.thread)
    return data


def webhook_json(webhook: Webhook) -> Json:
    """Return a webhook object, with its token."""
    return {
        "id": str(webhook.id),
        "type": 1,
        "guild_id": str(webhook.channel.guild.id),
        "channel_id": str(webhook.channel.id),
        "name": webhook.name,
        "avatar": webhook.avatar,
        "token": webhook.token,
        "application_id": None if webhook.application_id is None else str(webhook.application_id),
        "user": user_json(webhook.creator),
    }


def voice_state_json(guild: GuildState, state: VoiceState) -> Json:
    """Return a voice state object; its channel is null for someone who left."""
    member = guild.members[state.user_id]
    return {
        "guild_id": str(guild.id),
        "channel_id": None if state.channel_id is None else str(state.channel_id),
        "user_id": str(state.user_id),
        "member": member_json(member),
        "session_id": state.session_id,
        "deaf": member.deaf,
        "mute": member.mute,
        "self_deaf": state.self_deaf,
        "self_mute": state.self_mute,
        "self_video": False,
        "suppress": state.suppress,
        "request_to_speak_timestamp": (
            None if state.request_to_speak is None else iso(state.request_to_speak)
        ),
    }


def guild_json(guild: GuildState) -> Json:
    """Return a guild object as REST gives it: without channels, members and voice states."""
    system = guild.system_channel
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner.id),
        "icon": None,
        "splash": None,
        "banner": None,
        "description": None,
        "roles": [role_json(role) for role in guild.roles.values()],
        "emojis": [],
        "stickers": [],
        "features": [],
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": guild.locale,
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None if system is None else str(system.id),
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "max_members": 500000,
    }


def guild_create_json(guild: GuildState, bot: Bot, *, everyone: bool) -> Json:
    """Return the GUILD_CREATE event for a bot.

    Args:
        guild: The guild.
        bot: Who is told; sees the channels it may see.
        everyone: All members; otherwise only the bot and those in voice.
    """
    visible = [c for c in guild.channels.values() if guild.permissions(bot.id, c)]
    threads = [t for t in guild.threads.values() if not t.archived and guild.permissions(bot.id, t)]
    present = {bot.id, *guild.voice_states}
    joined = guild.members[bot.id].joined_at
    return guild_json(guild) | {
        "joined_at": iso(joined),
        "large": len(guild.members) > 250,
        "unavailable": False,
        "member_count": len(guild.members),
        "members": [
            member_json(m) for user_id, m in guild.members.items() if everyone or user_id in present
        ],
        "voice_states": [voice_state_json(guild, s) for s in guild.voice_states.values()],
        "channels": [channel_json(channel) for channel in visible],
        "threads": [channel_json(thread) for thread in threads],
        "presences": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }
