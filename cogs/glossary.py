"""/glossary: how a server wants its words to be translated."""

import asyncio
import io
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.stored import Term
from bot.errors import UsageError
from bot.records import glossary_file
from bot.records.glossaries import Glossaries
from bot.records.terms import LONGEST, term
from bot.ui import languages
from bot.ui.answers import answer, locale, take_time
from bot.ui.permissions import check_manager
from bot.words import Text, language_name, number, render, t, tn
from bot.words.languages import find

Interaction = discord.Interaction[Any]
Side = app_commands.Range[str, 1, LONGEST]

_MOST_SHOWN = 1800  # characters of a list; a longer one is a file
_MOST_CHOICES = 25


@app_commands.guild_only()
class GlossaryCommands(
    commands.GroupCog,
    group_name="glossary",
    group_description="How words are translated in this server",
):
    """Parses what was asked, lets the service do it, answers.

    Everybody may read a glossary; who may manage the server changes it.

    Args:
        glossaries: The glossaries of all servers.
        codes: The languages there are.
    """

    def __init__(self, glossaries: Glossaries, codes: Collection[str]) -> None:
        self._glossaries = glossaries
        self._codes = codes

    @app_commands.command(name="add", description="Choose how a word is translated")
    @app_commands.describe(
        language="The language it is translated into",
        source="The word as it is spoken",
        translation="The word as it should appear",
    )
    async def add(
        self,
        interaction: Interaction,
        language: app_commands.Range[str, 1, 100],
        source: Side,
        translation: Side,
    ) -> None:
        """Add one term, or change it."""
        person = manager(interaction)
        target = languages.one(language, self._codes)
        one = term(target, source, translation)
        await take_time(interaction)
        new, _ = await self._glossaries.put(person.guild.id, [one])
        values = {
            "term": shown(one.source),
            "translation": shown(one.translation),
            "language": language_name(target),
        }
        await answer(
            interaction,
            t("{term} is now translated as {translation} in {language}.", **values)
            if new
            else t(
                (
                    "{term} was already in the glossary; it is now translated as "
                    "{translation} in {language}."
                ),
                **values,
            ),
        )

    @app_commands.command(name="remove", description="Remove a word from the glossary")
    @app_commands.describe(
        source="The word as it is spoken",
        language=("In this language; in all languages if you leave it out"),
    )
    async def remove(
        self,
        interaction: Interaction,
        source: Side,
        language: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        """Remove a term from one language, or from all."""
        person = manager(interaction)
        target = self._language(language)
        tidy = term("", source, source).source
        await take_time(interaction)
        if not await self._glossaries.remove(person.guild.id, target, tidy):
            raise UsageError(t("{term} isn't in the glossary.", term=shown(tidy)))
        await answer(interaction, t("Removed {term} from the glossary.", term=shown(tidy)))

    @app_commands.command(name="list", description="Show the glossary")
    @app_commands.describe(language="Only this language; all languages if you leave it out")
    async def list_(
        self, interaction: Interaction, language: app_commands.Range[str, 1, 100] | None = None
    ) -> None:
        """Show the terms; as a file when there are many."""
        person = member(interaction)
        target = self._language(language)
        await take_time(interaction)
        terms = await self._glossaries.terms(person.guild.id, target)
        if not terms:
            raise UsageError(t("The glossary is empty."))
        head = _counted(terms)
        whole = listing(terms, locale(interaction))
        if len(whole) <= _MOST_SHOWN:
            await answer(interaction, t("{head}\n{terms}", head=head, terms=whole))
        else:
            await answer(interaction, head, file=_file(terms))

    @app_commands.command(name="import", description="Import words from a CSV file, all or none")
    @app_commands.describe(
        file="Columns: source, translation, language; up to 1,000 lines and 256 kB",
        language="Language for lines that don't name one",
    )
    async def import_(
        self,
        interaction: Interaction,
        file: discord.Attachment,
        language: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        """Add all terms of a file, or say what is wrong with it."""
        person = manager(interaction)
        target = self._language(language)
        await take_time(interaction)
        content = await _content(file)
        # A thousand lines take a while, in which others want to be heard.
        terms = await asyncio.to_thread(
            glossary_file.read, content, partial(find, codes=self._codes), target
        )
        new, changed = await self._glossaries.put(person.guild.id, terms)
        await answer(
            interaction,
            t(
                "Imported: {new} new, {changed} changed, {same} unchanged.",
                new=number(new),
                changed=number(changed),
                same=number(len(terms) - new - changed),
            ),
        )

    @app_commands.command(name="export", description="The glossary as a CSV file")
    @app_commands.describe(language="Only this language; all languages if you leave it out")
    async def export(
        self, interaction: Interaction, language: app_commands.Range[str, 1, 100] | None = None
    ) -> None:
        """Hand out a file that `import` takes."""
        person = member(interaction)
        target = self._language(language)
        await take_time(interaction)
        terms = await self._glossaries.terms(person.guild.id, target)
        if not terms:
            raise UsageError(t("The glossary is empty."))
        await answer(interaction, _counted(terms), file=_file(terms))

    @add.autocomplete("language")
    @remove.autocomplete("language")
    @list_.autocomplete("language")
    @import_.autocomplete("language")
    @export.autocomplete("language")
    async def _complete_language(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=name, value=code)
            for name, code in languages.complete_one(current, self._codes, locale(interaction))
        ]

    @remove.autocomplete("source")
    async def _complete_source(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        terms = await self._glossaries.terms(member(interaction).guild.id)
        wanted = current.casefold()
        sources = dict.fromkeys(one.source for one in terms if wanted in one.source.casefold())
        return [
            app_commands.Choice(name=source, value=source) for source in [*sources][:_MOST_CHOICES]
        ]

    def _language(self, written: str | None) -> str | None:
        return None if written is None else languages.one(written, self._codes)


def member(interaction: Interaction) -> discord.Member:
    """Return who asked.

    Raises:
        UsageError: Not in a server.
    """
    if not isinstance(interaction.user, discord.Member):
        raise UsageError(t("This only works in a server."))
    return interaction.user


def manager(interaction: Interaction) -> discord.Member:
    """Return who asked, if they may manage the server.

    Raises:
        UsageError: Not in a server.
        StarterError: They may not.
    """
    person = member(interaction)
    check_manager(person)
    return person


def shown(text: str) -> str:
    """Return a term as it stands in a message, whatever is in it."""
    return f"“{discord.utils.escape_markdown(discord.utils.escape_mentions(text))}”"


def listing(terms: Sequence[Term], reader: str) -> str:
    """List terms by language, each on a line."""
    lines = []
    for target in sorted({one.target for one in terms}):
        lines.append(f"**{render(language_name(target), reader)}**")
        lines += [
            f"- {shown(one.source)} → {shown(one.translation)}"
            for one in terms
            if one.target == target
        ]
    return "\n".join(lines)


def _counted(terms: Sequence[Term]) -> Text:
    return tn("The glossary has {count} word.", "The glossary has {count} words.", len(terms))


def _file(terms: Sequence[Term]) -> discord.File:
    return discord.File(io.BytesIO(glossary_file.write(terms)), "glossary.csv")


async def _content(file: discord.Attachment) -> bytes:
    if file.size > glossary_file.MOST_BYTES:
        raise UsageError(t("The file is larger than 256 kB."))
    try:
        return await file.read()
    except discord.HTTPException as error:
        raise UsageError(t("I couldn't download the file. Try again.")) from error
