"""What people read of being heard: the notice of a room, the word to newcomers, two buttons.

With opt-in nobody is heard before they press "Join in", except the one who started the room, to
whom the command said so. The buttons carry fixed ids and answer after a restart of the bot too.
"""

from collections.abc import Iterable
from typing import Any, Final, Self

import aiohttp
import discord

from bot.errors import ChatError, ParleyError, StoreError
from bot.room.newcomers import SAY_NO_S, Announcement
from bot.room.records import ConsentMode, GuildSettings
from bot.room.registry import Rooms
from bot.room.room import RoomPlan
from bot.room.stores import SettingsStore
from bot.words import Text, command, language_name, lines, listing, render, t, tn
from cogs.answers import answer, done_at_once, guild_locale, take_time

Interaction = discord.Interaction[Any]

_OPT_IN: Final = GuildSettings()


class ConsentButtons(discord.ui.View):
    """The buttons to join in and to stay out, for any guild.

    Args:
        rooms: Knows each guild's consent.
        locale: Of the labels; None is English.
    """

    def __init__(self, rooms: Rooms, locale: str | None = None) -> None:
        super().__init__(timeout=None)
        self._rooms = rooms
        self.join_in.label = render(t("Join in"), locale)
        self.stay_out.label = render(t("Stay out"), locale)

    @discord.ui.button(style=discord.ButtonStyle.success, custom_id="parley:consent:join")
    async def join_in(self, interaction: Interaction, _: discord.ui.Button[Self]) -> None:
        """Hear this person from now on."""
        await take_time(interaction)
        text = await joined_in(self._rooms, _guild_id(interaction), interaction.user.id)
        await answer(interaction, text)

    @discord.ui.button(style=discord.ButtonStyle.secondary, custom_id="parley:consent:leave")
    async def stay_out(self, interaction: Interaction, _: discord.ui.Button[Self]) -> None:
        """Do not hear this person, from this moment."""
        leaving = stayed_out(self._rooms, _guild_id(interaction), interaction.user.id)
        await answer(interaction, await done_at_once(interaction, leaving))

    async def on_error(
        self, interaction: Interaction, error: Exception, item: discord.ui.Item[Any], /
    ) -> None:
        """Say what went wrong to the one who pressed."""
        if isinstance(error, ParleyError):
            await answer(interaction, error.message)
        else:
            await super().on_error(interaction, error, item)


async def joined_in(rooms: Rooms, guild_id: int, user_id: int) -> Text:
    """Hear this person from now on; what to answer them.

    Raises:
        StoreError: It could not be remembered, and they are not heard.
    """
    consent = await rooms.consent(guild_id)
    if await consent.agree(user_id):
        return t("You are in: what you say in the voice channel is translated from now on.")
    return t("You are in already.")


async def stayed_out(rooms: Rooms, guild_id: int, user_id: int) -> Text:
    """Do not hear this person, from this moment; what to answer them.

    Raises:
        StoreError: What was kept before can't be read.
    """
    consent = await rooms.consent(guild_id)
    try:
        changed = await consent.withdraw(user_id)
    except StoreError:
        return t(
            "You are out: from this moment nothing you say is heard. But this could not be "
            "saved and would be lost when I restart: please press Stay out again in a while."
        )
    if consent.mode is ConsentMode.ANNOUNCED:
        return t(
            "You are out: from this moment nothing you say is heard. This server hears everybody "
            "who was told and did not say no, so your no is all that is remembered of this."
        )
    if changed:
        return t("You are out: from this moment nothing you say is heard or kept.")
    return t("You are not being heard, and nothing is remembered of this.")


def _guild_id(interaction: Interaction) -> int:
    if interaction.guild_id is None:
        raise TypeError("a notice stands in a server's channel")
    return interaction.guild_id


class Announcer:
    """Tells newcomers, in a room's text channel. The `Announce` of a room.

    Args:
        service: Who hears the speech.
        settings: Say what is kept, and in which language to speak.
    """

    def __init__(self, service: str, settings: SettingsStore | None = None) -> None:
        self._service = service
        self._settings = settings
        self._client: discord.Client | None = None
        self._rooms: Rooms | None = None

    def belong_to(self, client: discord.Client, rooms: Rooms) -> None:
        """Write with this client; the buttons are of these rooms."""
        self._client = client
        self._rooms = rooms

    async def announce(self, text_channel_id: int, announcement: Announcement) -> frozenset[int]:
        """Write it; returns the people whom it named.

        Raises:
            ChatError: It could not be written.
        """
        channel = self._client.get_channel(text_channel_id) if self._client is not None else None
        if self._rooms is None or not isinstance(
            channel,
            discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread,
        ):
            raise ChatError(t("The text channel is gone."))
        heard = await _people(channel.guild, announcement.heard)
        others = await _people(channel.guild, announcement.others)
        if not heard and not others:
            return frozenset()
        try:
            settings = _OPT_IN
            if self._settings is not None:
                settings = await self._settings.settings(channel.guild.id)
        except StoreError as error:
            raise ChatError(error.message, retryable=True) from error
        locale = settings.locale or guild_locale(channel.guild)
        # Who is heard unless they say no must notice that they are spoken to.
        pinged = others if announcement.mode is ConsentMode.ANNOUNCED else []
        try:
            await channel.send(
                announced(
                    announcement.mode,
                    heard,
                    others,
                    self._service,
                    settings=settings,
                    locale=locale,
                ),
                view=ConsentButtons(self._rooms, locale),
                allowed_mentions=discord.AllowedMentions(
                    everyone=False, roles=False, users=[discord.Object(i) for i in pinged]
                ),
            )
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise ChatError(t("The text channel can't be written to."), retryable=True) from error
        return frozenset([*heard, *others])


