"""The private link to the page on which a member reads and hears a call in their language."""

from typing import Any

import discord

from bot.errors import UsageError
from bot.room.rooms import Rooms
from bot.ui.answers import answer, locale, take_time
from bot.words import language_name, render, t
from bot.words.codes import ORIGINAL

Interaction = discord.Interaction[Any]


async def give_link(
    rooms: Rooms,
    interaction: Interaction,
    language: str | None = None,
    *,
    overlay: bool = False,
) -> None:
    """Answer with a link for the asker alone.

    Args:
        rooms: The rooms of this process.
        interaction: Who asks.
        language: What they read first; None: what they read in this server, else the language
            that their Discord is in, else the room's first.
        overlay: As a layer for streaming software.

    Raises:
        NoRoomError: Nothing is being translated here.
        UsageError: There is no page, they can't see the captions, or the room has no such language.
    """
    person = interaction.user
    if not isinstance(person, discord.Member):
        raise UsageError(t("This only works in a server."))
    await take_time(interaction)
    targets = rooms.status(person.guild.id).plan.targets
    if language is None:
        wishes = await rooms.wishes(person.guild.id, person.id)
        wanted = (wishes.reads, locale(interaction).split("-")[0])
        language = next((one for one in wanted if one in targets), targets[0])
    elif language not in (*targets, ORIGINAL):
        raise UsageError(
            t("{language} isn't one of the languages here.", language=language_name(language))
        )
    url = await rooms.page_readers.link(person.guild.id, person.id, language, overlay=overlay)
    view = discord.ui.View()
    label = render(t("Open the page"), locale(interaction))
    view.add_item(discord.ui.Button(label=label, url=url))
    view.stop()  # nothing of it is answered by the bot
    await answer(
        interaction,
        t(
            "Read and listen on your own page, in any of the languages here. The link is for you "
            "alone, works once, and shows what is said from now on."
        ),
        view=view,
    )
