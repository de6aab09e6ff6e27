"""The question whether a member's own voice is to be imitated, and what ends the imitation.

Its buttons carry no state: they answer after a restart too, and each presses them for themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import discord

from bot.domain.voices import MemberVoice
from bot.errors import UsageError
from bot.room.rooms import Rooms
from bot.ui.answers import done_at_once, locale, put_in_place
from bot.ui.cooldowns import PacedView
from bot.ui.voices.choice import shown
from bot.words import Text, command, render, t

Interaction = discord.Interaction[Any]


def question(service: str) -> Text:
    """Ask whether a member's own voice is to be imitated.

    Args:
        service: Who hears the speech.
    """
    return t(
        "**Have your own voice imitated?** From what you say, {service} learns how you sound, and "
        "reads your translations aloud in an imitation of your voice. Everyone who listens hears "
        "it, in the voice channel and on the page.\n"
        "Parley doesn't store your voice. What the service keeps is up to the service.\n"
        "Only you can turn this on, and only for yourself in this server. You can stop it at any "
        "time with {command}; it stops immediately.",
        service=service,
        command=command("translate my-voice"),
    )


class OwnVoiceButtons(PacedView):
    """The buttons beneath the question, or the one that stops the imitation.

    Args:
        rooms: Keep what members want.
        now: Seconds since 1970.
    """

    def __init__(self, rooms: Rooms, now: Callable[[], float]) -> None:
        super().__init__(timeout=None)
        self._rooms = rooms
        self._now = now
        self._add(_IMITATE, self._imitate)
        self._add(_CANCEL, self._cancel)
        self._add(_STOP, self._stop)

    def _add(self, button: "_LabelledButton", pressed: Any) -> None:
        item = button.made(None)
        item.callback = pressed  # type: ignore[method-assign] # discord.py's own way for items that are made
        self.add_item(item)

    async def on_error(
        self, interaction: Interaction, error: Exception, _: discord.ui.Item[Any], /
    ) -> None:
        """Answer as a command does."""
        await interaction.client.tree.on_error(interaction, error)

    async def _imitate(self, interaction: Interaction) -> None:
        if not self._rooms.voices.offered().imitates:
            raise UsageError(t("The translation service can't imitate voices here."))
        agreed = MemberVoice(imitated_since=self._now())
        await interaction.response.defer()  # the database may take its time
        await self._rooms.voices.use(_guild_id(interaction), interaction.user.id, agreed)
        await self._show(interaction, agreed)

    async def _cancel(self, interaction: Interaction) -> None:
        await put_in_place(interaction, t("Cancelled."))

    async def _stop(self, interaction: Interaction) -> None:
        stopping = self._rooms.voices.stop_imitating(_guild_id(interaction), interaction.user.id)
        await self._show(interaction, await done_at_once(interaction, stopping, _defer))

    async def _show(self, interaction: Interaction, voice: MemberVoice) -> None:
        said = shown(voice, self._rooms.voices.offered())
        view = stop_button(locale(interaction)) if voice.imitated else None
        await put_in_place(interaction, said, view=view)


async def _defer(interaction: Interaction) -> None:
    await interaction.response.defer()


def _guild_id(interaction: Interaction) -> int:
    if interaction.guild_id is None:
        raise UsageError(t("This only works in a server."))
    return interaction.guild_id


@dataclass(frozen=True, slots=True)
class _LabelledButton:
    custom_id: str
    label: Text
    style: discord.ButtonStyle = discord.ButtonStyle.secondary

    def made(self, locale: str | None) -> discord.ui.Button[Any]:
        """Return it for a reader with this locale."""
        label = render(self.label, locale)
        return discord.ui.Button(label=label, custom_id=self.custom_id, style=self.style)


_IMITATE: Final = _LabelledButton(
    "parley:voice:imitate", t("Imitate my voice"), discord.ButtonStyle.primary
)
_CANCEL: Final = _LabelledButton("parley:voice:cancel", t("Cancel"))
_STOP: Final = _LabelledButton("parley:voice:stop", t("Stop imitating my voice"))


def question_buttons(locale: str) -> discord.ui.View:
    """Return the buttons beneath the question, for a reader with this locale."""
    return _sent(locale, _IMITATE, _CANCEL)


def stop_button(locale: str) -> discord.ui.View:
    """Return the button that stops the imitation, for a reader with this locale."""
    return _sent(locale, _STOP)


def _sent(locale: str, *buttons: _LabelledButton) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button.made(locale))
    view.stop()  # the registered one answers, also after a restart
    return view
