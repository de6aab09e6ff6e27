"""An interaction's life: opened by a person, acknowledged within 3 s, followed up for 15 minutes.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from bot.loopback.state.chat import Chat, Upload
from bot.loopback.state.entities import Bot, Channel, Json, Message, MessageFlags, User
from bot.loopback.state.observation import InteractionAnswered
from bot.loopback.state.payloads import channel_json, member_json, message_json, user_json
from bot.loopback.state.refusal import Refusal, invalid_webhook_token, unknown
from bot.loopback.state.world import Dispatch, World

ANSWER_WITHIN_S = 3.0
TOKEN_LIVES_S = 15 * 60.0


class InteractionType(IntEnum):
    """The kinds of interactions: what a person did."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class CallbackType(IntEnum):
    """How an application may answer."""

    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


@dataclass(slots=True, eq=False)
class Interaction:
    """One thing that a person asked of an application, and what it said.

    Attributes:
        source: The message whose component was used.
        answered_at: Clock seconds of the acknowledgement.
        first_seen_at: Clock seconds when the person first saw more than "is thinking…".
        original: The first answer; for components that update, the source message.
        followups: Later messages, in order.
        focused_type: The type of the option that is autocompleted.
    """

    id: int
    token: str = field(repr=False)
    kind: InteractionType
    bot: Bot
    user: User
    channel: Channel
    asked_at: float
    name: str = ""
    source: Message | None = None
    callback: CallbackType | None = None
    answered_at: float | None = None
    first_seen_at: float | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] = field(default_factory=list)
    focused_type: int | None = None


