"""A person on this Discord: speaks, listens, types, presses. Works in process, without HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.errors import LoopbackError
from bot.loopback import mentions
from bot.loopback.backend import Backend
from bot.loopback.people import command_input
from bot.loopback.people.answer import ReceivedAnswer
from bot.loopback.people.command_input import Choice
from bot.loopback.people.components import fill_modal, find_button, find_select
from bot.loopback.people.waiting import until
from bot.loopback.state.chat import Upload
from bot.loopback.state.entities import Attachment, Bot, Channel, GuildState, Json, Message, User
from bot.loopback.state.interactions import ANSWER_WITHIN_S, Interaction, InteractionType
from bot.loopback.state.permissions import Permissions
from bot.loopback.voice import Ear, Spoken, VoiceMember

PATIENCE_S = 30.0


class Person:
    """A member who is no bot.

    Attributes:
        user: The account.
        patience_s: How long they wait for an application that asked for time.
    """

    def __init__(self, backend: Backend, guild: GuildState, user: User) -> None:
        self._backend = backend
        self._guild = guild
        self.user = user
        self.patience_s = PATIENCE_S

    @property
    def id(self) -> int:
        """The account's id."""
        return self.user.id

    @property
    def name(self) -> str:
        """The name shown."""
        return self.user.name

    # Voice

    @property
    def channel(self) -> Channel | None:
        """The voice channel they are in."""
        state = self._guild.voice_states.get(self.id)
        if state is None or state.channel_id is None:
            return None
        return self._guild.channels.get(state.channel_id)

    async def join(self, channel: Channel) -> None:
        """Enter a voice channel, or move there; returns once they can speak and hear.

        Raises:
            LoopbackError: They may not.
        """
        if not channel.is_voice:
            raise LoopbackError(f"#{channel.name} is no voice channel.")
        self._backend.world.channel_for(self.id, channel.id, Permissions.CONNECT)
        self._backend.voice.place(self._guild, self.id, channel)
        await self._stay().ready()

    async def move(self, channel: Channel) -> None:
        """Go to another voice channel."""
        self._stay()
        await self.join(channel)

    async def leave(self) -> None:
        """Leave voice; nothing if they are in none."""
        self._backend.voice.place(self._guild, self.id, None)

    async def speak(self, pcm: bytes, *, rate: int = 16_000) -> Spoken:
        """Say something in real time.

        Args:
            pcm: PCM16, mono.
            rate: The sampling rate, in hertz.

        Raises:
            LoopbackError: They are in no voice channel.
        """
        if self.channel is None:
            raise LoopbackError(f"{self.name} is in no voice channel.")
        return await self._stay().speak(pcm, rate=rate)

    @property
    def ear(self) -> Ear:
        """What they heard in the voice channel they are in, or were in last."""
        return self._stay().ear

    def _stay(self) -> VoiceMember:
        stay = self._backend.voice.stay(self.id)
        if stay is None:
            raise LoopbackError(f"{self.name} was never in a voice channel.")
        return stay

    # Text

    def write(self, content: str, channel: Channel) -> Message:
        """Post a message in a channel.

        Raises:
            LoopbackError: They may not.
        """
        needs = Permissions.SEND_MESSAGES
        if channel.is_thread:
            needs = Permissions.SEND_MESSAGES_IN_THREADS
        self._backend.world.channel_for(self.id, channel.id, needs)
        message = self._backend.chat.compose(channel, self.user, {"content": content})
        self._backend.chat.post(message)
        return message

    def direct(self, bot: Bot) -> Channel:
        """Return the channel where they and a bot write to each other alone."""
        return self._backend.world.direct_channel(bot, self.user)

    def reads(self, message: Message) -> str:
        """Return a message's text as they see it, commands in their language."""
        found = self._seen(message)
        bots = self._backend.world.bots.values()
        commands = [command for bot in bots for command in bot.commands.values()]
        return mentions.shown(found.content, commands, self.user.locale)

    # Applications

    def upload(self, filename: str, content: bytes, channel: Channel) -> Attachment:
        """Choose a file for an option of a command that is typed in this channel."""
        upload = Upload(0, filename, "application/octet-stream", content)
        return self._backend.chat.attachment(channel, upload)

    async def command(
        self, name: str, options: Mapping[str, Any] | None = None, *, channel: Channel
    ) -> ReceivedAnswer:
        """Run a slash command and wait, as one does, until there is something to see.

        Args:
            name: The command, with group and subcommand by spaces.
            options: Values by option name; channels, people, roles and uploads as objects.
            channel: The channel it is typed in.

        Raises:
            LoopbackError: Their client would not send it, or the application did not respond.
        """
        bots = self._backend.world.bots.values()
        request = command_input.request(bots, channel, self.user, name, given=options or {})
        kind = InteractionType.COMMAND
        interaction = self._open(kind, request.bot, channel, request.data, name=request.name)
        return await self._wait(interaction)

    async def use_on(self, message: Message, name: str) -> ReceivedAnswer:
        """Choose an entry of a message's context menu (Apps), and wait as for a slash command.

        Args:
            message: The message.
            name: The entry, in English.

        Raises:
            LoopbackError: Their client does not offer it, or the application did not respond.
        """
        if self._seen(message).private_to is not None:
            raise LoopbackError("A message that only one sees has no menu of applications.")
        bots = self._backend.world.bots.values()
        request = command_input.request_on(bots, message, self.user, name)
        kind = InteractionType.COMMAND
        interaction = self._open(kind, request.bot, message.channel, request.data, name=name)
        return await self._wait(interaction)

    async def autocomplete(
        self,
        name: str,
        options: Mapping[str, Any],
        *,
        focused: str,
        channel: Channel,
    ) -> list[Choice]:
        """Type into an option and wait for the suggestions.

        Raises:
            LoopbackError: The option has none, or the application did not respond.
        """
        bots = self._backend.world.bots.values()
        request = command_input.request(
            bots, channel, self.user, name, given=options, focused=focused
        )
        kind = InteractionType.AUTOCOMPLETE
        interaction = self._open(kind, request.bot, channel, request.data, name=request.name)
        interaction.focused_type = request.focused_type
        await self._wait(interaction)
        return [Choice(choice["name"], choice["value"]) for choice in interaction.choices]

    async def press(self, message: Message | ReceivedAnswer, button: str) -> ReceivedAnswer:
        """Press a button, found by label or custom id.

        Raises:
            LoopbackError: It can't be pressed, or the application did not respond.
        """
        seen = self._seen(message)
        component = find_button(seen, button)
        data = {"custom_id": component["custom_id"], "component_type": component["type"]}
        return await self._use(seen, data | {"id": component["id"]})

    async def select(
        self, message: Message | ReceivedAnswer, custom_id: str, values: Sequence[str]
    ) -> ReceivedAnswer:
        """Choose in a menu.

        Raises:
            LoopbackError: It does not offer that, or the application did not respond.
        """
        seen = self._seen(message)
        component = find_select(seen, custom_id, values)
        data: Json = {"custom_id": custom_id, "component_type": component["type"]}
        return await self._use(seen, data | {"id": component["id"], "values": list(values)})

    async def submit(
        self, answer: ReceivedAnswer, values: Mapping[str, str | Sequence[str]]
    ) -> ReceivedAnswer:
        """Fill in the form that an answer opened, and send it.

        Args:
            answer: Which opened it.
            values: By custom id: a text, or what is chosen in a menu. What is left out stays as it
                was offered.

        Raises:
            LoopbackError: No form is open, it does not take this, or nobody responded.
        """
        modal = answer.modal
        if modal is None:
            raise LoopbackError("No form is open.")
        data = {"custom_id": modal["custom_id"], "components": fill_modal(modal, values)}
        before = answer.interaction
        interaction = self._open(
            InteractionType.MODAL, before.bot, before.channel, data, source=before.source
        )
        return await self._wait(interaction)

    def _seen(self, message: Message | ReceivedAnswer) -> Message:
        found = message.message if isinstance(message, ReceivedAnswer) else message
        if found.deleted:
            raise LoopbackError("The message was deleted.")
        if found.private_to not in (None, self.id):
            raise LoopbackError(f"{self.name} does not see that message.")
        if found.private_to is None:
            self._backend.world.channel_for(self.id, found.channel.id)
        return found

    async def _use(self, message: Message, data: Json) -> ReceivedAnswer:
        owner = message.application_id or message.author.id
        bot = self._backend.world.bots.get(owner)
        if bot is None:
            raise LoopbackError("The message belongs to no application.")
        kind = InteractionType.COMPONENT
        interaction = self._open(kind, bot, message.channel, data, source=message)
        return await self._wait(interaction)

    def _open(
        self,
        kind: InteractionType,
        bot: Bot,
        channel: Channel,
        data: Json,
        *,
        name: str = "",
        source: Message | None = None,
    ) -> Interaction:
        interactions = self._backend.interactions
        return interactions.open(kind, bot, self.user, channel, data, name=name, source=source)

    async def _wait(self, interaction: Interaction) -> ReceivedAnswer:
        observers = self._backend.world.observers
        sentence = "The application did not respond"
        acknowledged = lambda: interaction.callback is not None  # noqa: E731 - reads best in place
        await until(observers, acknowledged, ANSWER_WITHIN_S, sentence)
        visible = lambda: interaction.first_seen_at is not None  # noqa: E731
        await until(observers, visible, self.patience_s, sentence)
        return ReceivedAnswer(interaction, observers)
