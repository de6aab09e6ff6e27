"""Corrections that somebody suggests who may not change the glossary: one who may accepts them.

A suggestion keeps no state but its message: the words stand in it, the languages and who suggests
it in the ids of its buttons. So it can be accepted after a restart, too.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import discord

from bot.chat.rendering.plain import escape
from bot.chat.rendering.reading import plain
from bot.clock import Clock
from bot.domain.stored import GuildSettings, Term
from bot.domain.stores import SettingsStore
from bot.errors import ParleyError, StoreError, UsageError
from bot.logs import get_logger
from bot.records.glossaries import Glossaries
from bot.records.terms import term
from bot.ui.answers import answer, answer_further
from bot.ui.cooldowns import admits
from bot.ui.permissions import check_manager
from bot.words import language_name, lines, listing, number, render, t

log = get_logger(__name__)

Interaction = discord.Interaction[Any]

ACCEPT: Final = "parley:proposal:accept"
DECLINE: Final = "parley:proposal:decline"
MOST_OPEN: Final = 10  # of a server, that nobody has decided about
OPEN_S: Final = 3600.0  # one that was deleted, or that nobody looks at, stands in no way for longer

_KNOWN_WITHIN_S: Final = 1.0
_ENGLISH: Final = "en-US"
_HEARD: Final = re.compile(r"^> “(.*)”$", re.MULTILINE)
_MEANT: Final = re.compile(r"^> → “(.*)”$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction of a word or name in captions.

    Attributes:
        heard: The word as it was understood.
        meant: The word as it should appear.
        languages: In captions of these.
        by: Who suggests it.
    """

    heard: str
    meant: str
    languages: tuple[str, ...]
    by: int

    @classmethod
    def of(cls, heard: str, meant: str, languages: Sequence[str], by: int) -> Self:
        """Return a correction as it is kept.

        Raises:
            UsageError: A side is missing or too long, or both are the same.
        """
        tidy = term("", heard, meant)
        if tidy.source == tidy.translation:
            raise UsageError(t("Both are the same; nothing needs to be corrected."))
        return cls(tidy.source, tidy.translation, tuple(languages), by)

    def terms(self) -> list[Term]:
        """Return what the glossary gets."""
        return [Term(language, self.heard, self.meant) for language in self.languages]

    def said(self) -> str:
        """Return the languages, for a sentence."""
        return listing(language_name(language) for language in self.languages)

    def content(self, locale: str, *, outcome: str | None = None) -> str:
        """Return the suggestion's message."""
        head = t(
            "{person} suggests a correction in {languages}:",
            person=f"<@{self.by}>",
            languages=self.said(),
        )
        words = (f"> “{escape(self.heard)}”", f"> → “{escape(self.meant)}”")
        rows: list[str] = [head, *words]
        return render(lines(rows if outcome is None else [*rows, outcome]), locale)

    @classmethod
    def read(cls, content: str, languages: str, by: int) -> Self:
        """Return a suggestion from its message and the id of its button."""
        heard, meant = _HEARD.search(content), _MEANT.search(content)
        if heard is None or meant is None:
            raise UsageError(t("This suggestion can't be read anymore."))
        return cls(plain(heard[1]), plain(meant[1]), tuple(languages.split(",")), by)

    def view(self, locale: str) -> discord.ui.View:
        """Return its buttons."""
        view = discord.ui.View(timeout=None)
        about = f"{','.join(self.languages)}/{self.by}"
        for text, style, custom_id in (
            (t("Accept"), discord.ButtonStyle.success, ACCEPT),
            (t("Decline"), discord.ButtonStyle.secondary, DECLINE),
        ):
            view.add_item(
                discord.ui.Button(
                    label=render(text, locale), style=style, custom_id=f"{custom_id}/{about}"
                )
            )
        view.stop()  # the registered ones answer; discord.py would keep each that was sent
        return view


