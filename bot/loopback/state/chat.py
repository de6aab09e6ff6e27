"""What happens in text channels: messages, threads, webhooks, reactions. Checked by its callers."""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.loopback.state.entities import (
    Attachment,
    Bot,
    Channel,
    ChannelType,
    Json,
    Message,
    User,
    Webhook,
)
from bot.loopback.state.intents import Intents
from bot.loopback.state.observation import (
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    StatusChanged,
    ThreadStarted,
)
from bot.loopback.state.payloads import message_json, webhook_json
from bot.loopback.state.permissions import Permissions
from bot.loopback.state.world import Dispatch, World

_MENTION = re.compile(r"<@!?(\d+)>")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    index: int
    filename: str
    content_type: str
    content: bytes


class Chat:
    """Changes to text, each told to the bots and to those who watch."""

    def __init__(self, world: World) -> None:
        self._world = world

    # Messages

    def compose(
        self,
        channel: Channel,
        author: User | Webhook,
        form: Json,
        uploads: Sequence[Upload] = (),
        *,
        flags: int = 0,
        application_id: int | None = None,
    ) -> Message:
        """Make a message from a checked payload, not yet posted."""
        world = self._world
        named = form.get("username") if isinstance(author, Webhook) else None
        message = Message(
            id=world.ids.new(),
            channel=channel,
            author=author,
            author_name=named or author.name,
            avatar_url=form.get("avatar_url") if isinstance(author, Webhook) else None,
            content=(form.get("content") or "").strip(),
            posted_at=world.clock.now(),
            timestamp=world.wall(),
            embeds=_embeds(form.get("embeds") or []),
            components=_components(form.get("components") or [], iter(range(1, 1000))),
            flags=flags,
            application_id=application_id,
        )
        message.attachments = self._attach(channel, form.get("attachments") or [], uploads)
        self._mention(message, form.get("allowed_mentions"))
        return message

    def post(self, message: Message) -> None:
        """Put a message into its channel."""
        channel = message.channel
        if channel.is_thread and channel.archived:
            self.change_thread(channel, archived=False)
        channel.messages.append(message)
        self._tell("MESSAGE_CREATE", message)
        self._world.observers.notify(MessagePosted(message.posted_at, message))

    def revise(self, message: Message, form: Json, uploads: Sequence[Upload] = ()) -> None:
        """Change a message by a checked payload; what the payload leaves out stays."""
        now = self._world.clock.now()
        if "content" in form:
            message.content = (form["content"] or "").strip()
            self._mention(message, form.get("allowed_mentions"))
        if "embeds" in form:
            message.embeds = _embeds(form["embeds"] or [])
        if "components" in form:
            message.components = _components(form["components"] or [], iter(range(1, 1000)))
        if "attachments" in form or uploads:
            listed = form.get("attachments")
            kept = (
                message.attachments
                if listed is None
                else [a for a in message.attachments if str(a.id) in {str(e["id"]) for e in listed}]
            )
            message.attachments = kept + self._attach(message.channel, listed or [], uploads)
        if form.get("flags") is not None:
            message.flags |= int(form["flags"])
        message.edited = self._world.wall()
        message.edits.append((now, message.content))

    def edit(self, message: Message, form: Json, uploads: Sequence[Upload] = ()) -> None:
        """Change a message and tell."""
        self.revise(message, form, uploads)
        self.tell_edited(message)

    def tell_edited(self, message: Message) -> None:
        """Tell of a message's new state."""
        self._tell("MESSAGE_UPDATE", message)
        self._world.observers.notify(MessageEdited(self._world.clock.now(), message))

    def delete(self, messages: Sequence[Message], *, bulk: bool = False) -> None:
        """Take messages of one channel away."""
        for message in messages:
            message.deleted = True
        channel = messages[0].channel
        where = {"channel_id": str(channel.id), "guild_id": str(channel.guild.id)}
        events: list[tuple[str, Json]] = [
            ("MESSAGE_DELETE", where | {"id": str(m.id)}) for m in messages
        ]
        if bulk:
            events = [("MESSAGE_DELETE_BULK", where | {"ids": [str(m.id) for m in messages]})]
        for name, data in events:
            needed = Intents.GUILD_MESSAGES
            self._world.dispatch(Dispatch(name, data, channel.guild, channel, needed))
        for message in messages:
            self._world.observers.notify(MessageDeleted(self._world.clock.now(), message))

    def react(self, message: Message, user: User, emoji: str, *, on: bool) -> None:
        """Add or take away someone's reaction."""
        users = message.reactions.setdefault(emoji, set())
        (users.add if on else users.discard)(user.id)
        if not users:
            del message.reactions[emoji]
        channel = message.channel
        data = {
            "user_id": str(user.id),
            "channel_id": str(channel.id),
            "message_id": str(message.id),
            "guild_id": str(channel.guild.id),
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        name = "MESSAGE_REACTION_ADD" if on else "MESSAGE_REACTION_REMOVE"
        needed = Intents.GUILD_MESSAGE_REACTIONS
        self._world.dispatch(Dispatch(name, data, channel.guild, channel, needed))

    # Threads

    def start_thread(
        self, parent: Channel, owner: User, name: str, form: Json, message: Message | None = None
    ) -> Channel:
        """Start a thread in a channel; one from a message has the message's id."""
        world = self._world
        thread = Channel(
            world.ids.new() if message is None else message.id,
            parent.guild,
            ChannelType(form.get("type") or ChannelType.PUBLIC_THREAD),
            name,
            parent=parent,
            owner_id=owner.id,
            thread_member_ids={owner.id},
            auto_archive_minutes=form.get("auto_archive_duration") or 1440,
            slowmode_s=form.get("rate_limit_per_user") or 0,
            created=world.wall(),
        )
        parent.guild.threads[thread.id] = thread
        world.channels[thread.id] = thread
        world.tell_channel("THREAD_CREATE", thread, {"newly_created": True})
        if message is not None:
            message.thread = thread
            self.tell_edited(message)
        world.observers.notify(ThreadStarted(world.clock.now(), thread))
        return thread

    def change_thread(self, thread: Channel, *, archived: bool) -> None:
        """Archive a thread or bring it back."""
        thread.archived = archived
        thread.archive_changed = self._world.wall()
        self._world.tell_channel("THREAD_UPDATE", thread)

    # Webhooks and status

    def new_webhook(self, channel: Channel, creator: Bot, name: str, avatar: str | None) -> Webhook:
        """Create a webhook that the bot owns."""
        webhook = Webhook(
            self._world.ids.new(),
            secrets.token_urlsafe(51),
            name,
            avatar,
            channel,
            creator.user,
            creator.application_id,
        )
        channel.webhooks.append(webhook)
        self._world.webhooks[webhook.id] = webhook
        self._tell_webhooks(channel)
        return webhook

    def change_webhook(self, webhook: Webhook, form: Json, channel: Channel | None) -> Json:
        """Rename, repaint or move a webhook."""
        webhook.name = form.get("name") or webhook.name
        if "avatar" in form:
            webhook.avatar = None if form["avatar"] is None else secrets.token_hex(16)
        if channel is not None and channel is not webhook.channel:
            webhook.channel.webhooks.remove(webhook)
            self._tell_webhooks(webhook.channel)
            channel.webhooks.append(webhook)
            webhook.channel = channel
        self._tell_webhooks(webhook.channel)
        return webhook_json(webhook)

    def remove_webhook(self, webhook: Webhook) -> None:
        """Take a webhook away."""
        webhook.channel.webhooks.remove(webhook)
        del self._world.webhooks[webhook.id]
        self._tell_webhooks(webhook.channel)

    def set_status(self, channel: Channel, status: str | None) -> None:
        """Give a voice channel a status line, or none."""
        channel.status = status or None
        data = {
            "id": str(channel.id),
            "guild_id": str(channel.guild.id),
            "status": channel.status,
        }
        name = "VOICE_CHANNEL_STATUS_UPDATE"
        self._world.dispatch(Dispatch(name, data, channel.guild, channel, Intents.GUILDS))
        self._world.observers.notify(StatusChanged(self._world.clock.now(), channel))

    # Private

    def _tell(self, name: str, message: Message) -> None:
        channel = message.channel

        def payload(bot: Bot, intents: Intents) -> Json:
            data = message_json(message, bot.id, content=_may_read(bot, intents, message))
            if channel.is_direct:
                return data
            data["guild_id"] = str(channel.guild.id)
            if isinstance(message.author, User):
                data["member"] = _partial_member(channel, message.author)
            return data

        needed = Intents.DIRECT_MESSAGES if channel.is_direct else Intents.GUILD_MESSAGES
        self._world.dispatch(Dispatch(name, payload, channel.guild, channel, needed))

    def _tell_webhooks(self, channel: Channel) -> None:
        data = {"guild_id": str(channel.guild.id), "channel_id": str(channel.id)}
        event = Dispatch("WEBHOOKS_UPDATE", data, channel.guild, channel, Intents.GUILD_WEBHOOKS)
        self._world.dispatch(event)

    def _mention(self, message: Message, allowed: Json | None) -> None:
        parse = {"users", "roles", "everyone"}
        named: set[str] = set()
        if allowed is not None:
            parse = set(allowed.get("parse") or [])
            named = {str(user_id) for user_id in allowed.get("users") or []}
        members = message.channel.guild.members
        author_id = message.author.id
        ids = [i for i in _MENTION.findall(message.content) if "users" in parse or i in named]
        message.mentions = [members[int(i)].user for i in ids if int(i) in members]
        loud = isinstance(message.author, Webhook) or bool(
            message.channel.guild.permissions(author_id, message.channel)
            & Permissions.MENTION_EVERYONE
        )
        words = ("@everyone", "@here")
        called = any(word in message.content for word in words)
        message.mention_everyone = loud and "everyone" in parse and called

    def _attach(
        self, channel: Channel, listed: Iterable[Json], uploads: Sequence[Upload]
    ) -> list[Attachment]:
        described = {str(entry.get("id")): entry for entry in listed}
        made = []
        for upload in uploads:
            entry = described.get(str(upload.index), {})
            made.append(
                self.attachment(channel, upload, entry.get("filename"), entry.get("description"))
            )
        return made

    def attachment(
        self,
        channel: Channel,
        upload: Upload,
        name: str | None = None,
        description: str | None = None,
    ) -> Attachment:
        """Keep a file, to be asked for by its address."""
        attachment_id = self._world.ids.new()
        filename = re.sub(r"[^\w.-]", "_", name or upload.filename)
        attachment = self._world.attachments[attachment_id] = Attachment(
            attachment_id,
            filename,
            upload.content,
            upload.content_type,
            f"{self._world.files_url}/{channel.id}/{attachment_id}/{filename}",
            description,
        )
        return attachment


def _may_read(bot: Bot, intents: Intents, message: Message) -> bool:
    return (
        bool(intents & Intents.MESSAGE_CONTENT)
        or message.channel.is_direct
        or message.author.id == bot.id
        or message.application_id == bot.application_id
        or any(user.id == bot.id for user in message.mentions)
    )


def _partial_member(channel: Channel, author: User) -> Json:
    member = channel.guild.members.get(author.id)
    if member is None:
        return {"roles": [], "joined_at": None, "deaf": False, "mute": False, "flags": 0}
    return {
        "roles": [str(role_id) for role_id in sorted(member.role_ids)],
        "nick": member.nick,
        "joined_at": member.joined_at.isoformat(),
        "deaf": member.deaf,
        "mute": member.mute,
        "flags": 0,
    }


def _embeds(embeds: Sequence[Json]) -> list[Json]:
    return [{"type": "rich"} | embed for embed in embeds]


def _components(components: Sequence[Json], numbers: Iterable[int]) -> list[Json]:
    """Return components with the numeric ids Discord gives them, depth first."""
    counter = iter(numbers)
    done = []
    for component in components:
        numbered = {**component, "id": component.get("id") or next(counter)}
        if "components" in component:
            numbered["components"] = _components(component["components"], counter)
        if "accessory" in component:
            numbered["accessory"] = {"id": next(counter), **component["accessory"]}
        done.append(numbered)
    return done
