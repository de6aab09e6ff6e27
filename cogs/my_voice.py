"""/translate my-voice: the voice in which one's own translations are read aloud."""

from collections.abc import Callable
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.voices import AUTOMATIC, MemberVoice
from bot.errors import UsageError
from bot.room.rooms import Rooms
from bot.ui.answers import answer, done_at_once, locale, take_time
from bot.ui.voices import choice, imitation
from bot.ui.voices.choice import Choosable, SpecialVoice
from bot.words import t

Interaction = discord.Interaction[Any]


class MyVoiceCommand(
    commands.GroupCog, group_name="translate", group_description="Live translation"
):
    """The subcommand `my-voice`; the cog of /translate inherits it."""

    _rooms: Rooms
    _now: Callable[[], float]
    _hears: str

    @app_commands.command(
        name="my-voice", description="The voice in which your translations are read aloud"
    )
    @app_commands.describe(voice="The voice; none: your words are captions only")
    async def my_voice(
        self, interaction: Interaction, voice: app_commands.Range[str, 1, 100] | None = None
    ) -> None:
        """Remember the voice a member wants, or say which one it is; the room follows."""
        if not isinstance(interaction.user, discord.Member):
            raise UsageError(t("This only works in a server."))
        guild_id, user_id = interaction.user.guild.id, interaction.user.id
        offered = self._rooms.voices.offered()
        wanted = None if voice is None else choice.find(voice, offered, locale(interaction))
        if wanted is None or wanted is SpecialVoice.OWN:
            await take_time(interaction)
            now = await self._rooms.voices.of(guild_id, user_id)
        else:
            now = _meant(wanted)
            await done_at_once(interaction, self._rooms.voices.use(guild_id, user_id, now))
        if wanted is SpecialVoice.OWN and not now.imitated:
            question = imitation.question(self._hears)
            buttons = imitation.question_buttons(locale(interaction))
            await answer(interaction, question, view=buttons)
            return
        view = imitation.stop_button(locale(interaction)) if now.imitated else None
        said = choice.shown(now, offered)
        await answer(interaction, said, view=view or discord.utils.MISSING)

    @my_voice.autocomplete("voice")
    async def _complete_my_voice(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        found = choice.complete(current, self._rooms.voices.offered(), locale(interaction))
        return [app_commands.Choice(name=shown, value=value) for shown, value in found]


def _meant(wanted: Choosable) -> MemberVoice:
    match wanted:
        case SpecialVoice.AUTOMATIC:
            return AUTOMATIC
        case SpecialVoice.NONE:
            return MemberVoice(silent=True)
        case _:
            return MemberVoice(wanted.name)
