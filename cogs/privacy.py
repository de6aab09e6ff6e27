"""/privacy: join in, stay out, see what is kept, have it deleted."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.consent.consent import Answer
from bot.domain.stored import ConsentMode, MemberLanguages
from bot.domain.voices import MemberVoice
from bot.errors import UsageError
from bot.records.forgetting import Forgetting, Forgotten, Kept
from bot.room.rooms import Rooms
from bot.ui import consent_notice
from bot.ui.answers import answer, done_at_once, take_time
from bot.words import Text, command, language_name, lines, number, t, tn

Interaction = discord.Interaction[Any]


@app_commands.guild_only()
class Privacy(
    commands.GroupCog,
    group_name="privacy",
    group_description="Whether you are heard, and what is kept",
):
    """Parses what was asked, lets the services do it, answers. Everybody may use it.

    Args:
        rooms: Know each guild's consent.
        forgetting: Knows and deletes what is kept.
    """

    def __init__(self, rooms: Rooms, forgetting: Forgetting) -> None:
        self._rooms = rooms
        self._forgetting = forgetting

    @app_commands.command(name="join", description="Have what you say in this server translated")
    async def join(self, interaction: Interaction) -> None:
        """Hear this person from now on."""
        _guild_id(interaction)
        await take_time(interaction)
        await answer(interaction, await consent_notice.joined_in(self._rooms, interaction))

    @app_commands.command(
        name="leave", description=("Stop being heard in this server, immediately")
    )
    async def leave(self, interaction: Interaction) -> None:
        """Do not hear this person, from this moment."""
        guild_id = _guild_id(interaction)
        leaving = consent_notice.stayed_out(self._rooms, guild_id, interaction.user.id)
        await answer(interaction, await done_at_once(interaction, leaving))

    @app_commands.command(
        name="status", description="Whether you are heard, and what is kept about you"
    )
    async def status(self, interaction: Interaction) -> None:
        """Answer whether who asks is heard, and what is kept of them."""
        guild_id = _guild_id(interaction)
        await take_time(interaction)
        kept = await self._forgetting.kept(guild_id, interaction.user.id)
        await _answer(interaction, standing(kept))

    @app_commands.command(
        name="forget-me", description="Delete everything kept about you in this server"
    )
    async def forget_me(self, interaction: Interaction) -> None:
        """Delete it, and say what there was."""
        guild_id = _guild_id(interaction)
        await take_time(interaction)
        forgotten = await self._forgetting.forget(guild_id, interaction.user.id)
        mode = (await self._rooms.consent(guild_id)).mode
        await _answer(interaction, deleted(forgotten, mode))


def standing(kept: Kept) -> list[Text]:
    """Say whether a person is heard, and what is kept of them."""
    said = [_heard(kept)]
    if kept.answer_stored and kept.answer is Answer.YES:
        said.append(t("- Kept: that you joined in."))
    if kept.answer_stored and kept.answer is Answer.NO:
        said.append(t("- Kept: that you stay out, so that I can respect it."))
    said += _wishes(kept.wishes)
    said += _voice(kept.voice)
    if kept.minutes:
        said.append(
            t(
                "- Kept: that {minutes} minutes of your speech were translated, by day.",
                minutes=number(kept.minutes, 1),
            )
        )
    if kept.sessions:
        said.append(
            tn(
                "- One transcript is kept in this server; it may contain things you said.",
                "- {count} transcripts are kept in this server; they may contain things you said.",
                kept.sessions,
            )
        )
    if len(said) == 1:
        said.append(t("- Nothing is kept about you."))
    said.append(
        t(
            "-# {forget} deletes all of it. {join} and {leave} control whether you are heard.",
            forget=command("privacy forget-me"),
            join=command("privacy join"),
            leave=command("privacy leave"),
        )
    )
    return said


def _heard(kept: Kept) -> Text:
    match kept.mode, kept.answer:
        case _, Answer.YES:
            return t("You've joined in: you are heard in translated voice channels.")
        case ConsentMode.ANNOUNCED, Answer.NO:
            return t("You stay out: you are not heard.")
        case ConsentMode.ANNOUNCED, _ if kept.heard:
            return t("You are heard: you were told and didn't say no.")
        case ConsentMode.ANNOUNCED, _:
            return t(
                "You are not heard right now. This server hears everyone in a translated "
                "voice channel who was told and didn't say no."
            )
        case _:
            return t("You haven't joined in, so you are not heard.")


def _wishes(wishes: MemberLanguages) -> list[Text]:
    said = []
    if wishes.speaks is not None:
        said.append(t("- Kept: that you speak {language}.", language=language_name(wishes.speaks)))
    if wishes.reads is not None:
        said.append(
            t("- Kept: that you want to read {language}.", language=language_name(wishes.reads))
        )
    return said


def _voice(voice: MemberVoice) -> list[Text]:
    if voice.imitated_since is not None:
        date = f"<t:{voice.imitated_since:.0f}:D>"
        return [t("- Kept: that on {date} you agreed that your voice is imitated.", date=date)]
    if voice.silent:
        return [t("- Kept: that your translations aren't read aloud.")]
    if voice.name is not None:
        return [t("- Kept: that you chose the voice {voice}.", voice=voice.name)]
    return []


def deleted(forgotten: Forgotten, mode: ConsentMode) -> list[Text]:
    """Say what was deleted, and what that means."""
    said = [t("You are no longer heard. Deleted in this server:")]
    if forgotten.answer:
        said.append(t("- whether you are heard"))
    if forgotten.wishes:
        said.append(t("- which languages you speak and read"))
    if forgotten.voice:
        said.append(t("- which voice you chose"))
    if forgotten.lines:
        said.append(
            tn(
                "- one of your sentences in the transcripts",
                "- {count} of your sentences in the transcripts",
                forgotten.lines,
            )
        )
    if forgotten.usage_rows:
        said.append(t("- your name on the minutes counted for you; the server's totals stay"))
    if forgotten.started:
        said.append(t("- that you started the current translation"))
    if len(said) == 1:
        said = [
            t(
                "You are no longer heard. Nothing about you was kept, so there was nothing "
                "to delete."
            )
        ]
    said.append(
        t(
            "-# Captions and messages about who is heard or who started a translation belong "
            "to this server. Its moderators can delete them."
        )
    )
    if mode is ConsentMode.ANNOUNCED:
        said.append(
            t(
                "-# This server hears everyone who was told and didn't say no. I won't hear "
                "you until I restart; to stay out for good, use {leave}.",
                leave=command("privacy leave"),
            )
        )
    return said


def _guild_id(interaction: Interaction) -> int:
    if interaction.guild_id is None:
        raise UsageError(t("This only works in a server."))
    return interaction.guild_id


async def _answer(interaction: Interaction, said: list[Text]) -> None:
    await answer(interaction, lines(said))
