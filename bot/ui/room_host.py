"""Opens rooms in Discord: permissions, the room and its panel."""

from collections.abc import Callable
from dataclasses import dataclass

import discord

from bot.domain.notices import Occasion
from bot.domain.plan import RoomPlan
from bot.domain.stored import GuildSettings, SavedRoom
from bot.errors import ChatError, ParleyError, UsageError
from bot.logs import get_logger
from bot.room.rooms import Rooms
from bot.ui.answers import guild_locale
from bot.ui.panel import ChannelSurface
from bot.ui.permissions import Text, Voice, check_present, check_start, check_starter
from bot.usage.report import Spending
from bot.words import lines, render, t
from bot.words.codes import ORIGINAL

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RoomRequest:
    """A room that somebody wants.

    Attributes:
        targets: Languages; empty: those that the server set.
        spoken: Whether the first one that can be is spoken back; None: as the server set.
        guests: How many languages guests may add; None: as the server set.
    """

    voice: Voice
    text: Text
    targets: tuple[str, ...] = ()
    spoken: bool | None = None
    guests: int | None = None


class Host:
    """Starts rooms, and brings them back.

    Args:
        rooms: The rooms of this process.
        spending: Knows who waits.
        now: Seconds since 1970.
    """

    def __init__(
        self,
        rooms: Rooms,
        spending: Spending,
        now: Callable[[], float],
    ) -> None:
        self._rooms = rooms
        self._spending = spending
        self._now = now

    async def check(self, wanted: RoomRequest, person: discord.Member) -> bool:
        """Check that this person may start the room; return whether it would speak.

        Raises:
            StarterError: This person may not start rooms, or not from outside the voice channel.
            PermissionMissing: They, or the bot, lack a permission in a channel.
        """
        settings = await self._rooms.settings(person.guild.id)
        check_starter(person, settings)
        check_present(person, wanted.voice)
        speaks = self._spoken(wanted, settings) is not None
        check_start(person.guild.me, person, wanted.voice, wanted.text, speaks=speaks)
        return speaks

    async def start(self, wanted: RoomRequest, starter: discord.Member | None) -> RoomPlan:
        """Start a room, with its notice; None: it starts by itself, and nobody is heard by that.

        Raises:
            ParleyError: As `Rooms.start`.
        """
        guild = wanted.voice.guild
        settings = await self._rooms.settings(guild.id)
        plan = RoomPlan(
            guild_id=guild.id,
            voice_channel_id=wanted.voice.id,
            text_channel_id=wanted.text.id,
            targets=wanted.targets or settings.targets,
            spoken=self._spoken(wanted, settings),
            originals=settings.originals,
            layout=settings.layout,
            locale=self._locale(guild, settings),
            guests=wanted.guests,
        )
        starter_id = 0 if starter is None else starter.id
        await self._rooms.start(plan, starter_id, agrees=starter is not None)
        self._show(wanted.text, plan)
        return plan

    async def restore(self, saved: SavedRoom, guild: discord.Guild) -> None:
        """Bring back a room that ran when the process was killed.

        Raises:
            ParleyError: It can't be had back.
        """
        voice = guild.get_channel(saved.voice_channel_id)
        text = guild.get_channel_or_thread(saved.text_channel_id)
        if not isinstance(voice, Voice) or not isinstance(text, Text):
            raise ChatError(t("The text channel no longer exists."))
        speaks = saved.spoken is not None
        check_start(guild.me, guild.me, voice, text, speaks=speaks)
        settings = await self._rooms.settings(guild.id)
        plan = RoomPlan(
            guild_id=guild.id,
            voice_channel_id=voice.id,
            text_channel_id=text.id,
            targets=saved.targets,
            spoken=saved.spoken,
            originals=settings.originals,
            layout=settings.layout,
            session=saved.session,
            locale=self._locale(guild, settings),
            guests=saved.guests,
            voice=saved.voice,
        )
        await self._rooms.start(
            plan, saved.starter_id, agrees=False, paused=saved.paused, occasion=Occasion.BACK
        )
        self._show(text, plan, saved.panel_id)

    async def tell(self, guild: discord.Guild, channel_id: int, *said: str) -> None:
        """Say in a text channel why there is no room; where that can't be said, the log has it."""
        channel = guild.get_channel_or_thread(channel_id)
        if not isinstance(channel, Text):
            return
        try:
            locale = self._locale(guild, await self._rooms.settings(guild.id))
            await channel.send(
                render(lines(said), locale), allowed_mentions=discord.AllowedMentions.none()
            )
        except (discord.DiscordException, OSError, TimeoutError, ParleyError) as error:
            log.warning("could not say why no room was started", error=type(error).__name__)

    def _show(self, text: Text, plan: RoomPlan, panel_id: int = 0) -> None:
        surface = ChannelSurface(
            text.guild,
            text,
            self._rooms,
            plan.locale,
            waiting=lambda: self._spending.waiting,
            now=self._now,
            panel_id=panel_id,
        )
        try:
            self._rooms.show(plan.guild_id, surface)
        except ParleyError as error:
            log.info("a room ended before its panel was posted", code=error.code)

    def _spoken(self, wanted: RoomRequest, settings: GuildSettings) -> str | None:
        targets = wanted.targets or settings.targets
        if wanted.spoken is None:
            return settings.spoken if settings.spoken in targets else None
        if not wanted.spoken:
            return None
        known = self._rooms.languages()
        if all(target == ORIGINAL for target in targets):
            raise UsageError(t("None of the chosen languages can be read aloud."))
        others = (target for target in targets if target != ORIGINAL)
        return next((target for target in targets if known.get(target)), next(others))

    def _locale(self, guild: discord.Guild, settings: GuildSettings) -> str:
        return settings.locale or guild_locale(guild)
