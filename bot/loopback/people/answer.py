"""What a person got for what they asked of an application; stays up to date."""

from collections.abc import Callable

from bot.errors import LoopbackError
from bot.loopback import mentions
from bot.loopback.people.waiting import until
from bot.loopback.state.entities import Json, Message
from bot.loopback.state.interactions import CallbackType, Interaction
from bot.loopback.state.observation import Observers


class ReceivedAnswer:
    """An interaction as its person sees it, in its newest state."""

    def __init__(self, interaction: Interaction, observers: Observers) -> None:
        self.interaction = interaction
        self._observers = observers

    @property
    def messages(self) -> list[Message]:
        """The first answer and the follow-ups that stand; for an update the updated message."""
        found = [self.interaction.original, *self.interaction.followups]
        return [m for m in found if m is not None and not m.deleted and not m.loading]

    @property
    def message(self) -> Message:
        """The first of its messages.

        Raises:
            LoopbackError: There is none (yet).
        """
        if not self.messages:
            raise LoopbackError("The answer has no message.")
        return self.messages[0]

    @property
    def content(self) -> str:
        """The first message's text."""
        return self.message.content

    @property
    def shown(self) -> str:
        """The first message's text as its person sees it, commands in their language."""
        commands = self.interaction.bot.commands.values()
        return mentions.shown(self.content, commands, self.interaction.user.locale)

    @property
    def embeds(self) -> list[Json]:
        """The first message's embeds."""
        return self.message.embeds

    @property
    def components(self) -> list[Json]:
        """The first message's components."""
        return self.message.components

    @property
    def ephemeral(self) -> bool:
        """Whether only this person sees the first message."""
        return self.message.ephemeral

    @property
    def deferred(self) -> bool:
        """Whether the application first asked for time."""
        deferrals = (CallbackType.DEFERRED_MESSAGE, CallbackType.DEFERRED_UPDATE)
        return self.interaction.callback in deferrals

    @property
    def modal(self) -> Json | None:
        """The form that was opened, if one was."""
        return self.interaction.modal

    @property
    def answered_after_s(self) -> float:
        """Seconds until the application acknowledged; Discord allows three."""
        if self.interaction.answered_at is None:
            raise LoopbackError("The application did not respond")
        return self.interaction.answered_at - self.interaction.asked_at

    @property
    def seen_after_s(self) -> float:
        """Seconds until there was more to see than "is thinking…"."""
        if self.interaction.first_seen_at is None:
            raise LoopbackError("The application did not respond")
        return self.interaction.first_seen_at - self.interaction.asked_at

    async def until(
        self, predicate: Callable[["ReceivedAnswer"], bool], timeout_s: float = 10.0
    ) -> None:
        """Wait until the answer has become what is wanted.

        Raises:
            LoopbackError: It did not in time.
        """
        sentence = "The answer did not become what was waited for"
        await until(self._observers, lambda: predicate(self), timeout_s, sentence)