class Interactions:
    """Opens interactions and takes the applications' answers."""

    def __init__(self, world: World, chat: Chat) -> None:
        self._world = world
        self._chat = chat
        self._by_token: dict[str, Interaction] = {}

    # The person's side

    def open(
        self,
        kind: InteractionType,
        bot: Bot,
        user: User,
        channel: Channel,
        data: Json,
        *,
        name: str = "",
        source: Message | None = None,
    ) -> Interaction:
        """Ask an application something; it is told by its gateway."""
        world = self._world
        now = world.clock.now()
        expired = [t for t, i in self._by_token.items() if now - i.asked_at > TOKEN_LIVES_S]
        for token in expired:
            del self._by_token[token]
        interaction = Interaction(
            world.ids.new(),
            secrets.token_urlsafe(64),
            kind,
            bot,
            user,
            channel,
            now,
            name,
            source,
        )
        self._by_token[interaction.token] = interaction
        payload = self._payload(interaction, data)
        world.dispatch(Dispatch("INTERACTION_CREATE", payload, channel.guild, to=bot))
        return interaction

    def _payload(self, interaction: Interaction, data: Json) -> Json:
        guild, channel = interaction.channel.guild, interaction.channel
        user, bot = interaction.user, interaction.bot
        permissions = str(int(guild.permissions(user.id, channel)))
        payload: Json = {
            "id": str(interaction.id),
            "application_id": str(bot.application_id),
            "type": int(interaction.kind),
            "token": interaction.token,
            "version": 1,
            "data": data,
            "channel_id": str(channel.id),
            "channel": channel_json(channel) | {"permissions": permissions},
            "locale": user.locale,
            "app_permissions": str(int(guild.permissions(bot.id, channel))),
            "entitlements": [],
            "authorizing_integration_owners": _owners(channel),
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        if guild.direct:
            payload |= {"user": user_json(user), "context": 1}
        else:
            payload |= {
                "guild_id": str(guild.id),
                "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
                "guild_locale": guild.locale,
                "member": member_json(guild.members[user.id]) | {"permissions": permissions},
                "context": 0,
            }
        if interaction.source is not None:
            payload["message"] = message_json(interaction.source, bot.id)
        return payload

    # The application's side

    def to_answer(self, interaction_id: int, token: str) -> Interaction:
        """Return the interaction that a callback is for.

        Raises:
            Refusal: 10062 unknown or too late, 40060 acknowledged before.
        """
        interaction = self._by_token.get(token)
        if interaction is None or interaction.id != interaction_id:
            raise unknown("interaction")
        if interaction.callback is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        if self._world.clock.now() - interaction.asked_at > ANSWER_WITHIN_S:
            raise unknown("interaction")
        return interaction

    def by_token(self, application_id: int, token: str) -> Interaction:
        """Return the acknowledged interaction that a follow-up is for.

        Raises:
            Refusal: 50027 for a token that is wrong or ran out, 10015 before the acknowledgement.
        """
        interaction = self._by_token.get(token)
        if interaction is None or interaction.bot.application_id != application_id:
            raise invalid_webhook_token()
        if self._world.clock.now() - interaction.asked_at > TOKEN_LIVES_S:
            raise invalid_webhook_token()
        if interaction.callback is None:
            raise unknown("Webhook")
        return interaction

    def answer(
        self,
        interaction: Interaction,
        callback: CallbackType,
        data: Json,
        uploads: Sequence[Upload] = (),
    ) -> None:
        """Acknowledge with a checked payload."""
        interaction.callback = callback
        interaction.answered_at = self._world.clock.now()
        if callback is CallbackType.MESSAGE:
            flags = int(data.get("flags") or 0)
            interaction.original = self._add(interaction, data, uploads, flags)
        elif callback is CallbackType.DEFERRED_MESSAGE:
            flags = int(data.get("flags") or 0) & MessageFlags.EPHEMERAL | MessageFlags.LOADING
            interaction.original = self._add(interaction, {}, (), flags)
        elif callback is CallbackType.DEFERRED_UPDATE:
            interaction.original = interaction.source
        elif callback is CallbackType.UPDATE:
            interaction.original = interaction.source
            if interaction.source is not None:
                self._change(interaction.source, data, uploads)
        elif callback is CallbackType.AUTOCOMPLETE:
            interaction.choices = list(data.get("choices") or [])
        else:
            interaction.modal = data
        if callback is not CallbackType.DEFERRED_MESSAGE:
            interaction.first_seen_at = interaction.answered_at
        self._told(interaction)

    def follow_up(
        self, interaction: Interaction, data: Json, uploads: Sequence[Upload] = ()
    ) -> Message:
        """Send another message; the first one after a deferral takes the deferral's place."""
        original = interaction.original
        if original is not None and original.loading:
            return self.change(interaction, original, data, uploads)
        message = self._add(interaction, data, uploads, int(data.get("flags") or 0))
        interaction.followups.append(message)
        self._told(interaction)
        return message

    def change(
        self,
        interaction: Interaction,
        message: Message,
        data: Json,
        uploads: Sequence[Upload] = (),
    ) -> Message:
        """Edit one of the interaction's messages."""
        # Whether it is private was settled when it was sent; an edit can't change that.
        kept = message.flags & MessageFlags.EPHEMERAL
        message.flags &= ~MessageFlags.LOADING
        self._change(message, data, uploads)
        message.flags = message.flags & ~MessageFlags.EPHEMERAL | kept
        self._told(interaction)
        return message

    def message(self, interaction: Interaction, wanted: str) -> Message:
        """Return one of the interaction's messages, by id or as "@original".

        Raises:
            Refusal: 10008.
        """
        messages = [interaction.original, *interaction.followups]
        for message in messages:
            if message is None or message.deleted:
                continue
            if wanted in (str(message.id), "@original"):
                return message
        raise unknown("Message")

    def delete(self, interaction: Interaction, message: Message) -> None:
        """Take one of the interaction's messages away."""
        if message.ephemeral:
            message.deleted = True
        else:
            self._chat.delete([message])
        self._told(interaction)

    def _add(
        self, interaction: Interaction, data: Json, uploads: Sequence[Upload], flags: int
    ) -> Message:
        bot = interaction.bot
        message = self._chat.compose(
            interaction.channel,
            bot.user,
            data,
            uploads,
            flags=flags,
            application_id=bot.application_id,
        )
        message.interaction = metadata(interaction)
        if interaction.kind is InteractionType.COMMAND and interaction.original is None:
            message.type = 20
        if message.ephemeral:
            message.private_to = interaction.user.id
        else:
            self._chat.post(message)
        return message

    def _change(self, message: Message, data: Json, uploads: Sequence[Upload]) -> None:
        if message.ephemeral:
            self._chat.revise(message, data, uploads)
        else:
            self._chat.edit(message, data, uploads)

    def _told(self, interaction: Interaction) -> None:
        now = self._world.clock.now()
        loading = interaction.original is not None and interaction.original.loading
        if interaction.first_seen_at is None and (not loading or interaction.followups):
            interaction.first_seen_at = now
        self._world.observers.notify(InteractionAnswered(now, interaction.id))


def _owners(channel: Channel) -> Json:
    """Return by whose installation the application is there: a server's, by its id."""
    return {"0": "0" if channel.is_direct else str(channel.guild.id)}


def metadata(interaction: Interaction) -> Json:
    """Return where a message came from, as the message tells."""
    data: dict[str, Any] = {
        "id": str(interaction.id),
        "type": int(interaction.kind),
        "user": user_json(interaction.user),
        "authorizing_integration_owners": _owners(interaction.channel),
    }
    if interaction.name:
        data["name"] = interaction.name
    if interaction.source is not None:
        data["interacted_message_id"] = str(interaction.source.id)
    return data
