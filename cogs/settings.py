"""/settings: what holds for all rooms of a server, for those who may manage it."""

from dataclasses import replace
from typing import Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain.stored import ConsentMode, GuildSettings, Layout
from bot.errors import UsageError
from bot.guild.room_languages import MOST_GUESTS
from bot.guild.settings import (
    MOST_CAPTION_MINUTES,
    MOST_DAILY_MINUTES,
    MOST_TRANSCRIPT_DAYS,
    Edit,
    SettingsService,
)
from bot.ui import languages, settings_shown
from bot.ui.answers import answer, locale, take_time
from bot.ui.checkup import Checkup
from bot.ui.permissions import findings, refuse
from bot.ui.settings_menus import (
    AnnouncedConfirmation,
    ResetConfirmation,
    Running,
    StarterMenu,
    manager,
)
from bot.words import lines, t
from bot.words.catalogue import LOCALES
from bot.words.languages import words_name

Interaction = discord.Interaction[Any]
Choice = app_commands.Choice

_OFF: Final = "off"
_SERVERS: Final = "server"
_DUTY: Final = t(
    "**Everyone in the voice channel will be heard 10 seconds after they are told, unless "
    "they say no.** In many countries people must agree before others may listen to and keep "
    "what they say. You are responsible for knowing the law where your members live, and for "
    "telling them beforehand."
)


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class SettingsCommands(
    commands.GroupCog, group_name="settings", group_description=("Server settings")
):
    """Parses what is to change, lets the service change it, shows what holds.

    Args:
        service: Changes settings.
        checks: Walks through what a room needs.
        running: Whether a guild's room runs.
    """

    def __init__(self, service: SettingsService, checks: Checkup, running: Running) -> None:
        self._service = service
        self._checkup = checks
        self._running = running

    @app_commands.command(name="show", description="Show this server's settings")
    async def show(self, interaction: Interaction) -> None:
        """Show all settings of the server."""
        guild = manager(interaction).guild
        await take_time(interaction)
        settings = await self._service.settings(guild.id)
        limits = (self._service.host_minutes(guild.id), self._service.most_guests)
        await answer(interaction, settings_shown.text(settings, *limits))

    @app_commands.command(name="languages", description="Default languages")
    @app_commands.describe(to="Languages to translate into, for example: en, es")
    async def languages(
        self, interaction: Interaction, to: app_commands.Range[str, 1, 100]
    ) -> None:
        """Set the languages; one that is spoken no longer fits is left out."""
        manager(interaction)
        targets = languages.parse(to, self._service.targets, self._service.most_languages)

        def edit(now: GuildSettings) -> GuildSettings:
            spoken = now.spoken if now.spoken in targets else None
            return replace(now, targets=targets, spoken=spoken)

        await self._change(interaction, edit)

    @app_commands.command(name="voice", description="Which translation is read aloud")
    @app_commands.describe(language="One of the default languages, or off")
    async def voice(
        self, interaction: Interaction, language: app_commands.Range[str, 1, 50]
    ) -> None:
        """Set the language that is spoken back."""
        manager(interaction)
        spoken = None
        if language.strip().casefold() != _OFF:
            spoken = languages.one(language, self._service.languages)
        await self._change(interaction, lambda now: replace(now, spoken=spoken))

    @app_commands.command(name="captions", description="How captions look in the text channel")
    @app_commands.describe(
        layout="Where captions in several languages appear",
        originals="Show the original beneath each translation",
        remove_after="Minutes after which captions are deleted; 0 keeps them",
    )
    @app_commands.choices(
        layout=[
            Choice(name="all languages together", value=Layout.TOGETHER.value),
            Choice(name="a thread for each language", value=Layout.THREADS.value),
        ]
    )
    async def captions(
        self,
        interaction: Interaction,
        layout: str | None = None,
        originals: bool | None = None,  # noqa: FBT001 - the form of a command's option
        remove_after: app_commands.Range[int, 0, MOST_CAPTION_MINUTES] | None = None,
    ) -> None:
        """Set what is given of it."""
        manager(interaction)
        if layout is None and originals is None and remove_after is None:
            raise UsageError(t("Choose at least one option to change."))

        def edit(now: GuildSettings) -> GuildSettings:
            return replace(
                now,
                layout=now.layout if layout is None else Layout(layout),
                originals=now.originals if originals is None else originals,
                caption_minutes=now.caption_minutes if remove_after is None else remove_after,
            )

        await self._change(interaction, edit)

    @app_commands.command(
        name="starters", description=("Who can start, stop and change translation")
    )
    async def starters(self, interaction: Interaction) -> None:
        """Open the menu of roles."""
        guild = manager(interaction).guild
        await take_time(interaction)
        settings = await self._service.settings(guild.id)
        menu = StarterMenu(self._service, self._running, settings, locale(interaction))
        await self._ask(
            interaction,
            t(
                "Choose the roles that can start, stop and change translation. Members with "
                "Manage Server always can."
            ),
            menu,
        )

    @app_commands.command(name="privacy", description="Who is heard")
    @app_commands.describe(mode="How people agree to be heard")
    @app_commands.choices(
        mode=[
            Choice(name="only those who joined in", value=ConsentMode.OPT_IN.value),
            Choice(name="everyone who doesn't say no", value=ConsentMode.ANNOUNCED.value),
        ]
    )
    async def privacy(self, interaction: Interaction, mode: str) -> None:
        """Set the consent mode; the wider one is asked back."""
        guild = manager(interaction).guild
        await take_time(interaction)
        now = await self._service.settings(guild.id)
        if ConsentMode(mode) is ConsentMode.ANNOUNCED is not now.consent:
            menu = AnnouncedConfirmation(self._service, self._running, locale(interaction))
            await self._ask(interaction, _DUTY, menu)
        else:
            await self._change(interaction, lambda now: replace(now, consent=ConsentMode(mode)))

    @app_commands.command(name="transcripts", description="How long transcripts are kept")
    @app_commands.describe(days="Days to keep; 0 keeps none and deletes existing ones")
    async def transcripts(
        self, interaction: Interaction, days: app_commands.Range[int, 0, MOST_TRANSCRIPT_DAYS]
    ) -> None:
        """Set for how many days transcripts are kept."""
        manager(interaction)
        await self._change(interaction, lambda now: replace(now, transcript_days=days))

    @app_commands.command(
        name="limits", description=("Minutes per day, and how many languages guests can add")
    )
    @app_commands.describe(
        minutes="Minutes per day; 0 uses the limit of this bot's host",
        guests="How many languages guests can add by choosing what they read",
    )
    async def limits(
        self,
        interaction: Interaction,
        minutes: app_commands.Range[int, 0, int(MOST_DAILY_MINUTES)] | None = None,
        guests: app_commands.Range[int, 0, MOST_GUESTS] | None = None,
    ) -> None:
        """Set what is given of it."""
        manager(interaction)
        if minutes is None and guests is None:
            raise UsageError(t("Choose at least one option to change."))

        def edit(now: GuildSettings) -> GuildSettings:
            return replace(
                now,
                daily_minutes=now.daily_minutes if minutes is None else minutes or None,
                guests=now.guests if guests is None else guests,
            )

        await self._change(interaction, edit)

    @app_commands.command(
        name="auto-start", description="Start automatically when someone joins a voice channel"
    )
    @app_commands.describe(
        channel="The voice channel",
        text="Where captions appear; here if you leave it out",
        off="Stop starting automatically in a voice channel",
    )
    async def auto_start(
        self,
        interaction: Interaction,
        channel: discord.VoiceChannel | discord.StageChannel,
        text: discord.TextChannel | discord.VoiceChannel | None = None,
        off: bool = False,  # noqa: FBT001, FBT002 - the form of a command's option
    ) -> None:
        """Set or remove one channel, if the bot may do its work there."""
        person = manager(interaction)
        if off:
            await self._change(
                interaction,
                lambda now: replace(
                    now,
                    auto_channels={v: c for v, c in now.auto_channels.items() if v != channel.id},
                ),
            )
            return
        shown = text or _here(interaction)
        await take_time(interaction)
        now = await self._service.settings(person.guild.id)
        me = person.guild.me
        refuse(findings(me, person, channel, shown, speaks=now.spoken is not None))
        await self._change(
            interaction,
            lambda now: replace(now, auto_channels={**now.auto_channels, channel.id: shown.id}),
        )

    @app_commands.command(name="language", description="The language of my public messages")
    @app_commands.describe(
        language=("Language of public messages; private answers use each member's own")
    )
    @app_commands.choices(
        language=[
            Choice(name="the server's language", value=_SERVERS),
            *(Choice(name=words_name(code), value=code) for code in LOCALES),
        ]
    )
    async def language(self, interaction: Interaction, language: str) -> None:
        """Set the language of what the bot posts."""
        manager(interaction)
        chosen = None if language == _SERVERS else language
        await self._change(interaction, lambda now: replace(now, locale=chosen))

    @app_commands.command(name="reset", description="Reset all settings to their defaults")
    async def reset(self, interaction: Interaction) -> None:
        """Ask, then forget all settings."""
        manager(interaction)
        menu = ResetConfirmation(self._service, self._running, locale(interaction))
        await self._ask(interaction, t("All settings of this server would be lost."), menu)

    @app_commands.command(
        name="check", description=("Check what is missing before translation can start")
    )
    @app_commands.describe(
        channel="The voice channel; yours if you leave it out",
        text="Where captions would appear; here if you leave it out",
    )
    async def check(
        self,
        interaction: Interaction,
        channel: discord.VoiceChannel | discord.StageChannel | None = None,
        text: discord.TextChannel | discord.VoiceChannel | None = None,
    ) -> None:
        """Walk through all that a room needs."""
        person = manager(interaction)
        heard = channel or (person.voice.channel if person.voice is not None else None)
        if heard is None:
            raise UsageError(
                t("Join a voice channel first, or choose one with the option “channel”.")
            )
        captions = text or _here(interaction)
        await take_time(interaction)
        said = await self._checkup.of(person, heard, captions)
        await answer(interaction, said)

    @languages.autocomplete("to")
    async def _complete_to(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        found = languages.complete(current, self._service.targets, locale(interaction))
        return [Choice(name=shown, value=value) for shown, value in found]

    @voice.autocomplete("language")
    async def _complete_voice(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        if interaction.guild_id is None:
            return []
        settings = await self._service.settings(interaction.guild_id)
        spoken = [code for code in settings.targets if self._service.languages.get(code)]
        found = languages.complete_one(current, spoken, locale(interaction))
        off = [(_OFF, _OFF)] if _OFF.startswith(current.strip().casefold()) else []
        return [Choice(name=shown, value=value) for shown, value in [*found, *off]]

    async def _change(self, interaction: Interaction, edit: Edit) -> None:
        guild = manager(interaction).guild
        if not interaction.response.is_done():
            await take_time(interaction)
        before = await self._service.settings(guild.id)
        after = await self._service.change(guild.id, edit)
        said = (
            settings_shown.changed(before, after, running=self._running(guild.id)),
            settings_shown.text(
                after, self._service.host_minutes(guild.id), self._service.most_guests
            ),
        )
        await answer(interaction, lines(said))

    async def _ask(
        self,
        interaction: Interaction,
        text: str,
        menu: StarterMenu | AnnouncedConfirmation | ResetConfirmation,
    ) -> None:
        await answer(interaction, text, view=menu)
        menu.stop()  # the registered one answers, also after a restart


def _here(interaction: Interaction) -> discord.TextChannel | discord.VoiceChannel | discord.Thread:
    if isinstance(interaction.channel, discord.TextChannel | discord.VoiceChannel | discord.Thread):
        return interaction.channel
    raise UsageError(
        t("Captions can't be posted here. Choose a text channel with the option “text”.")
    )
