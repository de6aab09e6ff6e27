"""The private link to the page on which a member reads and hears a call in their language."""

import re
from typing import Any, Final, Self

import discord

from bot.errors import UsageError
from bot.room.rooms import Rooms
from bot.ui.answers import answer, locale, put_in_place, take_time
from bot.ui.cooldowns import admits
from bot.words import command, language_name, render, t
from bot.words.codes import ORIGINAL

Interaction = discord.Interaction[Any]

STOP: Final = "parley:listen:stop"


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
        wishes = await rooms.wishes.of(person.guild.id, person.id)
        wanted = (wishes.reads, locale(interaction).split("-")[0])
        language = next((one for one in wanted if one in targets), targets[0])
    elif language not in (*targets, ORIGINAL):
        raise UsageError(
            t("{language} isn't one of the languages here.", language=language_name(language))
        )
    link = await rooms.page_readers.link(person.guild.id, person.id, language, overlay=overlay)
    view = discord.ui.View(timeout=None)
    reader = locale(interaction)
    view.add_item(discord.ui.Button(label=render(t("Open the page"), reader), url=link.url))
    stop = render(t("Stop reading"), reader)
    view.add_item(discord.ui.Button(label=stop, custom_id=f"{STOP}/{link.run}"))
    view.stop()  # the registered button answers; discord.py would keep each that was sent
    await answer(
        interaction,
        t(
            "Read and listen on your own page, in any of the languages here. The link is for you "
            "alone, works once, and shows what is said from now on."
        ),
        view=view,
    )


def buttons(rooms: Rooms) -> tuple[type[discord.ui.DynamicItem[Any]], ...]:
    """Make the class that answers the button beneath a link, for these rooms."""

    class StopReading(
        discord.ui.DynamicItem[discord.ui.Button[Any]], template=rf"{STOP}/(?P<run>.+)"
    ):
        """Ends what whoever presses has of one room's page; says so in place of the link."""

        def __init__(self, button: discord.ui.Button[Any], run: str) -> None:
            super().__init__(button)
            self.run = run

        @classmethod
        async def from_custom_id(
            cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
        ) -> Self:
            if not isinstance(item, discord.ui.Button):
                raise TypeError("a link has buttons only")
            return cls(item, match["run"])

        async def interaction_check(self, interaction: Interaction, /) -> bool:
            return await admits(interaction)

        async def callback(self, interaction: Interaction) -> None:
            rooms.page_readers.stop(self.run, interaction.user.id)
            stopped = t(
                "You stopped reading this call. For a new link, use {listen}.",
                listen=command("translate listen"),
            )
            await put_in_place(interaction, stopped)

    return (StopReading,)
