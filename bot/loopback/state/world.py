"""Everything that exists on this Discord, and the way its changes reach those who are told."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bot.clock import Clock
from bot.loopback.state.entities import (
    Attachment,
    AuditAction,
    Bot,
    Channel,
    ChannelType,
    GuildMember,
    GuildState,
    Json,
    Role,
    User,
    Webhook,
)
from bot.loopback.state.intents import NONE as NO_INTENTS
from bot.loopback.state.intents import Intents
from bot.loopback.state.observation import Complaint, Observers
from bot.loopback.state.payloads import channel_json, member_json, role_json
from bot.loopback.state.permissions import DIRECT, EVERYONE, NONE, Overwrite, Permissions
from bot.loopback.state.refusal import Refusal, missing_access, unknown
from bot.loopback.state.session_starts import SessionStarts
from bot.loopback.state.snowflake import Snowflakes, WallClock


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A gateway event on its way to the bots that are told.

    Attributes:
        name: The event's name, as "MESSAGE_CREATE".
        payload: Its data, or what makes it for one bot with its intents.
        guild: Only bots in this guild are told.
        channel: If given, only those who can see it.
        intents: Any one of these is enough; none are needed when empty.
        to: If given, only this bot.
    """

    name: str
    payload: Json | Callable[[Bot, Intents], Json]
    guild: GuildState
    channel: Channel | None = None
    intents: Intents = NO_INTENTS
    to: Bot | None = None


