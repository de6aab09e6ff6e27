"""What of the bot people see and press, as the client takes it on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord.ext import commands


@dataclass(frozen=True, slots=True)
class Interface:
    """Everything that answers people.

    Attributes:
        cogs: Commands and listeners.
        views: Views whose buttons and menus still answer after a restart.
        buttons: Buttons that do too, and whose ids say what they are for.
    """

    cogs: Sequence[commands.Cog]
    views: Sequence[discord.ui.View]
    buttons: Sequence[type[discord.ui.DynamicItem[Any]]]
