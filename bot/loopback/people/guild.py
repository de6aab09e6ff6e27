"""A server on this Discord, to be furnished and peopled."""

from bot.loopback.backend import Backend
from bot.loopback.people.person import Person
from bot.loopback.state.entities import (
    AuditAction,
    Bot,
    Channel,
    ChannelType,
    GuildState,
    Role,
    Webhook,
)
from bot.loopback.state.intents import Intents
from bot.loopback.state.payloads import guild_create_json, guild_json, user_json
from bot.loopback.state.permissions import INVITED, NONE, Overwrite, Permissions
from bot.loopback.state.world import Dispatch
from bot.loopback.voice import VoiceServer


class Guild:
    """One server: adds channels, roles, people and bots to it."""

    def __init__(self, backend: Backend, voice: VoiceServer, state: GuildState) -> None:
        self._backend = backend
        self._voice = voice
        self.state = state

    @property
    def id(self) -> int:
        """The guild's id, which is @everyone's too."""
        return self.state.id

    @property
    def name(self) -> str:
        """The guild's name."""
        return self.state.name

    @property
    def everyone(self) -> Role:
        """The role that everyone has."""
        return self.state.roles[self.id]

    def add_text_channel(self, name: str) -> Channel:
        """Add a text channel."""
        return self._backend.world.new_channel(self.state, ChannelType.TEXT, name)

    def add_announcement_channel(self, name: str) -> Channel:
        """Add a text channel that others may follow."""
        return self._backend.world.new_channel(self.state, ChannelType.ANNOUNCEMENT, name)

    def add_voice_channel(self, name: str, *, user_limit: int = 0) -> Channel:
        """Add a voice channel, end-to-end encrypted."""
        channel = self._backend.world.new_channel(self.state, ChannelType.VOICE, name)
        channel.user_limit = user_limit
        return channel

    def add_stage_channel(self, name: str) -> Channel:
        """Add a stage channel, which has no end-to-end encryption."""
        channel = self._backend.world.new_channel(self.state, ChannelType.STAGE, name)
        self._voice.set_dave(channel.id, 0)
        return channel

    def add_role(self, name: str, permissions: Permissions = NONE) -> Role:
        """Add a role that nobody has yet."""
        return self._backend.world.new_role(self.state, name, permissions)

    def add_person(self, name: str, *, locale: str = "en-US", admin: bool = False) -> Person:
        """Add a member with @everyone's permissions, or with `admin` with all."""
        world = self._backend.world
        user = world.new_user(name, locale=locale)
        member = world.new_member(self.state, user)
        if admin:
            member.role_ids.add(self.add_role(f"{name}'s", Permissions.ADMINISTRATOR).id)
        return Person(self._backend, self.state, user)

    def use_for_system_messages(self, channel: Channel | None) -> None:
        """Choose the channel in which Discord greets newcomers, or none."""
        self.state.system_channel = channel
        changed = guild_json(self.state)
        needed = Intents.GUILDS
        self._backend.world.dispatch(Dispatch("GUILD_UPDATE", changed, self.state, intents=needed))

    def invite(
        self, bot: Bot, permissions: Permissions = INVITED, *, by: Person | None = None
    ) -> Role:
        """Let a bot in, with a managed role that has these permissions; returns the role.

        Args:
            bot: The bot that is let in.
            permissions: The role's permissions.
            by: Whom the audit log names; None: the owner.
        """
        world = self._backend.world
        inviter = self.state.owner if by is None else by.user
        world.note(self.state, AuditAction.BOT_ADD, inviter, bot.id)
        role = world.new_role(self.state, bot.name, permissions, bot_id=bot.id)
        member = world.new_member(self.state, bot.user)
        member.role_ids.add(role.id)
        created = guild_create_json(self.state, bot, everyone=False)
        # Discord names `unavailable` only for servers that the bot was in before.
        del created["unavailable"]
        world.dispatch(Dispatch("GUILD_CREATE", created, self.state, to=bot))
        return role

    def begin_outage(self, bot: Bot) -> None:
        """Let the server be out of order: the bot is told that it is not there for now."""
        gone = {"id": str(self.id), "unavailable": True}
        self._backend.world.dispatch(Dispatch("GUILD_DELETE", gone, self.state, to=bot))

    def end_outage(self, bot: Bot) -> None:
        """Let the server be there again."""
        created = guild_create_json(self.state, bot, everyone=False)
        self._backend.world.dispatch(Dispatch("GUILD_CREATE", created, self.state, to=bot))

    def remove(self, member: Person | Bot) -> None:
        """Throw a member out of the server."""
        world = self._backend.world
        self._backend.voice.place(self.state, member.id, None)
        if isinstance(member, Bot):
            gone = {"id": str(self.id)}
            world.dispatch(Dispatch("GUILD_DELETE", gone, self.state, to=member))
            own = [role for role in self.state.roles.values() if role.bot_id == member.id]
            for role in own:
                del self.state.roles[role.id]
        del self.state.members[member.id]
        left = {"guild_id": str(self.id), "user": user_json(member.user)}
        needed = Intents.GUILD_MEMBERS
        world.dispatch(Dispatch("GUILD_MEMBER_REMOVE", left, self.state, intents=needed))

    def give(self, member: Person | Bot, role: Role) -> None:
        """Give a member a role."""
        entry = self.state.members[member.id]
        entry.role_ids.add(role.id)
        self._backend.world.member_changed(self.state, entry)

    def set_permissions(self, role: Role, permissions: Permissions) -> None:
        """Give a role, such as `everyone`, other permissions."""
        self._backend.world.set_permissions(self.state, role, permissions)

    def allow(self, channel: Channel, target: Person | Bot | Role, what: Permissions) -> None:
        """Let a member or role do things in a channel, whatever their roles say."""
        before = channel.overwrites.get(target.id)
        allow, deny = (before.allow, before.deny) if before else (NONE, NONE)
        self._overwrite(channel, target, allow | what, deny & ~what)

    def deny(self, channel: Channel, target: Person | Bot | Role, what: Permissions) -> None:
        """Keep a member or role from doing things in a channel."""
        before = channel.overwrites.get(target.id)
        allow, deny = (before.allow, before.deny) if before else (NONE, NONE)
        self._overwrite(channel, target, allow & ~what, deny | what)

    def delete_channel(self, channel: Channel) -> None:
        """Take a channel away, as a moderator does."""
        for user_id in self.state.in_voice(channel):
            self._backend.voice.place(self.state, user_id, None)
        self._backend.world.remove_channel(channel)

    def change_thread(
        self, thread: Channel, *, archived: bool | None = None, locked: bool | None = None
    ) -> None:
        """Archive or lock a thread, or take that back, as a moderator does; None: as it is."""
        thread.locked = thread.locked if locked is None else locked
        archived = thread.archived if archived is None else archived
        self._backend.chat.change_thread(thread, archived=archived)

    def add_webhook(self, channel: Channel, owner: Bot, name: str) -> Webhook:
        """Add a webhook of another application's."""
        return self._backend.chat.new_webhook(channel, owner, name, None)

    def delete_webhook(self, webhook: Webhook) -> None:
        """Take a webhook away, as a moderator does."""
        self._backend.chat.remove_webhook(webhook)

    def move_webhook(self, webhook: Webhook, channel: Channel) -> None:
        """Let a webhook write to another channel, as a moderator does."""
        self._backend.chat.change_webhook(webhook, {}, channel)

    def disconnect(self, member: Person | Bot) -> None:
        """Throw a member out of voice, as a moderator does."""
        self._backend.voice.move(self.state, member.id, None)

    def move(self, member: Person | Bot, channel: Channel) -> None:
        """Move a member to another voice channel, as a moderator does."""
        self._backend.voice.move(self.state, member.id, channel)

    def _overwrite(
        self,
        channel: Channel,
        target: Person | Bot | Role,
        allow: Permissions,
        deny: Permissions,
    ) -> None:
        is_member = not isinstance(target, Role)
        overwrite = Overwrite(target.id, is_member, allow, deny)
        self._backend.world.set_overwrite(channel, overwrite)
