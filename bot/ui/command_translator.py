"""Puts the names and descriptions of commands into the languages that Discord shows them in."""

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.words import commands
from bot.words.catalogue import catalogue

_NAMES = frozenset({Location.command_name, Location.group_name, Location.parameter_name})


class CommandTranslator(app_commands.Translator):
    """Asked by discord.py for each text of each command while it tells Discord the commands."""

    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,
    ) -> str | None:
        """Return the text in this locale of Discord's; None where there is only the English one."""
        where, english = str(locale), string.message
        if where not in commands.LOCALES:
            return None
        if isinstance(context.data, app_commands.ContextMenu):
            return commands.menu_name(english, where)
        if context.location in _NAMES:
            return commands.name(english, where)
        if context.location is Location.choice_name:
            return catalogue(where).gettext(english)
        return commands.description(english, where)
