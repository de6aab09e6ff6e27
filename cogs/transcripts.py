"""/translate transcript: what was said in a call, as a file for whoever may see its captions."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import ParleyError, PermissionMissing, UsageError
from bot.records.documents import Format
from bot.records.transcripts import Transcripts, TranscriptSession
from bot.ui.answers import answer, locale, take_time
from bot.ui.permissions import NAMES
from bot.words import command, language_name, listing, render, t, tn
from bot.words.languages import find, label, search

Interaction = discord.Interaction[Any]

ALL: Final = "all"
_MOST_CHOICES: Final = 25
_NEEDED: Final = ("view_channel", "read_message_history")
_NEEDED_IN_VOICE: Final = ("view_channel", "connect", "read_message_history")


class TranscriptCommand(
    commands.GroupCog, group_name="translate", group_description="Live translation"
):
    """The subcommand `transcript`; the cog of /translate inherits it."""

    transcripts: Transcripts

    @app_commands.command(name="transcript", description=("Get what was said in a call, as a file"))
    @app_commands.describe(
        format="File format",
        language="One language; all side by side if you leave it out",
        session="Which call; the last one if you leave it out",
    )
    @app_commands.choices(
        format=[
            app_commands.Choice(name="Text (txt)", value=Format.TXT.value),
            app_commands.Choice(name="Subtitles for the web (vtt)", value=Format.VTT.value),
            app_commands.Choice(name="Subtitles (srt)", value=Format.SRT.value),
            app_commands.Choice(name="Data (json)", value=Format.JSON.value),
            app_commands.Choice(name="Table (csv)", value=Format.CSV.value),
        ]
    )
    async def transcript(
        self,
        interaction: Interaction,
        format: str,  # noqa: A002 - the option's name
        language: app_commands.Range[str, 1, 100] | None = None,
        session: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        """Hand the file to who asked."""
        person = _member(interaction)
        await take_time(interaction)
        chosen = await self._call(person, session)
        codes = await self.transcripts.languages(person.guild.id, chosen)
        form = Format(format)
        made = await self.transcripts.document(
            person.guild.id, chosen, form, _language(language, codes) if codes else None
        )
        if len(made.data) > interaction.filesize_limit:
            raise UsageError(
                t("The file is too large for Discord. Choose one language or another format.")
            )
        name = f"transcript-{chosen.began:%Y%m%d-%H%M}.{form.value}"
        await answer(
            interaction,
            tn(
                "{count} sentence from {began}. Keep in mind that the file contains what people "
                "said.",
                "{count} sentences from {began}. Keep in mind that the file contains what people "
                "said.",
                made.utterances,
                began=discord.utils.format_dt(chosen.began),
            ),
            file=discord.File(io.BytesIO(made.data), name),
        )

    async def _call(self, person: discord.Member, name: str | None) -> TranscriptSession:
        sessions = await self.transcripts.sessions(person.guild.id)
        if name is not None:
            sessions = [one for one in sessions if one.id == name]
        if not sessions:
            raise UsageError(
                t(
                    "There is no such transcript. Server managers can turn transcripts on "
                    "with {command}.",
                    command=command("settings transcripts"),
                )
            )
        refused: ParleyError | None = None
        for one in sessions:
            try:
                check_read(person, one)
            except (PermissionMissing, UsageError) as error:
                refused = refused or error
            else:
                return one
        if refused is None:
            raise UsageError(t("Nothing is left of that transcript."))
        raise refused

    @transcript.autocomplete("session")
    async def _complete_call(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        person = _member(interaction)
        choices = []
        for one in await self.transcripts.sessions(person.guild.id):
            name = render(described(one, person.guild), locale(interaction))[:100]
            if may_read(person, one) and current.casefold() in name.casefold():
                choices.append(app_commands.Choice(name=name, value=one.id))
        return choices[:_MOST_CHOICES]

    @transcript.autocomplete("language")
    async def _complete_transcribed(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        person = _member(interaction)
        try:
            chosen = await self._call(person, getattr(interaction.namespace, "session", None))
            codes = await self.transcripts.languages(person.guild.id, chosen)
        except (PermissionMissing, UsageError):
            return []  # the command says why, once it is sent
        reader = locale(interaction)
        return [
            app_commands.Choice(name=render(t("All side by side"), reader), value=ALL),
            *(
                app_commands.Choice(name=label(code, reader), value=code)
                for code in search(current, codes, reader)
            ),
        ][:_MOST_CHOICES]


def described(session: TranscriptSession, guild: discord.Guild) -> str:
    """Describe a session in a list."""
    channel = guild.get_channel_or_thread(session.text_channel_id)
    return t(
        "{began} UTC, {channel}, {minutes} min",
        began=f"{session.began.astimezone(UTC):%Y-%m-%d %H:%M}",
        channel="?" if channel is None else f"#{channel.name}",
        minutes=_minutes(session.began, session.ended),
    )


def _minutes(began: datetime, ended: datetime) -> int:
    return max(1, round((ended - began).total_seconds() / 60))


def check_read(person: discord.Member, session: TranscriptSession) -> None:
    """Pass when this person may read what stood in the session's text channel.

    Of a channel that is gone, administrators may; of a private thread, who may manage threads.

    Raises:
        PermissionMissing: A permission is missing; the message names it.
        UsageError: The channel is gone.
    """
    channel = person.guild.get_channel_or_thread(session.text_channel_id)
    if channel is None:
        if not person.guild_permissions.administrator:
            raise UsageError(
                t(
                    "The channel of that transcript no longer exists, so only administrators "
                    "can get it."
                )
            )
        return
    granted = channel.permissions_for(person)
    needed: tuple[str, ...] = _NEEDED
    if isinstance(channel, discord.VoiceChannel | discord.StageChannel):
        needed = _NEEDED_IN_VOICE
    if isinstance(channel, discord.Thread) and channel.is_private():
        needed = (*_NEEDED, "manage_threads")
    missing = tuple(_NAMES[name] for name in needed if not getattr(granted, name))
    if missing:
        raise PermissionMissing("You", missing, channel.name)


_NAMES: Final = {**NAMES, "manage_threads": t("Manage Threads")}


def may_read(person: discord.Member, session: TranscriptSession) -> bool:
    """Return whether `check_read` passes."""
    try:
        check_read(person, session)
    except (PermissionMissing, UsageError):
        return False
    return True


def _language(written: str | None, codes: Sequence[str]) -> str | None:
    if written is None or written.casefold() == ALL:
        return None
    if (code := find(written, codes)) is None:
        raise UsageError(
            t(
                "The transcript isn't available in {language}, only in {languages}.",
                language=f"“{written[:40]}”",
                languages=listing(language_name(known) for known in codes),
            )
        )
    return code


def _member(interaction: Interaction) -> discord.Member:
    if not isinstance(interaction.user, discord.Member):
        raise UsageError(t("This only works in a server."))
    return interaction.user
