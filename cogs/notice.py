"""The notice that stands in the text channel while a room runs, and its two buttons.

Nobody is heard before they press "Join in", except the one who started the room, to whom the
command said so. The buttons carry fixed ids and answer after a restart of the bot too.
"""

from collections.abc import Mapping
from typing import Any, Self

import discord

from bot.errors import ParleyError
from bot.room.registry import Rooms
from bot.room.room import RoomPlan

Interaction = discord.Interaction[Any]


class ConsentButtons(discord.ui.View):
    """The buttons to join in and to stay out, for any guild.

    Args:
        rooms: Knows each guild's consent.
    """

    def __init__(self, rooms: Rooms) -> None:
        super().__init__(timeout=None)
        self._rooms = rooms

    @discord.ui.button(
        label="Join in", style=discord.ButtonStyle.success, custom_id="parley:consent:join"
    )
    async def join_in(self, interaction: Interaction, _: discord.ui.Button[Self]) -> None:
        """Hear this person from now on."""
        consent = await self._rooms.consent(_guild_id(interaction))
        if await consent.agree(interaction.user.id):
            answer = "You are in: what you say in the voice channel is translated from now on."
        else:
            answer = "You are in already."
        await interaction.response.send_message(answer, ephemeral=True)

    @discord.ui.button(
        label="Stay out", style=discord.ButtonStyle.secondary, custom_id="parley:consent:leave"
    )
    async def stay_out(self, interaction: Interaction, _: discord.ui.Button[Self]) -> None:
        """Do not hear this person, from this moment."""
        consent = await self._rooms.consent(_guild_id(interaction))
        if await consent.withdraw(interaction.user.id):
            answer = "You are out: from this moment nothing you say is heard or kept."
        else:
            answer = "You are not being heard, and nothing about you is kept."
        await interaction.response.send_message(answer, ephemeral=True)

    async def on_error(
        self, interaction: Interaction, error: Exception, item: discord.ui.Item[Any], /
    ) -> None:
        """Say what went wrong to the one who pressed."""
        if isinstance(error, ParleyError):
            await interaction.response.send_message(str(error), ephemeral=True)
        else:
            await super().on_error(interaction, error, item)


def _guild_id(interaction: Interaction) -> int:
    if interaction.guild_id is None:
        raise TypeError("a notice stands in a server's channel")
    return interaction.guild_id


def text(
    plan: RoomPlan, starter: str, voice_channel: str, names: Mapping[str, str], service: str
) -> str:
    """The words of the notice.

    Args:
        plan: What is run.
        starter: Mention or name of who started it.
        voice_channel: Mention or name of the voice channel.
        names: Language names by code.
        service: Who hears the speech.
    """
    languages = ", ".join(names.get(target, target) for target in plan.targets)
    spoken = (
        f"\nThe translation into {names.get(plan.spoken, plan.spoken)} is also spoken there."
        if plan.spoken is not None
        else ""
    )
    return (
        f"### {voice_channel} is being translated into {languages}\n"
        f"{starter} started it. The captions stand here.{spoken}\n"
        "**You are heard only if you join in**, and you can stay out again at any time.\n"
        f"-# Speech goes to {service} for translation. Parley keeps no recording; what remains "
        "is the captions in this channel, and that you joined in."
    )
