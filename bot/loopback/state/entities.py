"""The things of a Discord and how they hang together. Data; the rules stand elsewhere."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from bot.loopback.state.intents import NONE, Intents
from bot.loopback.state.permissions import Overwrite, Permissions, in_channel, in_guild

Json = dict[str, Any]


class ChannelType(IntEnum):
    """The kinds of channel this Discord has."""

    TEXT = 0
    DIRECT = 1
    VOICE = 2
    CATEGORY = 4
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    STAGE = 13


class AuditAction(IntEnum):
    """What the audit log tells here."""

    BOT_ADD = 28


THREADS = frozenset(
    {ChannelType.ANNOUNCEMENT_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD}
)
ACTIVE_THREADS = 1000  # the most of a server
VOICE = frozenset({ChannelType.VOICE, ChannelType.STAGE})


class MessageFlags:
    """The bits of a message's flags that have a meaning here."""

    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    COMPONENTS_V2 = 1 << 15


@dataclass(slots=True, eq=False)
class User:
    """An account: a person's or a bot's."""

    id: int
    name: str
    avatar: str | None
    bot: bool = False
    locale: str = "en-US"
    takes_messages: bool = True  # direct ones


@dataclass(slots=True)
class Switches:
    """What an application's owner has chosen in the developer portal.

    Attributes:
        public: Whether anyone may add it to a server.
        code_grant: Whether that takes the whole of OAuth2.
        interactions_url: Where interactions are sent in the place of the gateway.
        scopes: Default install settings: what the Add App button asks for; empty: there are none.
        permissions: The permissions among them.
        sessions_left: How often it may still begin a session on the gateway today.
    """

    public: bool = False
    code_grant: bool = False
    interactions_url: str | None = None
    scopes: tuple[str, ...] = ()
    permissions: Permissions = field(default_factory=lambda: Permissions(0))
    sessions_left: int = 1000


@dataclass(slots=True, eq=False)
class Bot:
    """An application with its bot account.

    Attributes:
        owner: Whose application it is; None: nobody's who can be written to.
    """

    user: User
    token: str = field(repr=False)
    privileged: Intents = NONE
    switches: Switches = field(default_factory=Switches)
    commands: dict[int, Json] = field(default_factory=dict)  # the global ones, by id
    guild_commands: dict[int, dict[int, Json]] = field(default_factory=dict)
    owner: User | None = None

    @property
    def id(self) -> int:
        """The bot account's id."""
        return self.user.id

    @property
    def application_id(self) -> int:
        """The application's id; the same as the account's, as Discord has it since 2017."""
        return self.user.id

    @property
    def name(self) -> str:
        """The name shown in the member list."""
        return self.user.name


@dataclass(slots=True, eq=False)
class Role:
    """A named set of permissions; the one with the guild's own id is @everyone's."""

    id: int
    name: str
    permissions: Permissions
    position: int = 0
    bot_id: int | None = None  # a managed role belongs to the bot it came with


@dataclass(slots=True, eq=False)
class GuildMember:
    """An account in a guild."""

    user: User
    joined_at: datetime
    role_ids: set[int] = field(default_factory=set)
    nick: str | None = None
    mute: bool = False
    deaf: bool = False


@dataclass(slots=True, eq=False)
class VoiceState:
    """Where and how a member is in voice; `channel_id` is None for one who just left."""

    user_id: int
    channel_id: int | None
    session_id: str
    self_mute: bool = False
    self_deaf: bool = False
    suppress: bool = False
    request_to_speak: datetime | None = None


@dataclass(slots=True, eq=False)
class Attachment:
    """A file in a message, with its bytes."""

    id: int
    filename: str
    content: bytes = field(repr=False)
    content_type: str
    url: str
    description: str | None = None


@dataclass(slots=True, eq=False)
class Webhook:
    """A channel's webhook; `application_id` is of the bot that made it."""

    id: int
    token: str = field(repr=False)
    name: str
    avatar: str | None
    channel: "Channel"
    creator: User
    application_id: int | None


