"""A command in the context menu of messages: right-click, or hold, and Apps."""

from abc import abstractmethod
from typing import Any, ClassVar

import discord
from discord import app_commands
from discord.ext import commands

Interaction = discord.Interaction[Any]


class MessageMenu(commands.Cog):
    """Offers one command for messages, in servers.

    Args:
        bot: The bot whose commands it is added to.

    Attributes:
        menu: Its English name.
    """

    menu: ClassVar[str]

    def __init__(self, bot: commands.Bot | commands.AutoShardedBot) -> None:
        self._bot = bot
        self._command = app_commands.ContextMenu(
            name=self.menu,
            callback=self._called,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
        )
        self._command.guild_only = True

    async def cog_load(self) -> None:
        """Add the entry to the menu of messages."""
        self._bot.tree.add_command(self._command)

    async def cog_unload(self) -> None:
        """Remove the entry from the menu of messages."""
        self._bot.tree.remove_command(self.menu, type=self._command.type)

    async def _called(self, interaction: Interaction, message: discord.Message) -> None:
        await self.chosen(interaction, message)

    @abstractmethod
    async def chosen(self, interaction: Interaction, message: discord.Message) -> None:
        """Do it for this message, and answer."""
