"""/say: what is typed appears like speech."""

import re
from typing import Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.consent.consent import Answer
from bot.errors import UsageError
from bot.room import refusals
from bot.room.room import Room
from bot.room.rooms import Rooms
from bot.typed.markup import has_words
from bot.ui.answers import answer, locale
from bot.ui.consent_notice import ConsentButtons
from bot.ui.permissions import is_in
from bot.words import Text, command, t
from bot.words.clean import clean

Interaction = discord.Interaction[Any]

_LONGEST: Final = 500  # characters: half a minute of speech
_MENTION: Final = re.compile(r"<(@[!&]?|#)(\d+)>")
_EMOJI: Final = re.compile(r"<a?(:\w+:)\d+>")


class Say(commands.Cog):
    """Gives the typed words of a member who joined in to their room.

    Args:
        rooms: The rooms of this process.
    """

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    @app_commands.command(name="say", description="Type what you want to say in the voice channel")
    @app_commands.describe(text="What you want to say")
    @app_commands.guild_only()
    async def say(
        self, interaction: Interaction, text: app_commands.Range[str, 1, _LONGEST]
    ) -> None:
        """Show it as the member's caption, in all languages of the room."""
        person = interaction.user
        if not isinstance(person, discord.Member):
            raise UsageError(t("This only works in a server."))
        words = clean(named(text, person.guild))
        if not has_words(_EMOJI.sub("", _MENTION.sub("", text))):
            raise UsageError(t("There is nothing to translate in this."))
        room = self._rooms.find(person.guild.id)
        if room is None or room.over:
            raise refusals.none_runs()
        if not room.hears(person.id):
            await self._not_heard(interaction, person, room)
            return
        room.type(person.id, words)
        await answer(
            interaction,
            t("Your words appear in {text}.", text=f"<#{room.plan.text_channel_id}>"),
        )

    async def _not_heard(
        self, interaction: Interaction, person: discord.Member, room: Room
    ) -> None:
        """Say why not, with the buttons where joining in is all that is missing."""
        if not is_in(person, room.where):
            raise UsageError(t("Join {channel} first.", channel=f"<#{room.where}>"))
        if room.paused:
            raise UsageError(t("Translation is paused. Nobody is heard until it resumes."))
        consent = await self._rooms.consent(person.guild.id)
        if person.id in consent.agreed:
            raise UsageError(_unseen())
        stays_out = consent.answer(person.id) is Answer.NO
        await answer(
            interaction,
            t("You chose to stay out, so you are not heard. Join in to be heard.")
            if stays_out
            else t("Join in first: only those who joined in are translated."),
            view=ConsentButtons(self._rooms, locale(interaction)),
        )


def _unseen() -> Text:
    return t(
        "You're not heard here at the moment. {command} says why.",
        command=command("translate status"),
    )


def named(text: str, guild: discord.Guild) -> str:
    """Return a text as it is read: mentions and emoji by their names."""

    def name(found: re.Match[str]) -> str:
        kind, number = found[1], int(found[2])
        if kind == "#":
            channel = guild.get_channel_or_thread(number)
            return "" if channel is None else f"#{channel.name}"
        if kind == "@&":
            role = guild.get_role(number)
            return "" if role is None else role.name
        member = guild.get_member(number)
        return "" if member is None else member.display_name

    return _EMOJI.sub(r"\1", _MENTION.sub(name, text))
