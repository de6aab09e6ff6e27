"""/privacy: join in, stay out, see what is kept, have it deleted."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.consent.consent import Answer
from bot.domain.stored import ConsentMode, MemberLanguages
from bot.errors import UsageError
from bot.records.forgetting import Forgetting, Forgotten, Kept
from bot.room.rooms import Rooms
from bot.ui import notice
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
        await answer(interaction, await notice.joined_in(self._rooms, interaction))

    @app_commands.command(name="leave", description="Do not be heard in this server, at once")
    async def leave(self, interaction: Interaction) -> None:
        """Do not hear this person, from this moment."""
        guild_id = _guild_id(interaction)
        leaving = notice.stayed_out(self._rooms, guild_id, interaction.user.id)
        await answer(interaction, await done_at_once(interaction, leaving))

    @app_commands.command(
        name="status", description="Whether you are heard, and what is kept of you"
    )
    async def status(self, interaction: Interaction) -> None:
        """Say it."""
        guild_id = _guild_id(interaction)
        await take_time(interaction)
        kept = await self._forgetting.kept(guild_id, interaction.user.id)
        await _answer(interaction, standing(kept))

    @app_commands.command(
        name="forget-me", description="Delete everything that is kept of you in this server"
    )
    async def forget_me(self, interaction: Interaction) -> None:
        """Delete it, and say what there was."""
        guild_id = _guild_id(interaction)
        await take_time(interaction)
        forgotten = await self._forgetting.forget(guild_id, interaction.user.id)
        mode = (await self._rooms.consent(guild_id)).mode
        await _answer(interaction, deleted(forgotten, mode))


def standing(kept: Kept) -> list[Text]:
    """Whether a person is heard, and what is kept of them."""
    said = [_heard(kept)]
    if kept.answer_stored and kept.answer is Answer.YES:
        said.append(t("- Kept: that you joined in."))
    if kept.answer_stored and kept.answer is Answer.NO:
        said.append(t("- Kept: that you stay out, as it could not be honoured otherwise."))
    said += _wishes(kept.wishes)
    if kept.minutes:
        said.append(
            t(
                "- Kept: that {minutes} minutes of yours were translated, by day.",
                minutes=number(kept.minutes, 1),
            )
        )
    if kept.sessions:
        said.append(
            tn(
                "- One transcript is kept in this server; it may have sentences of yours.",
                "- {count} transcripts are kept in this server; they may have sentences of yours.",
                kept.sessions,
            )
        )
    if len(said) == 1:
        said.append(t("- Nothing is kept of you."))
    said.append(
        t(
            "-# {forget} deletes all of it; {join} and {leave} say whether you are heard.",
            forget=command("privacy forget-me"),
            join=command("privacy join"),
            leave=command("privacy leave"),
        )
    )
    return said


def _heard(kept: Kept) -> Text:
    match kept.mode, kept.answer:
        case _, Answer.YES:
            return t("You joined in: you are heard in voice channels that are translated.")
        case ConsentMode.ANNOUNCED, Answer.NO:
            return t("You stay out: you are not heard.")
        case ConsentMode.ANNOUNCED, _ if kept.heard:
            return t("You are heard: you were told, and did not say no.")
        case ConsentMode.ANNOUNCED, _:
            return t(
                "You are not heard now. This server hears everybody in a translated voice channel "
                "who was told and did not say no."
            )
        case _:
            return t("You have not joined in: you are not heard.")


def _wishes(wishes: MemberLanguages) -> list[Text]:
    said = []
    if wishes.speaks is not None:
        said.append(t("- Kept: that you speak {language}.", language=language_name(wishes.speaks)))
    if wishes.reads is not None:
        said.append(
            t("- Kept: that you want to read {language}.", language=language_name(wishes.reads))
        )
    return said


def deleted(forgotten: Forgotten, mode: ConsentMode) -> list[Text]:
    """What was deleted, and what that means."""
    said = [t("You are not heard from this moment. Deleted in this server:")]
    if forgotten.answer:
        said.append(t("- whether you are heard"))
    if forgotten.wishes:
        said.append(t("- which languages you speak and read"))
    if forgotten.lines:
        said.append(
            tn(
                "- one sentence of yours in the transcripts",
                "- {count} sentences of yours in the transcripts",
                forgotten.lines,
            )
        )
    if forgotten.usage_rows:
        said.append(t("- that the minutes counted for you were yours; the server's sums stay"))
    if forgotten.started:
        said.append(t("- that you started the translation that runs"))
    if len(said) == 1:
        said = [t("You are not heard from this moment. There was nothing kept of you to delete.")]
    said.append(
        t(
            "-# Captions, and messages that say who is heard or who started a translation, belong "
            "to this server: its moderators can delete them."
        )
    )
    if mode is ConsentMode.ANNOUNCED:
        said.append(
            t(
                "-# This server hears everybody who was told and did not say no. I keep you out "
                "until I restart; if you want to stay out for good, {leave} remembers it.",
                leave=command("privacy leave"),
            )
        )
    return said


def _guild_id(interaction: Interaction) -> int:
    if interaction.guild_id is None:
        raise UsageError(t("This works in a server only."))
    return interaction.guild_id


async def _answer(interaction: Interaction, said: list[Text]) -> None:
    await answer(interaction, lines(said))
