"""What to do after the invitation: one message to a server that invites the bot, and /help.

The message goes to the channel for system messages, else to who invited the bot where the audit
log may be read, else nowhere: /help has the same. It has a button that checks what is missing.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, Self

import aiohttp
import discord
from discord import app_commands
from discord.ext import commands

from bot.consent.newcomers import SAY_NO_S
from bot.domain.stored import ConsentMode, GuildSettings
from bot.errors import StoreError, UsageError
from bot.guild.settings import SettingsService
from bot.logs import get_logger
from bot.ui import consent_notice
from bot.ui.answers import answer, guild_locale, locale, take_time
from bot.ui.checkup import Checkup
from bot.ui.cooldowns import admits
from bot.ui.permissions import Voice, check_manager, is_in
from bot.words import Renderable, Text, command, lines, render, t

log = get_logger(__name__)

Interaction = discord.Interaction[Any]
Greet = Callable[[int, float], Awaitable[bool]]

_NOT_SET: Final = GuildSettings()
_NAME: Final = "Welcome"
_CHECK: Final = "parley:check"  # and the server's id
_LATELY: Final = timedelta(days=1)
_INVITATIONS_SEEN: Final = 20  # of bots, the newest in the audit log


class CheckButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=rf"{_CHECK}:(?P<guild>\d+)"
):
    """Checks what is missing in the server that its id names, also from a direct message.

    Args:
        guild_id: The server.
        locale: Locale of the label; None is English.
    """

    def __init__(self, guild_id: int, locale: str | None = None) -> None:
        super().__init__(
            discord.ui.Button(
                label=render(t("Check"), locale),
                style=discord.ButtonStyle.primary,
                custom_id=f"{_CHECK}:{guild_id}",
            )
        )
        self._guild_id = guild_id

    @classmethod
    async def from_custom_id(cls, _: Interaction, __: discord.ui.Item[Any], found: Any, /) -> Self:
        """Return the button that was pressed; also one of an earlier run."""
        return cls(int(found["guild"]))

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Return whether the cooldowns let the button work."""
        return await admits(interaction)

    async def callback(self, interaction: Interaction) -> None:
        """Check, and answer who pressed."""
        try:
            await take_time(interaction)
            cog: Welcome = interaction.client.get_cog(_NAME)
            await answer(interaction, await cog.checked(interaction, self._guild_id))
        except Exception as error:  # noqa: BLE001 - it is answered and logged as a command's is
            await interaction.client.tree.on_error(interaction, error)