class World:
    """The registry of all things by id, and the making of new ones.

    Args:
        clock: Measures times.
        wall: Dates what happens.
    """

    def __init__(self, clock: Clock, wall: WallClock) -> None:
        self.clock = clock
        self.wall = wall
        self.ids = Snowflakes(wall)
        self.observers = Observers()
        self.complaints: list[Complaint] = []
        self.users: dict[int, User] = {}
        self.bots: dict[int, Bot] = {}
        self.guilds: dict[int, GuildState] = {}
        self.channels: dict[int, Channel] = {}  # threads too
        self.webhooks: dict[int, Webhook] = {}
        self.attachments: dict[int, Attachment] = {}
        self.files_url = ""
        self.session_starts = SessionStarts()
        self._direct: dict[tuple[int, int], Channel] = {}  # by bot and person
        self._outlets: list[Callable[[Dispatch], None]] = []

    # Events

    def connect(self, outlet: Callable[[Dispatch], None]) -> None:
        """Pass every dispatch on to `outlet`, the gateway."""
        self._outlets.append(outlet)

    def dispatch(self, event: Dispatch) -> None:
        """Send an event to the bots."""
        for outlet in self._outlets:
            outlet(event)

    def complain(
        self, method: str, path: str, status: int = 0, code: int = 0, message: str = ""
    ) -> None:
        """Record that a client did what Discord refuses."""
        complaint = Complaint(self.clock.now(), method, path, status, code, message)
        self.complaints.append(complaint)
        self.observers.notify(complaint)

    # Look-ups

    def bot_by_token(self, token: str) -> Bot | None:
        """Return the bot that a token opens."""
        for bot in self.bots.values():
            if secrets.compare_digest(bot.token, token):
                return bot
        return None

    def guild_for(self, bot: Bot, guild_id: int) -> GuildState:
        """Return a guild that the bot is in.

        Raises:
            Refusal: It is not; Discord does not say whether the guild exists.
        """
        guild = self.guilds.get(guild_id)
        if guild is None:
            raise unknown("Guild")
        if bot.id not in guild.members:
            raise missing_access()
        return guild

    def channel_for(self, user_id: int, channel_id: int, needs: Permissions = NONE) -> Channel:
        """Return a channel in which an account sees what is there and may do what it wants to.

        Raises:
            Refusal: 10003, 50001 or 50013.
        """
        channel = self.channels.get(channel_id)
        if channel is None:
            raise unknown("Channel")
        have = channel.guild.permissions(user_id, channel)
        if not have & Permissions.VIEW_CHANNEL:
            raise missing_access()
        if needs & ~have:
            raise Refusal(403, 50013, "Missing Permissions")
        return channel

    # New things

    def new_user(self, name: str, *, bot: bool = False, locale: str = "en-US") -> User:
        """Create an account; people have a picture of their own, by its hash."""
        user_id = self.ids.new()
        digest = hashlib.sha256(f"{user_id}:{name}".encode()).hexdigest()[:32]
        user = User(user_id, name, None if bot else digest, bot=bot, locale=locale)
        self.users[user.id] = user
        return user

    def new_bot(self, name: str, privileged: Intents) -> Bot:
        """Create an application and its account, with a token shaped like a real one."""
        user = self.new_user(name, bot=True)
        token = f"{user.id}.{secrets.token_hex(3)}.{secrets.token_urlsafe(28)}"
        bot = Bot(user, token, privileged)
        self.bots[bot.id] = bot
        return bot

    def new_guild(self, name: str, locale: str) -> GuildState:
        """Create a server with an owner, @everyone and nothing else."""
        owner = self.new_user(f"{name} owner")
        guild = GuildState(self.ids.new(), name, owner, self.wall(), locale)
        guild.roles[guild.id] = Role(guild.id, "@everyone", EVERYONE)
        guild.members[owner.id] = GuildMember(owner, self.wall())
        self.guilds[guild.id] = guild
        return guild

    def new_channel(self, guild: GuildState, kind: ChannelType, name: str) -> Channel:
        """Create a channel at the end of the guild's list; the bots are told."""
        channel = Channel(
            self.ids.new(), guild, kind, name, position=len(guild.channels), created=self.wall()
        )
        guild.channels[channel.id] = channel
        self.channels[channel.id] = channel
        self.tell_channel("CHANNEL_CREATE", channel)
        return channel

    def direct_channel(self, bot: Bot, user: User) -> Channel:
        """Return the channel for direct messages of a bot and a person; the same each time."""
        pair = (bot.id, user.id)
        if pair not in self._direct:
            nobody = User(0, "", None)
            guild = GuildState(self.ids.new(), "", nobody, self.wall(), direct=True)
            guild.roles[guild.id] = Role(guild.id, "@everyone", DIRECT)
            for member in (bot.user, user):
                guild.members[member.id] = GuildMember(member, self.wall())
            channel = Channel(self.ids.new(), guild, ChannelType.DIRECT, "")
            self.channels[channel.id] = self._direct[pair] = channel
        return self._direct[pair]

    def note(self, guild: GuildState, action: AuditAction, user: User, target_id: int) -> None:
        """Write a line into a guild's audit log."""
        guild.audit.append(
            {
                "id": str(self.ids.new()),
                "user_id": str(user.id),
                "target_id": str(target_id),
                "action_type": int(action),
                "changes": [],
            }
        )

    def new_role(
        self, guild: GuildState, name: str, permissions: Permissions, bot_id: int | None = None
    ) -> Role:
        """Create a role above the others; the bots are told."""
        role = Role(self.ids.new(), name, permissions, len(guild.roles), bot_id)
        guild.roles[role.id] = role
        self.tell_role("GUILD_ROLE_CREATE", guild, role)
        return role

    def new_member(self, guild: GuildState, user: User) -> GuildMember:
        """Let an account enter a guild; the bots are told."""
        member = GuildMember(user, self.wall())
        guild.members[user.id] = member
        data = member_json(member) | {"guild_id": str(guild.id)}
        self.dispatch(Dispatch("GUILD_MEMBER_ADD", data, guild, intents=Intents.GUILD_MEMBERS))
        return member

    # Changes

    def set_overwrite(self, channel: Channel, overwrite: Overwrite) -> None:
        """Allow and deny someone things in a channel; the bots are told."""
        channel.overwrites[overwrite.target_id] = overwrite
        self.tell_channel("CHANNEL_UPDATE", channel)

    def set_permissions(self, guild: GuildState, role: Role, permissions: Permissions) -> None:
        """Give a role other permissions; the bots are told."""
        role.permissions = permissions
        self.tell_role("GUILD_ROLE_UPDATE", guild, role)

    def member_changed(self, guild: GuildState, member: GuildMember) -> None:
        """Tell the bots of a member's new roles, name or state; each bot of itself at any rate."""
        data = member_json(member) | {"guild_id": str(guild.id)}
        own = self.bots.get(member.user.id)
        if own is not None:
            self.dispatch(Dispatch("GUILD_MEMBER_UPDATE", data, guild, to=own))
        else:
            needed = Intents.GUILD_MEMBERS
            self.dispatch(Dispatch("GUILD_MEMBER_UPDATE", data, guild, intents=needed))

    def remove_channel(self, channel: Channel) -> None:
        """Take a channel or thread away with its webhooks; the bots are told."""
        self.tell_channel("THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel)
        for thread in channel.threads:
            self.remove_channel(thread)
        for webhook in channel.webhooks:
            self.webhooks.pop(webhook.id, None)
        channel.webhooks.clear()
        if channel.guild.system_channel is channel:
            channel.guild.system_channel = None
        channel.guild.channels.pop(channel.id, None)
        channel.guild.threads.pop(channel.id, None)
        self.channels.pop(channel.id, None)

    def tell_channel(self, name: str, channel: Channel, extra: Json | None = None) -> None:
        """Send a CHANNEL_ or THREAD_ event."""
        data = channel_json(channel) | (extra or {})
        # A bot that can't see a channel any more is told of that change too.
        seen_by = channel if name != "CHANNEL_UPDATE" else None
        self.dispatch(Dispatch(name, data, channel.guild, seen_by, Intents.GUILDS))

    def tell_role(self, name: str, guild: GuildState, role: Role) -> None:
        """Send a GUILD_ROLE_ event."""
        data = {"guild_id": str(guild.id), "role": role_json(role)}
        self.dispatch(Dispatch(name, data, guild, intents=Intents.GUILDS))
