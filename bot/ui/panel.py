"""The live panel of a room: its message with buttons, and the line under its voice channel."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, Self

import discord

from bot.chat.faults import chat_error
from bot.domain.plan import RoomStatus
from bot.domain.voice_mode import VoiceMode
from bot.errors import MessageGoneError, ParleyError, UsageError
from bot.logs import get_logger
from bot.room.rooms import Rooms
from bot.ui import status
from bot.ui.answers import answer, take_time
from bot.ui.consent_notice import ConsentButtons
from bot.ui.cooldowns import Done, take
from bot.ui.deciding import check_decides
from bot.ui.listening import give_link
from bot.ui.permissions import Text, Voice, check_present, check_start, more_private
from bot.ui.stopping import stop
from bot.words import language_name, listing, render, t
from bot.words.codes import ORIGINAL
from bot.words.languages import label

log = get_logger(__name__)

Interaction = discord.Interaction[Any]

_MAX_OPTIONS: Final = 25  # of Discord's menus
_LONGEST_STATUS: Final = 500  # characters


class PanelButtons(ConsentButtons):
    """The panel's buttons and menu; those of any room, as their ids are fixed.

    Args:
        rooms: The rooms.
        state: What is to be shown; None: they are only to answer.
        locale: The locale of its labels.
    """

    def __init__(
        self, rooms: Rooms, state: RoomStatus | None = None, locale: str | None = None
    ) -> None:
        super().__init__(rooms, locale)
        spoken = state is not None and state.plan.spoken is not None
        self.voice.label = render(t("Voice off") if spoken else t("Voice on"), locale)
        self.stop_room.label = render(t("Stop"), locale)
        self.listen.label = render(t("Listen in my language"), locale)
        if not rooms.pages.offered:
            self.remove_item(self.listen)
        chosen = () if state is None else state.chosen or state.plan.targets
        self.add_item(LanguagesMenu(rooms, chosen, locale))
        if state is None or spoken:
            mode = VoiceMode.CONSECUTIVE if state is None else state.plan.voice.mode
            self.add_item(VoiceModeMenu(rooms, mode, locale))

    @discord.ui.button(style=discord.ButtonStyle.secondary, custom_id="parley:panel:voice")
    async def voice(self, interaction: Interaction, _: discord.ui.Button[Self]) -> None:
        """Speak the first language that can be spoken, or none."""
        room = await changeable(self._rooms, _member(interaction), speaks=True)
        take(interaction, Done.VOICE)
        await take_time(interaction)
        await answer(interaction, await use_voice(self._rooms, room, on=room.plan.spoken is None))

    @discord.ui.button(style=discord.ButtonStyle.danger, custom_id="parley:panel:stop")
    async def stop_room(self, interaction: Interaction, _: discord.ui.Button[Self]) -> None:
        """End the room, or ask back."""
        await stop(self._rooms, interaction)

    @discord.ui.button(style=discord.ButtonStyle.secondary, custom_id="parley:panel:listen")
    async def listen(self, interaction: Interaction, _: discord.ui.Button[Self]) -> None:
        """Answer with a link to the page, for who pressed alone."""
        await give_link(self._rooms, interaction)

    async def on_error(
        self, interaction: Interaction, error: Exception, item: discord.ui.Item[Any], /
    ) -> None:
        """Say what went wrong to the one who pressed, after "thinking" too."""
        if isinstance(error, ParleyError):
            log.info("button refused", code=error.code)
            await answer(interaction, error.message)
        else:
            await super().on_error(interaction, error, item)


class LanguagesMenu(discord.ui.Select["PanelButtons"]):
    """Chooses the room's languages.

    Args:
        rooms: The rooms.
        chosen: The languages the room has.
        locale: The locale of its words.
    """

    def __init__(self, rooms: Rooms, chosen: Sequence[str], locale: str | None) -> None:
        options = _options(tuple(rooms.targets()), chosen, locale)
        super().__init__(
            custom_id="parley:panel:languages",
            placeholder=render(t("Languages"), locale),
            max_values=min(rooms.most_languages, len(options)),
            options=options,
            row=1,
        )
        self._rooms = rooms

    async def callback(self, interaction: Interaction) -> None:
        """Translate into the chosen languages; those that were before keep their place."""
        room = await changeable(self._rooms, _member(interaction))
        take(interaction, Done.LANGUAGES)
        await take_time(interaction)
        before = room.chosen or room.plan.targets
        kept = [target for target in before if target in self.values]
        targets = (*kept, *(target for target in self.values if target not in before))
        if targets == tuple(before):
            await answer(interaction, t("Nothing changed; it was already set that way."))
            return
        await self._rooms.choose(room.plan.guild_id, targets, room.plan.spoken)
        await answer(interaction, translated_into(targets))


class VoiceModeMenu(discord.ui.Select["PanelButtons"]):
    """Chooses when translations are read aloud.

    Args:
        rooms: The rooms.
        mode: The one in use.
        locale: The locale of its words.
    """

    def __init__(self, rooms: Rooms, mode: VoiceMode, locale: str | None) -> None:
        super().__init__(
            custom_id="parley:panel:mode",
            placeholder=render(t("Reading aloud"), locale),
            options=[
                discord.SelectOption(
                    label=render(name, locale)[:100],
                    description=render(meaning, locale)[:100],
                    value=each.value,
                    default=each is mode,
                )
                for each, (name, meaning) in status.MODES.items()
            ],
            row=2,
        )
        self._rooms = rooms

    async def callback(self, interaction: Interaction) -> None:
        """Read aloud in the chosen way."""
        room = await changeable(self._rooms, _member(interaction))
        await answer(interaction, use_mode(self._rooms, room, VoiceMode(self.values[0])))


def use_mode(rooms: Rooms, room: RoomStatus, mode: VoiceMode) -> str:
    """Read aloud in this way from now on; return what is answered to who wanted it."""
    rooms.use_style(room.plan.guild_id, replace(room.plan.voice, mode=mode))
    name, meaning = status.MODES[mode]
    return t("Reading aloud: {mode}. {meaning}", mode=name, meaning=meaning)


def _member(interaction: Interaction) -> discord.Member:
    if not isinstance(interaction.user, discord.Member):
        raise UsageError(t("This only works in a server."))
    return interaction.user


async def changeable(rooms: Rooms, person: discord.Member, *, speaks: bool = False) -> RoomStatus:
    """Return the running room of a server, if this person may change it.

    Args:
        rooms: The rooms.
        person: The member who wants to change something.
        speaks: It is to speak.

    Raises:
        NoRoomError: There is none.
        StarterError: Others decide, or they may not from outside the voice channel.
        PermissionMissing: They, or the bot, lack a permission.
    """
    guild = person.guild
    rooms.status(guild.id)
    await check_decides(rooms, person, less=False)
    room = rooms.status(guild.id)
    voice = guild.get_channel(room.plan.voice_channel_id)
    text = guild.get_channel_or_thread(room.plan.text_channel_id)
    if isinstance(voice, Voice) and isinstance(text, Text):
        check_present(person, voice)
        speaks = speaks and room.plan.spoken is None
        check_start(guild.me, person, voice, text, speaks=speaks)
    return room


async def use_voice(
    rooms: Rooms, room: RoomStatus, *, on: bool, language: str | None = None
) -> str:
    """Read a language aloud, or none; return what is answered to who wanted it.

    Args:
        rooms: The rooms.
        room: As it is now.
        on: Whether one is read aloud.
        language: Which; None: the first that can be.

    Raises:
        UsageError: It can't be read aloud, or is none of the chosen ones.
    """
    chosen = room.chosen or room.plan.targets
    if not on:
        await rooms.choose(room.plan.guild_id, chosen, None)
        return t("Translations are no longer read aloud.")
    if language is not None and language not in chosen:
        raise UsageError(
            t("{language} isn't one of the chosen languages.", language=language_name(language))
        )
    known = rooms.languages()
    spoken = language or next((target for target in chosen if known.get(target)), None)
    if spoken is None:
        raise UsageError(t("None of the chosen languages can be read aloud."))
    await rooms.choose(room.plan.guild_id, chosen, spoken)
    return t("{language} is now read aloud.", language=language_name(spoken))


def translated_into(targets: Sequence[str]) -> str:
    """Return the answer to who chose languages."""
    return t(
        "Now translating into {languages}.",
        languages=listing(language_name(target) for target in targets),
    )


def _options(
    codes: tuple[str, ...], chosen: Sequence[str], locale: str | None
) -> list[discord.SelectOption]:
    shown = [*chosen, *(code for code in (*_OFTEN, *codes) if code in codes)]
    return [
        discord.SelectOption(
            label=label(code, locale or "en-US")[:100], value=code, default=code in chosen
        )
        for code in list(dict.fromkeys(shown))[:_MAX_OPTIONS]
    ]


# First in a menu that holds 25 of all languages; the command takes the others.
_OFTEN: Final = (
    *("en", "zh", "es", "fr", "de", "pt", "ja", "ko", "ru", "ar", "it", "hi", "id"),
    *("vi", "th", "tr", "pl", "nl", "uk", "sv", "fil", "el", "cs", "he", ORIGINAL),
)


class ChannelSurface:
    """Implements Surface with a message of the bot's own and the voice channel's status line.

    Args:
        guild: The guild of the room.
        text_channel: Where the message goes.
        rooms: The rooms that the buttons change.
        locale: The locale of its words.
        waiting: How many conversations wait for a connect.
        now: Seconds since 1970.
        panel_id: A message that is taken over; 0: a new one is written.
    """

    def __init__(
        self,
        guild: discord.Guild,
        text_channel: Text,
        rooms: Rooms,
        locale: str,
        *,
        waiting: Callable[[], int],
        now: Callable[[], float],
        panel_id: int = 0,
    ) -> None:
        self._guild = guild
        self._channel = text_channel
        self._rooms = rooms
        self._locale = locale
        self._waiting = waiting
        self._now = now
        self._panel_id = panel_id
        self._removed = False
        self._shown: tuple[str, object] | None = None
        self._status_of: discord.VoiceChannel | None = None
        self._status = ""
        self._left: int | None = None  # the voice channel that is being left

    @property
    def panel_id(self) -> int:
        """The id of the message; 0 while there is none."""
        return self._panel_id

    async def show(self, state: RoomStatus) -> bool:
        """Bring message and line to this state."""
        if not state.ended:
            await self._show_status(state)
        if self._removed:
            return False
        if state.ended:
            content, view = status.summary(state, self._locale, self._now()), None
            looks: object = None
        else:
            content = status.text(
                state,
                self._locale,
                self._now(),
                waiting=self._waiting(),
                names=not self._shows_more(state),
            )
            view = PanelButtons(self._rooms, state, self._locale)
            view.stop()  # the registered one answers; discord.py would keep each that was sent
            looks = (state.chosen or state.plan.targets, state.plan.spoken, state.plan.voice)
        if self._shown == (content, looks):
            return False
        await self._send(content, view)
        self._shown = (content, looks)
        return True

    def _shows_more(self, state: RoomStatus) -> bool:
        """Return whether some who read the panel can't see the voice channel."""
        voice = self._guild.get_channel(state.plan.voice_channel_id)
        return isinstance(voice, Voice) and more_private(voice, self._channel)

    async def _send(self, content: str, view: PanelButtons | None) -> None:
        try:
            if self._panel_id:
                await self._channel.get_partial_message(self._panel_id).edit(
                    content=content, view=view, allowed_mentions=discord.AllowedMentions.none()
                )
            else:
                message = await self._channel.send(
                    content,
                    view=discord.utils.MISSING if view is None else view,
                    allowed_mentions=discord.AllowedMentions.none(),
                    silent=True,
                )
                self._panel_id = message.id
        except (discord.DiscordException, OSError, TimeoutError) as error:
            fault = chat_error(error)
            if not isinstance(fault, MessageGoneError):
                raise fault from error
            old, self._panel_id = self._panel_id, 0
            if fault.removed:
                self._removed = True  # whoever removed it does not want it
            else:  # Discord lets a message that is an hour old be edited a few times only
                await self._send(content, view)
                await self._delete(old)

    async def _delete(self, message_id: int) -> None:
        try:
            await self._channel.get_partial_message(message_id).delete()
        except (discord.DiscordException, OSError, TimeoutError) as error:
            log.info("an old panel could not be removed", error=type(error).__name__)

    async def leaving(self) -> None:
        """Take the line away while the bot may still change it."""
        if self._status_of is not None:
            self._left = self._status_of.id
            await self._put_status(self._status_of, "")

    async def _show_status(self, state: RoomStatus) -> None:
        channel = self._guild.get_channel(state.plan.voice_channel_id)
        if not isinstance(channel, discord.VoiceChannel) or channel.id == self._left:
            return
        self._left = None
        languages = listing(language_name(target) for target in state.plan.targets)
        line = render(t("Translating into {languages}", languages=languages), self._locale)
        if state.interrupted:
            line = render(t("Translation is interrupted"), self._locale)
        await self._put_status(channel, line[:_LONGEST_STATUS])

    async def _put_status(self, channel: discord.VoiceChannel, line: str) -> None:
        if (self._status_of, self._status) == (channel, line):
            return
        self._status_of, self._status = channel, line  # a refusal is not tried again
        if not channel.permissions_for(self._guild.me).set_voice_channel_status:
            return
        try:
            await channel.edit(status=line or None)
        except (discord.DiscordException, OSError, TimeoutError) as error:
            log.info("a voice channel's status could not be set", error=type(error).__name__)
