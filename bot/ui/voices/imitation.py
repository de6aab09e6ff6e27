"""The question whether a member's own voice is to be imitated, and what ends the imitation.

Its buttons carry no state: they answer after a restart too, and each presses them for themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import discord

from bot.domain.voices import AUTOMATIC, MemberVoice
from bot.errors import UsageError
from bot.room.rooms import Rooms
from bot.ui.answers import locale, put_in_place
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
        if not self._rooms.voices().imitates:
            raise UsageError(t("The translation service can't imitate voices here."))
        await self._use(interaction, MemberVoice(imitated_since=self._now()))

    async def _cancel(self, interaction: Interaction) -> None:
        await put_in_place(interaction, t("Cancelled."))

    async def _stop(self, interaction: Interaction) -> None:
        await self._use(interaction, None)

    async def _use(self, interaction: Interaction, voice: MemberVoice | None) -> None:
        """Keep a choice; None: whatever was chosen since the button came, but no imitation."""
        guild_id, user_id = interaction.guild_id, interaction.user.id
        if guild_id is None:
            raise UsageError(t("This only works in a server."))
        await interaction.response.defer()  # the database may take its time
        if voice is None:
            before = await self._rooms.voice(guild_id, user_id)
            voice = AUTOMATIC if before.imitated else before
        await self._rooms.use_voice_of(guild_id, user_id, voice)
        said = shown(voice, self._rooms.voices())
        view = stop_button(locale(interaction)) if voice.imitated else None
        await put_in_place(interaction, said, view=view)


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
