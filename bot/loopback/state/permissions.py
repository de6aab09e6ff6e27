"""Who may do what: the bits, and how roles and overwrites add up to them.

https://discord.com/developers/docs/topics/permissions
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag


class Permissions(IntFlag):
    """The bits this Discord looks at; others are kept and passed on."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    PRIORITY_SPEAKER = 1 << 8
    STREAM = 1 << 9
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CONNECT = 1 << 20
    SPEAK = 1 << 21
    MUTE_MEMBERS = 1 << 22
    DEAFEN_MEMBERS = 1 << 23
    MOVE_MEMBERS = 1 << 24
    USE_VAD = 1 << 25
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    REQUEST_TO_SPEAK = 1 << 32
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    SET_VOICE_CHANNEL_STATUS = 1 << 48
    PIN_MESSAGES = 1 << 51

    @classmethod
    def everything(cls) -> "Permissions":
        """Return every bit: what owners and administrators have."""
        return cls((1 << 53) - 1)


P = Permissions
NONE = P(0)

# What a new server gives everyone.
EVERYONE = (
    P.CREATE_INSTANT_INVITE
    | P.ADD_REACTIONS
    | P.STREAM
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.MENTION_EVERYONE
    | P.USE_EXTERNAL_EMOJIS
    | P.CONNECT
    | P.SPEAK
    | P.USE_VAD
    | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS
    | P.REQUEST_TO_SPEAK
    | P.CREATE_PUBLIC_THREADS
    | P.CREATE_PRIVATE_THREADS
    | P.SEND_MESSAGES_IN_THREADS
)

# What both may do in direct messages.
DIRECT = (
    P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.USE_APPLICATION_COMMANDS
)

# What an invite of a bot that writes captions and speaks asks for.
INVITED = (
    P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.MANAGE_WEBHOOKS
    | P.CONNECT
    | P.SPEAK
    | P.USE_VAD
    | P.CREATE_PUBLIC_THREADS
    | P.SEND_MESSAGES_IN_THREADS
    | P.SET_VOICE_CHANNEL_STATUS
)

# Without SEND_MESSAGES these mean nothing.
_NEEDS_SENDING = P.MENTION_EVERYONE | P.SEND_TTS_MESSAGES | P.ATTACH_FILES | P.EMBED_LINKS
# Without CONNECT these mean nothing in a voice channel.
_NEEDS_CONNECT = (
    P.STREAM
    | P.SPEAK
    | P.MUTE_MEMBERS
    | P.DEAFEN_MEMBERS
    | P.MOVE_MEMBERS
    | P.USE_VAD
    | P.PRIORITY_SPEAKER
    | P.SET_VOICE_CHANNEL_STATUS
    | P.REQUEST_TO_SPEAK
    | P.MANAGE_CHANNELS
    | P.MANAGE_ROLES
)


@dataclass(frozen=True, slots=True)
class Overwrite:
    """What a channel allows or denies one role or member."""

    target_id: int
    is_member: bool
    allow: Permissions = NONE
    deny: Permissions = NONE


def in_guild(everyone: int, roles: Iterable[int], *, owner: bool) -> Permissions:
    """Return what a member may do in a guild before any channel has its say."""
    total = everyone
    for role in roles:
        total |= role
    if owner or total & P.ADMINISTRATOR:
        return P.everything()
    return P(total)


def in_channel(
    base: Permissions,
    overwrites: Iterable[Overwrite],
    *,
    guild_id: int,
    role_ids: frozenset[int],
    user_id: int,
    voice: bool,
) -> Permissions:
    """Return what a member with `base` in the guild may do in a channel."""
    if base & P.ADMINISTRATOR:
        return P.everything()
    everyone_allow = everyone_deny = role_allow = role_deny = own_allow = own_deny = 0
    for overwrite in overwrites:
        if overwrite.is_member:
            if overwrite.target_id == user_id:
                own_allow, own_deny = int(overwrite.allow), int(overwrite.deny)
        elif overwrite.target_id == guild_id:
            everyone_allow, everyone_deny = int(overwrite.allow), int(overwrite.deny)
        elif overwrite.target_id in role_ids:
            role_allow |= int(overwrite.allow)
            role_deny |= int(overwrite.deny)
    total = int(base) & ~everyone_deny | everyone_allow
    total = total & ~role_deny | role_allow
    total = total & ~own_deny | own_allow
    if not total & P.VIEW_CHANNEL:
        return NONE
    if not total & P.SEND_MESSAGES:
        total &= ~_NEEDS_SENDING
    if voice and not total & P.CONNECT:
        total &= ~_NEEDS_CONNECT
    return P(total)
