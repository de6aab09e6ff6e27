"""/translate voice: whether, when and how loud translations are read aloud."""

from dataclasses import replace
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.voice_mode import LOUDEST, QUIETEST, VoiceMode
from bot.errors import UsageError
from bot.room.rooms import Rooms
from bot.ui import languages
from bot.ui.answers import answer, locale, take_time
from bot.ui.cooldowns import Done, take
from bot.ui.panel import changeable, use_mode, use_voice
from bot.words import number, t

Interaction = discord.Interaction[Any]


class VoiceCommands(
    commands.GroupCog, group_name="translate", group_description="Live translation"
):
    """The subcommands of `voice`; the cog of /translate inherits them."""

    _rooms: Rooms

    voice = app_commands.Group(name="voice", description="Reading translations aloud")

    @voice.command(name="on", description="Read translations aloud in the voice channel")
    @app_commands.describe(language="Which language; the first that can be if you leave it out")
    async def voice_on(
        self, interaction: Interaction, language: app_commands.Range[str, 1, 100] | None = None
    ) -> None:
        """Read one of the chosen languages aloud."""
        person = _member(interaction)
        code = None if language is None else languages.one(language, self._rooms.languages())
        room = await changeable(self._rooms, person, speaks=True)
        take(interaction, Done.VOICE)
        await take_time(interaction)
        await answer(interaction, await use_voice(self._rooms, room, on=True, language=code))

    @voice.command(name="off", description="Read nothing aloud; captions go on")
    async def voice_off(self, interaction: Interaction) -> None:
        """Stop reading aloud, at once."""
        room = await changeable(self._rooms, _member(interaction))
        await take_time(interaction)
        await answer(interaction, await use_voice(self._rooms, room, on=False))

    @voice.command(name="mode", description="When translations are read aloud")
    @app_commands.describe(mode="When they are read")
    @app_commands.choices(
        mode=[
            app_commands.Choice(name="One after the other", value=VoiceMode.CONSECUTIVE.value),
            app_commands.Choice(name="In pauses", value=VoiceMode.POLITE.value),
            app_commands.Choice(name="While people talk", value=VoiceMode.OVER.value),
            app_commands.Choice(name="All at once", value=VoiceMode.SIMULTANEOUS.value),
        ]
    )
    async def voice_mode(self, interaction: Interaction, mode: str) -> None:
        """Read aloud in another way from now on."""
        room = await changeable(self._rooms, _member(interaction))
        await answer(interaction, use_mode(self._rooms, room, VoiceMode(mode)))

    @voice.command(name="volume", description="How loud translations are read aloud")
    @app_commands.describe(percent="100 is as loud as people in the call")
    async def voice_volume(
        self, interaction: Interaction, percent: app_commands.Range[int, QUIETEST, LOUDEST]
    ) -> None:
        """Read louder or quieter from now on."""
        room = await changeable(self._rooms, _member(interaction))
        self._rooms.use_style(room.plan.guild_id, replace(room.plan.voice, volume=percent))
        await answer(interaction, t("Volume: {percent}%.", percent=number(percent, 0)))

    @voice.command(name="skip", description="Skip the translation that is being read aloud")
    async def voice_skip(self, interaction: Interaction) -> None:
        """Break off what is being read aloud, and go on with what waits."""
        room = await changeable(self._rooms, _member(interaction))
        skipped = self._rooms.skip(room.plan.guild_id)
        nothing = t("Nothing is being read aloud right now.")
        await answer(interaction, t("Skipped.") if skipped else nothing)

    @voice_on.autocomplete("language")
    async def _complete_voice(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        room = self._rooms.find(interaction.guild_id or 0)
        known = self._rooms.languages()
        chosen = () if room is None else room.languages.chosen
        codes = [code for code in chosen if known.get(code)]
        found = languages.complete_one(current, codes, locale(interaction))
        return [app_commands.Choice(name=shown, value=value) for shown, value in found]


def _member(interaction: Interaction) -> discord.Member:
    if not isinstance(interaction.user, discord.Member):
        raise UsageError(t("This only works in a server."))
    return interaction.user