async def _people(guild: discord.Guild, user_ids: Iterable[int]) -> list[int]:
    """Those of them who are people; of whom nobody can say it, is left out."""
    found = []
    for user_id in user_ids:
        try:
            member = guild.get_member(user_id) or await guild.fetch_member(user_id)
        except (discord.DiscordException, aiohttp.ClientError, OSError):
            continue
        if not member.bot:
            found.append(user_id)
    return found


def announced(
    mode: ConsentMode,
    heard: Iterable[int],
    others: Iterable[int],
    service: str,
    *,
    settings: GuildSettings = _OPT_IN,
    locale: str | None = None,
) -> str:
    """The words to newcomers.

    Args:
        mode: How consent is given.
        heard: Ids of those who are heard already.
        others: Ids of those who are not.
        service: Who hears the speech.
        settings: Say what is kept.
        locale: In which language.
    """
    said: list[str] = []
    if named := _mentions(others):
        said.append(
            t(
                "{people}: this voice channel is being translated. You are not heard unless you "
                "join in.",
                people=named,
            )
            if mode is ConsentMode.OPT_IN
            else t(
                "{people}: this voice channel is being translated, and **you are heard in "
                "{seconds} seconds**. If you do not want that, stay out, now or at any time.",
                people=named,
                seconds=f"{SAY_NO_S:.0f}",
            )
        )
    if named := _mentions(heard):
        said.append(
            t(
                "{people}: this voice channel is being translated, and you are heard, as you "
                "joined in before. You can stay out at any time.",
                people=named,
            )
        )
    if mode is ConsentMode.ANNOUNCED:  # else the room's notice says it, and nobody is heard by this
        said += _kept(service, settings)
    return render(lines(said), locale)


def _mentions(user_ids: Iterable[int]) -> str:
    return ", ".join(f"<@{user_id}>" for user_id in user_ids)


def text(
    plan: RoomPlan,
    starter: str | None,
    voice_channel: str,
    service: str,
    *,
    settings: GuildSettings = _OPT_IN,
    locale: str | None = None,
) -> str:
    """The words of the notice.

    Args:
        plan: What is run.
        starter: Mention or name of who started it; None: nobody did.
        voice_channel: Mention or name of the voice channel.
        service: Who hears the speech.
        settings: Say how consent is given and what is kept.
        locale: In which language.
    """
    said: list[str] = [
        t(
            "### {channel} is being translated into {languages}",
            channel=voice_channel,
            languages=listing(language_name(target) for target in plan.targets),
        ),
        t("{person} started it. The captions stand here.", person=starter)
        if starter is not None
        else t("It starts by itself when somebody enters. The captions stand here."),
    ]
    if plan.spoken is not None:
        language = language_name(plan.spoken)
        said.append(t("The translation into {language} is also spoken there.", language=language))
    said.append(
        t("**You are heard only if you join in**, and you can stay out again at any time.")
        if settings.consent is ConsentMode.OPT_IN
        else t(
            "**Everybody there is named here and heard {seconds} seconds later, except those who "
            "stay out.** You can stay out at any time; that is remembered.",
            seconds=f"{SAY_NO_S:.0f}",
        )
    )
    said += _kept(service, settings)
    return render(lines(said), locale)


def _kept(service: str, settings: GuildSettings) -> list[Text]:
    """Who hears the speech, and what remains of it."""
    said = [
        t(
            "-# Speech goes to {service} for translation. Parley makes no recording; of those who "
            "are heard it keeps their answer and how many minutes of theirs were translated.",
            service=service,
        )
    ]
    if settings.transcript_days:
        said.append(
            tn(
                "-# **A transcript is kept** for {count} day. {forget} deletes your part of it.",
                "-# **A transcript is kept** for {count} days. {forget} deletes your part of it.",
                settings.transcript_days,
                forget=command("privacy forget-me"),
            )
        )
    said.append(
        tn(
            "-# The captions in this channel are removed after {count} minute.",
            "-# The captions in this channel are removed after {count} minutes.",
            settings.caption_minutes,
        )
        if settings.caption_minutes
        else t("-# The captions stay in this channel.")
    )
    return said