class Welcome(commands.Cog, name=_NAME):
    """Greets servers, explains itself, checks.

    Args:
        bot: The client.
        greet: Remembers that a guild that was joined then is greeted; False where it was before.
        service: Knows the settings.
        serves: Returns whether the bot's host lets a guild use it.
        checks: Walks through what a room needs.
        hears: Who hears the speech, as the notices say it.
        now: Tells the date.
    """

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        greet: Greet,
        service: SettingsService,
        checks: Checkup,
        *,
        serves: Callable[[int], bool],
        hears: str,
        now: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._now = now
        self._greet = greet
        self._service = service
        self._serves = serves
        self._checkup = checks
        self._hears = hears

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Greet a server that invites the bot."""
        await self._welcome(guild)

    @commands.Cog.listener()
    async def on_shard_ready(self, shard_id: int) -> None:
        """Greet those that invited it lately while it was not running."""
        since = self._now() - _LATELY
        for guild in [guild for guild in self._bot.guilds if guild.shard_id == shard_id]:
            joined = None if guild.unavailable else guild.me.joined_at
            if joined is not None and joined > since:
                await self._welcome(guild)

    async def _welcome(self, guild: discord.Guild) -> None:
        """Greet a server, once for each time that it invites the bot."""
        if not self._serves(guild.id):
            return  # it reads why when somebody asks for something
        joined = guild.me.joined_at
        try:
            if joined is not None and not await self._greet(guild.id, joined.timestamp()):
                return
        except StoreError as error:  # twice is better than never
            log.warning("could not save that a server was greeted", guild=guild.id, code=error.code)
        try:
            settings = await self._service.settings(guild.id)
        except StoreError as error:
            log.warning(
                "a server is greeted as one without settings", guild=guild.id, code=error.code
            )
            settings = _NOT_SET
        where = settings.locale or guild_locale(guild)
        said = render(lines((steps(self._hears, settings), _again())), where)
        channel = guild.system_channel
        if channel is not None and _may_write(channel) and await _sent(channel, said, where, guild):
            return
        inviter = await _inviter(guild)
        if inviter is not None and await _sent(inviter, said, where, guild):
            return
        log.info(
            "a server is not greeted: I may not write into its channel for system messages, nor to "
            "who invited me",
            guild=guild.id,
        )

    @app_commands.command(name="help", description="How to have a voice channel translated")
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=False)
    @app_commands.allowed_installs(guilds=True, users=False)
    async def help(self, interaction: Interaction) -> None:
        """Say what the greeting says, to whoever asks."""
        guild, person = interaction.guild, interaction.user
        if guild is None:
            await answer(interaction, steps(self._hears, _NOT_SET))
            return
        await take_time(interaction)
        said = steps(self._hears, await self._service.settings(guild.id))
        if isinstance(person, discord.Member) and person.guild_permissions.manage_guild:
            await answer(interaction, said, view=_with_button(guild.id, locale(interaction)))
        else:
            await answer(interaction, said)

    async def checked(self, interaction: Interaction, guild_id: int) -> Renderable:
        """Say what is missing in a server, for who asks.

        Raises:
            StarterError: They may not manage the server.
            StoreError: The settings can't be read.
            UsageError: There is nothing to check, or for nobody.
        """
        person = await _member(interaction, guild_id)
        check_manager(person)
        voice = _voice_for(person)
        if voice is None:
            raise UsageError(t("You see no voice channel in this server: create one first."))
        here = interaction.channel
        captions = here if isinstance(here, discord.TextChannel | discord.Thread) else voice
        said = await self._checkup.of(person, voice, captions)
        if is_in(person, voice.id):
            return said
        other = t(
            "-# You're not in a voice channel, so this is about {channel}. Use {command} to check "
            "another one.",
            channel=voice.mention,
            command=command("settings check"),
        )
        return lines((said, other))


def steps(hears: str, settings: GuildSettings) -> Renderable:
    """Say how to begin, in three steps, and what becomes of what people say.

    Args:
        hears: Who hears the speech.
        settings: The server's settings.
    """
    return lines(
        (
            t("### I translate voice channels live"),
            t("1. Join a voice channel."),
            t(
                "2. Use {start} in the channel where the captions are to appear, and choose the "
                "languages.",
                start=command("translate start"),
            ),
            _consent(settings),
            *consent_notice.privacy(hears, settings),
        )
    )


def _consent(settings: GuildSettings) -> Text:
    if settings.consent is ConsentMode.OPT_IN:
        return t(
            "3. Whoever wants to be heard presses **{button}** under the notice that I post there.",
            button=t("Join in"),
        )
    return t(
        "3. Everybody in the voice channel is named in the notice that I post there, and heard "
        "{seconds} seconds later, except those who press **{button}**.",
        seconds=f"{SAY_NO_S:.0f}",
        button=t("Stay out"),
    )


def _again() -> Text:
    return t("-# {help} shows this again, in your language.", help=command("help"))


def _with_button(guild_id: int, locale: str) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(CheckButton(guild_id, locale))
    view.stop()  # the registered one answers, also after a restart
    return view


def _may_write(channel: discord.TextChannel) -> bool:
    allowed = channel.permissions_for(channel.guild.me)
    return allowed.view_channel and allowed.send_messages


async def _sent(
    to: discord.TextChannel | discord.Member | discord.User,
    said: str,
    locale: str,
    guild: discord.Guild,
) -> bool:
    """Send a greeting; return whether they have it."""
    try:
        await to.send(
            said,
            view=_with_button(guild.id, locale),
            allowed_mentions=discord.AllowedMentions.none(),
        )
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.info("a greeting was not sent", guild=guild.id, reason=error)
        return False
    return True


async def _inviter(guild: discord.Guild) -> discord.Member | discord.User | None:
    """Return who invited the bot, where the audit log may be read and says it."""
    if not guild.me.guild_permissions.view_audit_log:
        return None
    added = discord.AuditLogAction.bot_add
    try:
        async for entry in guild.audit_logs(action=added, limit=_INVITATIONS_SEEN):
            if entry.target is not None and entry.target.id == guild.me.id:
                return entry.user
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        log.info("the audit log can't be read", guild=guild.id, reason=error)
    return None


async def _member(interaction: Interaction, guild_id: int) -> discord.Member:
    if interaction.guild_id == guild_id and isinstance(interaction.user, discord.Member):
        return interaction.user
    guild: discord.Guild | None = interaction.client.get_guild(guild_id)
    if guild is None:
        raise UsageError(t("I am no longer in that server."))
    try:  # what the cache has of members is not kept up to date
        return await guild.fetch_member(interaction.user.id)
    except discord.NotFound as error:
        raise UsageError(t("You are no longer in that server.")) from error


def _voice_for(person: discord.Member) -> Voice | None:
    """Return the voice channel that this person is in, else the first that they see."""
    guild = person.guild
    state = person.voice
    if state is not None and state.channel is not None:
        return state.channel
    for _, channels in guild.by_category():
        for channel in channels:
            if (
                isinstance(channel, Voice)
                and channel != guild.afk_channel
                and channel.permissions_for(person).view_channel
            ):
                return channel
    return None
