"""Apps > Correct this: a word of a caption that was understood wrongly, for the glossary."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

import discord
from discord.ext import commands

from bot.domain.stores import SettingsStore
from bot.errors import UsageError
from bot.records.glossaries import Glossaries
from bot.records.terms import LONGEST
from bot.room.rooms import Rooms
from bot.ui.answers import answer, locale, take_time
from bot.ui.messages.correction import MOST_LANGUAGES, CorrectionForm
from bot.ui.messages.menu import MessageMenu
from bot.ui.messages.proposals import Correction, Proposals, settings_in_time
from bot.ui.messages.words import caption_of
from bot.words import t
from bot.words.languages import find
from cogs.glossary import member, shown

Interaction = discord.Interaction[Any]


class CorrectCaption(MessageMenu):
    """Opens the form, and takes what is filled in: who may manage the server, at once.

    Args:
        bot: Where it is offered.
        rooms: Know the languages.
        settings: The settings of all servers.
        glossaries: The glossaries of all servers.
        proposals: What others suggest.
    """

    menu: ClassVar[str] = "Correct this"

    def __init__(
        self,
        bot: commands.Bot | commands.AutoShardedBot,
        rooms: Rooms,
        settings: SettingsStore,
        glossaries: Glossaries,
        proposals: Proposals,
    ) -> None:
        super().__init__(bot)
        self._rooms = rooms
        self._settings = settings
        self._glossaries = glossaries
        self._proposals = proposals

    async def chosen(self, interaction: Interaction, message: discord.Message) -> None:
        """Ask what it should be."""
        caption = caption_of(interaction, message)
        if not caption:
            raise UsageError(t("This isn't a caption. Choose one that I posted."))
        known = self._rooms.languages()
        heard = caption[0].source_language  # its line is put right, too
        labelled = _codes([*(line.language for line in caption), heard], known)
        others = await self._languages(member(interaction).guild.id)
        languages = _codes((*labelled, *others), known)[:MOST_LANGUAGES]
        said = caption[0].source or caption[0].text
        form = CorrectionForm(
            interaction.id,
            said if len(said) <= LONGEST else "",
            languages or ("en",),
            labelled or languages,
            locale=locale(interaction),
            submitted=self._submitted,
        )
        await interaction.response.send_modal(form)

    async def _languages(self, guild_id: int) -> tuple[str, ...]:
        """Return those of the running room, else those the server set."""
        room = self._rooms.find(guild_id)
        if room is not None:
            return room.status().plan.targets
        return (await settings_in_time(self._settings, guild_id)).targets

    async def _submitted(
        self, interaction: Interaction, heard: str, meant: str, languages: Sequence[str]
    ) -> None:
        person = member(interaction)
        proposal = Correction.of(heard, meant, languages, person.id)
        if not person.guild_permissions.manage_guild:
            await self._proposals.post(interaction, proposal)
            return
        await take_time(interaction)
        await self._glossaries.put(person.guild.id, proposal.terms())
        await answer(
            interaction,
            t(
                "{term} is now translated as {translation} in {language}.",
                term=shown(proposal.heard),
                translation=shown(proposal.meant),
                language=proposal.said(),
            ),
        )


def _codes(languages: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    found = (find(language, known) for language in languages)
    return tuple(dict.fromkeys(code for code in found if code is not None))
