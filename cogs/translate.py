"""/translate: start, stop and look at the room of a server."""

import logging
from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import UsageError
from bot.room.registry import Rooms
from bot.room.room import RoomPlan
from bot.room.spending import Spending
from cogs import languages, notice, status, usage
from cogs.permissions import Text, Voice, check_start

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]


@app_commands.guild_only()
class Translate(commands.GroupCog, group_name="translate", group_description="Live translation"):
    """Parses what was asked, lets the registry do it, answers.

    Args:
        rooms: The rooms of this process.
        names: English name of each target language by code.
        service: Who hears the speech, for the notice.
        spending: What is spent.
    """

    def __init__(
        self, rooms: Rooms, names: Mapping[str, str], service: str, spending: Spending
    ) -> None:
        self._rooms = rooms
        self._names = names
        self._service = service
        self._spending = spending

    @app_commands.command(name="start", description="Translate a voice channel live")
    @app_commands.describe(
        to="Languages to translate into, for example: en, es",
        channel="The voice channel; yours if you leave it out",
        text="Where the captions go; here if you leave it out",
        voice="Also speak the translation (the first language) in the voice channel",
    )
    async def start(
        self,
        interaction: Interaction,
        to: app_commands.Range[str, 1, 100],
        channel: discord.VoiceChannel | discord.StageChannel | None = None,
        text: discord.TextChannel | discord.VoiceChannel | None = None,
        voice: bool = False,  # noqa: FBT001, FBT002 - the form of a command's option
    ) -> None:
        """Start the room, post its notice, and answer the one who asked."""
        targets = languages.parse(to, self._names)
        person = _member(interaction)
        heard = channel or _own_channel(person)
        shown = text or _here(interaction)
        me = person.guild.me
        check_start(me, person, heard, shown, speaks=voice)
        await interaction.response.defer(ephemeral=True, thinking=True)
        plan = RoomPlan(
            guild_id=person.guild.id,
            voice_channel_id=heard.id,
            text_channel_id=shown.id,
            targets=targets,
            spoken=targets[0] if voice else None,
        )
        settings = await self._rooms.settings(person.guild.id)
        await self._rooms.start(plan, person.id)
        locale = settings.locale or str(person.guild.preferred_locale)
        await shown.send(
            notice.text(
                plan,
                person.mention,
                heard.mention,
                self._names,
                self._service,
                settings=settings,
                locale=locale,
            ),
            view=notice.ConsentButtons(self._rooms, locale),
            allowed_mentions=discord.AllowedMentions.none(),
        )
        await interaction.edit_original_response(
            content=f"Translating {heard.mention}; the captions stand in {shown.mention}. "
            "You are heard from now on; the others join in with the button there."
        )

    @start.autocomplete("to")
    async def _complete_to(self, _: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=shown, value=value)
            for shown, value in languages.complete(current, self._names)
        ]

    @app_commands.command(name="stop", description="Stop translating")
    async def stop(self, interaction: Interaction) -> None:
        """End the room; its last captions are delivered first."""
        guild_id = _member(interaction).guild.id
        self._rooms.status(guild_id)  # refuses at once when there is none
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._rooms.stop(guild_id)
        await interaction.edit_original_response(content="Translation has stopped.")

    @app_commands.command(name="status", description="Who is heard, and how it goes")
    async def status(self, interaction: Interaction) -> None:
        """Show the room as it is now."""
        guild_id = _member(interaction).guild.id
        text = status.text(
            self._rooms.status(guild_id), self._names, waiting=self._spending.waiting
        )
        await interaction.response.send_message(
            text, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
        )

    @app_commands.command(name="usage", description="Minutes translated, and what they cost")
    async def usage(self, interaction: Interaction) -> None:
        """Show what this server spent lately."""
        person = _member(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        report = await self._spending.report(person.guild.id, person.id)
        await interaction.edit_original_response(content=usage.text(report))


def _member(interaction: Interaction) -> discord.Member:
    if not isinstance(interaction.user, discord.Member):
        raise UsageError("This works in a server only.")
    return interaction.user


def _own_channel(person: discord.Member) -> Voice:
    state = person.voice
    if state is None or state.channel is None:
        raise UsageError("Join a voice channel first, or name one with the option channel.")
    return state.channel


def _here(interaction: Interaction) -> Text:
    if isinstance(
        interaction.channel,
        discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread,
    ):
        return interaction.channel
    raise UsageError("Captions can't go here; name a text channel with the option text.")
