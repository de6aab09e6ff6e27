"""Answers to who used a command or pressed a button: in their language, seen by them alone."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import discord

from bot.errors import MessageGoneError
from bot.logs import get_logger
from bot.words import render

log = get_logger(__name__)

Interaction = discord.Interaction[Any]
T = TypeVar("T")

_PING_NOBODY = discord.AllowedMentions.none()
_TOO_LATE: Final = frozenset({10015, 10062, 50027})  # unknown webhook or interaction; token over


async def take_time(interaction: Interaction) -> None:
    """Show "thinking" to who asked, before anything that may take more than a moment.

    Discord waits for three seconds, and a database that somebody else holds may take longer.

    Raises:
        MessageGoneError: Discord waits no longer.
    """
    try:
        await interaction.response.defer(ephemeral=True, thinking=True)
    except discord.HTTPException as error:
        if error.code in _TOO_LATE:
            raise MessageGoneError(removed=False) from error
        raise


async def done_at_once(
    interaction: Interaction,
    work: Awaitable[T],
    acknowledge: Callable[[Interaction], Awaitable[None]] = take_time,
) -> T:
    """Acknowledge as `take_time` does, while the work, which must not wait, already runs."""
    if interaction.response.is_done():
        return await work
    result, shown = await asyncio.gather(work, acknowledge(interaction), return_exceptions=True)
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

    For somebody for whom Discord waits no longer nothing can be done, but in the log.

    Args:
        interaction: The interaction to answer.
        text: Made by `t`, shown in the language of who asked.
        view: Buttons beneath it.
        file: A file beneath it.
    """
    try:
        await _answer(interaction, render(text, locale(interaction)), view, file)
    except discord.HTTPException as error:
        if error.code not in _TOO_LATE:
            raise
        log.info("an answer came too late", code=error.code)


async def answer_further(interaction: Interaction, text: str) -> None:
    """Send what did not fit the answer, to the same person alone."""
    try:
        await interaction.followup.send(
            render(text, locale(interaction)), ephemeral=True, allowed_mentions=_PING_NOBODY
        )
    except discord.HTTPException as error:
        if error.code not in _TOO_LATE:
            raise
        log.info("an answer came too late", code=error.code)


async def put_in_place(
    interaction: Interaction, text: str, *, view: discord.ui.View | None = None
) -> None:
    """Show this in the place of the question whose button was pressed, and no others than these."""
    content = render(text, locale(interaction))
    try:
        if interaction.response.is_done():
            await interaction.edit_original_response(
                content=content, view=view, allowed_mentions=_PING_NOBODY
            )
        else:
            await interaction.response.edit_message(
                content=content, view=view, allowed_mentions=_PING_NOBODY
            )
    except discord.HTTPException as error:
        if error.code not in _TOO_LATE:
            raise
        log.info("an answer came too late", code=error.code)


async def _answer(
    interaction: Interaction, content: str, view: discord.ui.View, file: discord.File | None
) -> None:
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
    """Return the locale of who asked."""
    return str(interaction.locale)


def guild_locale(guild: discord.Guild) -> str:
    """Return the locale of what is posted for everybody in a server that set no other."""
    return str(guild.preferred_locale)
