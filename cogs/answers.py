"""Answers to who used a command or pressed a button: in their language, seen by them alone."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import discord

from bot.words import render

Interaction = discord.Interaction[Any]
T = TypeVar("T")

_PING_NOBODY = discord.AllowedMentions.none()


async def take_time(interaction: Interaction) -> None:
    """Show "thinking" to who asked, before anything that may take more than a moment.

    Discord waits for three seconds, and a database that somebody else holds may take longer.
    """
    await interaction.response.defer(ephemeral=True, thinking=True)


async def done_at_once(interaction: Interaction, work: Awaitable[T]) -> T:
    """As `take_time`, for what must not even wait for that to be shown."""
    result, shown = await asyncio.gather(work, take_time(interaction), return_exceptions=True)
    if isinstance(shown, BaseException):
        raise shown
    if isinstance(result, BaseException):
        raise result
    return result


async def answer(
    interaction: Interaction,
    text: str,
    *,
    view: discord.ui.View = discord.utils.MISSING,
    file: discord.File | None = None,
) -> None:
    """Answer, also where "thinking" was shown before; pings nobody.

    Args:
        interaction: What is answered.
        text: Made by `t`, shown in the language of who asked.
        view: Buttons beneath it.
        file: Beneath it.
    """
    content = render(text, locale(interaction))
    if interaction.response.is_done():
        await interaction.edit_original_response(
            content=content,
            view=view,
            attachments=discord.utils.MISSING if file is None else [file],
            allowed_mentions=_PING_NOBODY,
        )
    else:
        await interaction.response.send_message(
            content,
            view=view,
            file=discord.utils.MISSING if file is None else file,
            ephemeral=True,
            allowed_mentions=_PING_NOBODY,
        )


def locale(interaction: Interaction) -> str:
    """Of who asked."""
    return str(interaction.locale)


def guild_locale(guild: discord.Guild) -> str:
    """Of what is posted for everybody in a server that set nothing else."""
    return str(guild.preferred_locale)