@dataclass(slots=True, eq=False)
class Message:
    """A message as it stands, with what it said before.

    Attributes:
        author_name: The name shown: a webhook message's own username, else the account's name.
        avatar_url: Set where a webhook message brought one.
        posted_at: When it was posted, in clock seconds.
        edits: Clock seconds and the content from then on, oldest first.
        thread: The thread that was started from this message.
        private_to: The only person who sees it (ephemeral); then it is in no channel's list.
        application_id: The application whose interaction or webhook posted it.
    """

    id: int
    channel: "Channel"
    author: User | Webhook
    author_name: str
    content: str
    posted_at: float
    timestamp: datetime
    avatar_url: str | None = None
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    edits: list[tuple[float, str]] = field(default_factory=list)
    edited: datetime | None = None
    deleted: bool = False
    pinned: bool = False
    type: int = 0
    thread: "Channel | None" = None
    reference: Json | None = None
    reactions: dict[str, set[int]] = field(default_factory=dict)
    application_id: int | None = None
    interaction: Json | None = None
    private_to: int | None = None
    mention_everyone: bool = False
    mentions: list[User] = field(default_factory=list)

    @property
    def webhook_id(self) -> int | None:
        """The webhook that posted it, or for interactions the application."""
        if isinstance(self.author, Webhook):
            return self.author.id
        return self.application_id if self.interaction is not None else None

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return bool(self.flags & MessageFlags.EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether it is the "is thinking…" of a deferred interaction."""
        return bool(self.flags & MessageFlags.LOADING)


@dataclass(slots=True, eq=False)
class Channel:
    """A channel or thread.

    Attributes:
        messages: All ever posted, oldest first; deleted ones stay and say so.
        status: A voice channel's status line.
        parent: The channel a thread hangs in.
        webhooks: The webhooks that exist now.
    """

    id: int
    guild: "GuildState"
    type: ChannelType
    name: str
    position: int = 0
    topic: str | None = None
    slowmode_s: int = 0
    user_limit: int = 0
    status: str | None = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    webhooks: list[Webhook] = field(default_factory=list)
    parent: "Channel | None" = None
    owner_id: int | None = None
    thread_member_ids: set[int] = field(default_factory=set)
    archived: bool = False
    locked: bool = False
    auto_archive_minutes: int = 1440
    archive_changed: datetime | None = None
    created: datetime | None = None

    @property
    def is_thread(self) -> bool:
        """Whether it hangs in another channel."""
        return self.type in THREADS

    @property
    def is_direct(self) -> bool:
        """Whether it is one person's and one bot's alone."""
        return self.type is ChannelType.DIRECT

    @property
    def is_voice(self) -> bool:
        """Whether people can join it by voice."""
        return self.type in VOICE

    @property
    def threads(self) -> list["Channel"]:
        """The threads that hang in it, oldest first."""
        return [thread for thread in self.guild.threads.values() if thread.parent is self]

    def message(self, message_id: int) -> Message | None:
        """Return a message that still stands, or None."""
        for message in reversed(self.messages):
            if message.id == message_id:
                return None if message.deleted else message
        return None


@dataclass(slots=True, eq=False)
class GuildState:
    """A server: its roles, members, channels and who is in voice.

    Attributes:
        most_threads: How many may be active.
        system_channel: Where Discord greets newcomers.
        audit: Who did what, as the audit log tells it; oldest first.
        direct: It is no server, but holds one person's and one bot's direct messages.
    """

    id: int
    name: str
    owner: User
    created: datetime
    locale: str = "en-US"
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, GuildMember] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    threads: dict[int, Channel] = field(default_factory=dict)
    voice_states: dict[int, VoiceState] = field(default_factory=dict)
    most_threads: int = ACTIVE_THREADS
    system_channel: Channel | None = None
    audit: list[Json] = field(default_factory=list)
    direct: bool = False

    def permissions(self, user_id: int, channel: Channel | None = None) -> Permissions:
        """Return what a member may do in a channel or the whole guild; nothing if they are none."""
        member = self.members.get(user_id)
        if member is None:
            return Permissions(0)
        base = in_guild(
            self.roles[self.id].permissions,
            (self.roles[role_id].permissions for role_id in member.role_ids),
            owner=self.owner.id == user_id,
        )
        if channel is None:
            return base
        place = channel.parent or channel
        return in_channel(
            base,
            place.overwrites.values(),
            guild_id=self.id,
            role_ids=frozenset(member.role_ids),
            user_id=user_id,
            voice=place.is_voice,
        )

    def in_voice(self, channel: Channel) -> list[int]:
        """Return the accounts in a voice channel."""
        return [s.user_id for s in self.voice_states.values() if s.channel_id == channel.id]
