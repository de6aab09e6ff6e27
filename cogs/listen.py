"""/translate listen: a private page with captions and voice in the asker's language."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.room.rooms import Rooms
from bot.ui import languages
from bot.ui.answers import locale
from bot.ui.listening import give_link
from bot.words.codes import ORIGINAL

Interaction = discord.Interaction[Any]


class ListenCommand(
    commands.GroupCog, group_name="translate", group_description="Live translation"
):
    """The subcommand `listen`; the cog of /translate inherits it."""

    _rooms: Rooms

    @app_commands.command(name="listen", description="Read and hear the call on a page of your own")
    @app_commands.describe(
        language="What you read first; you can change it on the page",
        overlay="Captions alone, for streaming software",
    )
    async def listen(
        self,
        interaction: Interaction,
        language: app_commands.Range[str, 1, 100] | None = None,
        overlay: bool = False,  # noqa: FBT001, FBT002 - the form of a command's option
    ) -> None:
        """Answer with a link for the asker alone."""
        codes = [*self._rooms.languages(), ORIGINAL]
        code = None if language is None else languages.one(language, codes)
        await give_link(self._rooms, interaction, code, overlay=overlay)

    @listen.autocomplete("language")
    async def _complete_listened(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        room = self._rooms.find(interaction.guild_id or 0)
        codes = [] if room is None else [*room.plan.targets]
        codes += [] if ORIGINAL in codes else [ORIGINAL]
        found = languages.complete_one(current, codes, locale(interaction))
        return [app_commands.Choice(name=shown, value=value) for shown, value in found]