class Proposals:
    """Posts suggestions, not too many of them, and has them decided about.

    Args:
        glossaries: Take what is accepted.
        settings: The settings of all servers.
        clock: Tells the time and calls back.
    """

    def __init__(self, glossaries: Glossaries, settings: SettingsStore, clock: Clock) -> None:
        self._glossaries = glossaries
        self._settings = settings
        self._clock = clock
        self._guilds: dict[int, dict[Correction, float]] = {}  # and since when they stand

    async def post(self, interaction: Interaction, proposal: Correction) -> None:
        """Post a suggestion where it was made, as the answer.

        Raises:
            UsageError: It stands already, or too many do.
        """
        standing = self._standing(interaction.guild_id or 0)
        if proposal.terms() in [one.terms() for one in standing]:
            raise UsageError(t("This has already been suggested."))
        if len(standing) >= MOST_OPEN:
            raise UsageError(
                t(
                    "{count} suggestions are waiting already. Ask someone with Manage Server to "
                    "decide about them first.",
                    count=number(MOST_OPEN, 0),
                )
            )
        standing[proposal] = self._clock.now()
        try:
            locale = await self._locale(interaction)
            await interaction.response.send_message(
                proposal.content(locale),
                view=proposal.view(locale),
                allowed_mentions=discord.AllowedMentions.none(),
            )
        except BaseException:
            self._standing(interaction.guild_id or 0).pop(proposal, None)
            raise

    def _standing(self, guild_id: int) -> dict[Correction, float]:
        """Return those of a server that nobody has decided about."""
        late = self._clock.now() - OPEN_S
        for known in list(self._guilds):
            left = {one: at for one, at in self._guilds[known].items() if at > late}
            if left or known == guild_id:
                self._guilds[known] = left
            else:
                del self._guilds[known]
        return self._guilds.setdefault(guild_id, {})

    async def accept(self, interaction: Interaction, proposal: Correction) -> None:
        """Take it into the glossary, for one who may.

        Raises:
            StarterError: They may not.
            GlossaryFullError: There is no room for it.
            StoreError: It can't be kept.
        """
        person = _member(interaction)
        check_manager(person)
        await interaction.response.defer()
        await self._glossaries.put(person.guild.id, proposal.terms())
        accepted = t("Accepted by {person}.", person=person.mention)
        await self._decided(interaction, proposal, accepted)

    async def decline(self, interaction: Interaction, proposal: Correction) -> None:
        """Leave it, for one who may; who suggested it takes it back.

        Raises:
            StarterError: They may not.
        """
        person = _member(interaction)
        if person.id == proposal.by:
            outcome = t("Taken back.")
        else:
            check_manager(person)
            outcome = t("Declined by {person}.", person=person.mention)
        await interaction.response.defer()
        await self._decided(interaction, proposal, outcome)

    async def _locale(self, interaction: Interaction) -> str:
        """Return the locale of what is posted for everybody in the server."""
        set_to = (await settings_in_time(self._settings, interaction.guild_id or 0)).locale
        return set_to or str(interaction.guild_locale or _ENGLISH)

    async def _decided(self, interaction: Interaction, proposal: Correction, outcome: str) -> None:
        locale = await self._locale(interaction)
        self._standing(interaction.guild_id or 0).pop(proposal, None)
        await interaction.edit_original_response(
            content=proposal.content(locale, outcome=outcome),
            view=None,
            allowed_mentions=discord.AllowedMentions.none(),
        )


async def settings_in_time(store: SettingsStore, guild_id: int) -> GuildSettings:
    """Return what a server set; the defaults where that isn't known soon, as Discord waits."""
    try:
        async with asyncio.timeout(_KNOWN_WITHIN_S):
            return await store.settings(guild_id)
    except (StoreError, TimeoutError):
        return GuildSettings()


class _Decision(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"parley:proposal:.+"):
    """One of a suggestion's buttons."""

    def __init__(self, button: discord.ui.Button[Any], languages: str, by: int) -> None:
        super().__init__(button)
        self._languages = languages
        self._by = by

    @classmethod
    async def from_custom_id(
        cls, _: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Make the button that was pressed; also one of an earlier run."""
        if not isinstance(item, discord.ui.Button):
            raise TypeError("a suggestion has buttons only")
        return cls(item, match["languages"], int(match["by"]))

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Return whether the cooldowns admit the press."""
        return await admits(interaction)

    def proposal(self, interaction: Interaction) -> Correction:
        """Return what the button is about.

        Raises:
            UsageError: Its message can't be read.
        """
        content = "" if interaction.message is None else interaction.message.content
        return Correction.read(content, self._languages, self._by)


_ABOUT: Final = r"/(?P<languages>[\w,-]+)/(?P<by>\d+)"


def buttons(proposals: Proposals) -> tuple[type[discord.ui.DynamicItem[Any]], ...]:
    """Make the classes that answer the buttons of suggestions."""

    class Accept(_Decision, template=ACCEPT + _ABOUT):
        async def callback(self, interaction: Interaction) -> None:
            try:
                await proposals.accept(interaction, self.proposal(interaction))
            except ParleyError as error:
                await _refused(interaction, error)

    class Decline(_Decision, template=DECLINE + _ABOUT):
        async def callback(self, interaction: Interaction) -> None:
            try:
                await proposals.decline(interaction, self.proposal(interaction))
            except ParleyError as error:
                await _refused(interaction, error)

    return Accept, Decline


async def _refused(interaction: Interaction, error: ParleyError) -> None:
    log.info("press refused", code=error.code)
    if interaction.response.is_done():
        await answer_further(interaction, error.message)
    else:
        await answer(interaction, error.message)


def _member(interaction: Interaction) -> discord.Member:
    if not isinstance(interaction.user, discord.Member):
        raise UsageError(t("This only works in a server."))
    return interaction.user
