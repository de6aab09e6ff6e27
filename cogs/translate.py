"""/translate: start, change, stop and look at the room of a server."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import discord
from discord import app_commands

from bot.consent.consent import Answer
from bot.domain.stored import MemberLanguages
from bot.errors import UsageError
from bot.guild.room_languages import MOST_GUESTS, check_guests
from bot.records.transcripts import Transcripts
from bot.room import refusals
from bot.room.languages import Reading
from bot.room.rooms import Rooms
from bot.ui import languages, status, stopping, usage
from bot.ui.answers import answer, locale, take_time
from bot.ui.consent_notice import ConsentButtons
from bot.ui.cooldowns import Done, take
from bot.ui.deciding import check_decides, decides_anyway
from bot.ui.panel import changeable, translated_into
from bot.ui.permissions import Text, Voice, check_present, check_start, is_in, may_view
from bot.ui.room_host import Host, RoomRequest
from bot.usage.report import Spending
from bot.words import language_name, lines, t
from cogs.listen import ListenCommand
from cogs.my_voice import MyVoiceCommand
from cogs.transcripts import TranscriptCommand
from cogs.voice import VoiceCommands

Interaction = discord.Interaction[Any]
Choices = list[app_commands.Choice[str]]

_NONE: Final = "none"


@app_commands.guild_only()
class Translate(
    TranscriptCommand,
    VoiceCommands,
    ListenCommand,
    MyVoiceCommand,
    group_name="translate",
    group_description="Live translation",
):
    """Parses what was asked, lets the registry do it, answers.

    Args:
        rooms: The rooms of this process.
        host: Starts rooms.
        spending: Reports usage.
        now: Seconds since 1970.
        transcripts: The transcripts.
        hears: Who hears the speech, as the notices say it.
    """

    language = app_commands.Group(
        name="language", description=("Languages of the current translation")
    )

    def __init__(
        self,
        rooms: Rooms,
        host: Host,
        spending: Spending,
        now: Callable[[], float],
        transcripts: Transcripts,
        *,
        hears: str,
    ) -> None:
        self._rooms = rooms
        self._host = host
        self._spending = spending
        self._now = now
        self.transcripts = transcripts
        self._hears = hears

    @app_commands.command(name="start", description="Translate a voice channel live")
    @app_commands.describe(
        to="Languages to translate into, for example: en, es; the server's if you leave it out",
        channel="The voice channel; yours if you leave it out",
        text="Where captions appear; here if you leave it out",
        voice="Read the translation (first language) aloud in the voice channel",
        guests="How many languages guests can add; the server's setting if you leave it out",
    )
    async def start(  # noqa: PLR0917 - the options of a command
        self,
        interaction: Interaction,
        to: app_commands.Range[str, 1, 100] | None = None,
        channel: discord.VoiceChannel | discord.StageChannel | None = None,
        text: discord.TextChannel | discord.VoiceChannel | None = None,
        voice: bool | None = None,  # noqa: FBT001 - the form of a command's option
        guests: app_commands.Range[int, 0, MOST_GUESTS] | None = None,
    ) -> None:
        """Start the room, and answer the one who asked."""
        codes = self._rooms.targets()
        targets = () if to is None else languages.parse(to, codes, self._rooms.most_languages)
        person = _member(interaction)
        heard = channel or _own_channel(person)
        wanted = RoomRequest(heard, text or _here(interaction), targets, voice, guests)
        check_guests(guests or 0, self._rooms.most_guests)
        await take_time(interaction)
        await self._host.check(wanted, person)
        if self._rooms.runs(person.guild.id):
            raise refusals.busy()
        take(interaction, Done.START)
        await self._host.start(wanted, person)
        await self._answer_started(interaction, wanted)

    async def _answer_started(self, interaction: Interaction, wanted: RoomRequest) -> None:
        person = _member(interaction)
        begun = self._begun(wanted)
        consent = await self._rooms.consent(person.guild.id)
        if consent.answer(person.id) is Answer.NO:
            stays_out = t("You chose to stay out, so you are not heard. Join in to be heard.")
            await answer(
                interaction,
                lines((begun, stays_out)),
                view=ConsentButtons(self._rooms, locale(interaction)),
            )
            return
        others = (
            t("You are being heard. Others can join in with the button there.")
            if is_in(person, wanted.voice.id)
            else t(
                "You'll be heard once you're in the voice channel. Others can join in with "
                "the button there."
            )
        )
        await answer(interaction, lines((begun, others)))

    def _begun(self, wanted: RoomRequest) -> str:
        where = {"channel": wanted.voice.mention, "text": wanted.text.mention}
        if (trouble := self._rooms.availability.speech.trouble) is None:
            return t("Translating {channel}; captions appear in {text}.", **where)
        later = t("Captions of {channel} appear in {text} as soon as that is over.", **where)
        return lines((status.service_trouble(trouble), later))

    @app_commands.command(name="stop", description="Stop translating")
    async def stop(self, interaction: Interaction) -> None:
        """End the room, or ask back; its last captions are delivered first."""
        await stopping.stop(self._rooms, interaction)

    @app_commands.command(
        name="pause", description=("Pause translation: nobody is heard until it resumes")
    )
    async def pause(self, interaction: Interaction) -> None:
        """Hear nobody; said in the channel too."""
        person = _member(interaction)
        if not decides_anyway(self._rooms, person):
            await take_time(interaction)
        await check_decides(self._rooms, person, less=True)
        if self._rooms.status(person.guild.id).paused:
            raise UsageError(t("Translation is already paused."))
        self._rooms.pause(person.guild.id)
        await answer(interaction, t("Paused. Nobody is heard and nothing is sent."))

    @app_commands.command(name="resume", description="Resume translation after a pause")
    async def resume(self, interaction: Interaction) -> None:
        """Hear again those who agreed; said in the channel too."""
        person = _member(interaction)
        room = await changeable(self._rooms, person)
        if not room.paused:
            raise UsageError(t("Translation isn't paused."))
        take(interaction, Done.RESUME)
        self._rooms.resume(person.guild.id)
        await answer(interaction, t("Translation resumed."))

    @app_commands.command(name="move", description="Move translation to another voice channel")
    @app_commands.describe(channel="The voice channel; yours if you leave it out")
    async def move(
        self,
        interaction: Interaction,
        channel: discord.VoiceChannel | discord.StageChannel | None = None,
    ) -> None:
        """Take the room to another voice channel; its captions stay where they are."""
        person = _member(interaction)
        room = self._rooms.status(person.guild.id)
        await check_decides(self._rooms, person, less=False)
        wanted = channel or _own_channel(person)
        check_present(person, wanted)
        text = person.guild.get_channel_or_thread(room.plan.text_channel_id)
        if isinstance(text, Text):
            speaks = room.plan.spoken is not None
            check_start(person.guild.me, person, wanted, text, speaks=speaks)
        take(interaction, Done.MOVE)
        await take_time(interaction)
        await self._rooms.move(person.guild.id, wanted.id)
        await answer(interaction, t("Now translating {channel}.", channel=wanted.mention))

    @language.command(name="add", description="Add a language")
    @app_commands.describe(language="The language")
    async def add(
        self, interaction: Interaction, language: app_commands.Range[str, 1, 100]
    ) -> None:
        """Open conversations of one more language; the others go on."""
        code = languages.one(language, self._rooms.targets())
        person = _member(interaction)
        room = await changeable(self._rooms, person)
        chosen = room.chosen or room.plan.targets
        if code in chosen:
            raise UsageError(
                t("{language} is already one of the languages.", language=language_name(code))
            )
        take(interaction, Done.LANGUAGES)
        await take_time(interaction)
        await self._rooms.choose(person.guild.id, (*chosen, code), room.plan.spoken)
        await answer(interaction, translated_into((*chosen, code)))

    @language.command(name="remove", description="Remove a language")
    @app_commands.describe(language="The language")
    async def remove(
        self, interaction: Interaction, language: app_commands.Range[str, 1, 100]
    ) -> None:
        """End the conversations of a language; the others go on."""
        code = languages.one(language, self._rooms.targets())
        person = _member(interaction)
        room = await changeable(self._rooms, person)
        chosen = room.chosen or room.plan.targets
        if code not in chosen:
            raise UsageError(
                t(
                    "{language} isn't one of the chosen languages.",
                    language=language_name(code),
                )
            )
        await take_time(interaction)
        kept = tuple(target for target in chosen if target != code)
        await self._rooms.choose(person.guild.id, kept, room.plan.spoken)
        await answer(interaction, translated_into(kept))

    @app_commands.command(
        name="my-languages", description="The languages you speak and want to read"
    )
    @app_commands.describe(
        speaks="What you speak, for better translation; none: any language",
        reads="What you want to read while you're in the voice channel; none: no preference",
    )
    async def my_languages(
        self,
        interaction: Interaction,
        speaks: app_commands.Range[str, 1, 100] | None = None,
        reads: app_commands.Range[str, 1, 100] | None = None,
    ) -> None:
        """Remember what a member speaks and reads, or say it; the room follows at once."""
        person = _member(interaction)
        codes = self._rooms.languages()
        await take_time(interaction)
        wishes = before = await self._rooms.wishes.of(person.guild.id, person.id)
        if speaks is not None:
            wishes = replace(wishes, speaks=_one_or_none(speaks, codes))
        if reads is not None:
            wishes = replace(wishes, reads=_one_or_none(reads, codes))
        if wishes != before:
            await self._rooms.wishes.put(person.guild.id, person.id, wishes)
        reading = await self._rooms.wishes.reading(person.guild.id, person.id, wishes)
        await answer(interaction, _wishes(wishes, reading))

    @app_commands.command(name="status", description=("Who is heard, and how translation is doing"))
    async def status(self, interaction: Interaction) -> None:
        """Show the room as it is now."""
        person = _member(interaction)
        room = self._rooms.status(person.guild.id)
        if not may_view(person, room.plan.voice_channel_id):
            raise refusals.none_runs()  # who is in a private channel is nobody else's business
        text = status.text(room, locale(interaction), self._now(), waiting=self._spending.waiting)
        await answer(interaction, text)

    @app_commands.command(name="usage", description="Translated minutes and their cost")
    async def usage(self, interaction: Interaction) -> None:
        """Show what this server spent lately."""
        person = _member(interaction)
        await take_time(interaction)
        report = await self._spending.report(person.guild.id, person.id)
        await answer(interaction, usage.text(report, manages=person.guild_permissions.manage_guild))

    @start.autocomplete("to")
    async def _complete_to(self, interaction: Interaction, current: str) -> Choices:
        return _choices(languages.complete(current, self._rooms.targets(), locale(interaction)))

    @add.autocomplete("language")
    async def _complete_added(self, interaction: Interaction, current: str) -> Choices:
        return self._one(interaction, current, without=self._chosen(interaction))

    @remove.autocomplete("language")
    async def _complete_removed(self, interaction: Interaction, current: str) -> Choices:
        return _choices(
            languages.complete_one(current, self._chosen(interaction), locale(interaction))
        )

    @my_languages.autocomplete("speaks")
    @my_languages.autocomplete("reads")
    async def _complete_my_languages(self, interaction: Interaction, current: str) -> Choices:
        return self._one(interaction, current)

    def _one(
        self, interaction: Interaction, current: str, without: tuple[str, ...] = ()
    ) -> Choices:
        codes = [code for code in self._rooms.languages() if code not in without]
        return _choices(languages.complete_one(current, codes, locale(interaction)))

    def _chosen(self, interaction: Interaction) -> tuple[str, ...]:
        room = self._rooms.find(interaction.guild_id or 0)
        return () if room is None else room.languages.chosen


def _choices(found: list[tuple[str, str]]) -> Choices:
    return [app_commands.Choice(name=shown, value=value) for shown, value in found]


def _one_or_none(text: str, codes: dict[str, bool]) -> str | None:
    return None if text.strip().casefold() == _NONE else languages.one(text, codes)


def _wishes(wishes: MemberLanguages, reading: Reading) -> str:
    speaks = None if wishes.speaks is None else language_name(wishes.speaks)
    reads = None if wishes.reads is None else language_name(wishes.reads)
    if reading is not Reading.GIVEN:
        spoken = [] if speaks is None else [t("You speak {speaks}.", speaks=speaks)]
        return lines([*spoken, _unread(reads, reading)])
    if speaks is None and reads is None:
        return t("No languages set: what you speak is detected automatically.")
    if reads is None:
        return t("You speak {speaks}.", speaks=speaks)
    if speaks is None:
        return t("You read {reads} while you are in the voice channel.", reads=reads)
    return t(
        "You speak {speaks}, and read {reads} while you are in the voice channel.",
        speaks=speaks,
        reads=reads,
    )


def _unread(reads: str | None, reading: Reading) -> str:
    if reading is Reading.FULL:
        return t(
            "You want to read {reads}, but there is no room for another language yet. You'll "
            "get it as soon as there is.",
            reads=reads,
        )
    if reading is Reading.CLOSED:
        return t(
            "Guests can't add languages here. You'll get {reads} where it is one of the languages.",
            reads=reads,
        )
    return t(
        "{reads} can't be added for guests here. You'll get it where it is one of the languages.",
        reads=reads,
    )


def _member(interaction: Interaction) -> discord.Member:
    if not isinstance(interaction.user, discord.Member):
        raise UsageError(t("This only works in a server."))
    return interaction.user


def _own_channel(person: discord.Member) -> Voice:
    state = person.voice
    if state is None or state.channel is None:
        raise UsageError(t("Join a voice channel first, or choose one with the option “channel”."))
    return state.channel


def _here(interaction: Interaction) -> Text:
    if isinstance(interaction.channel, Text):
        return interaction.channel
    raise UsageError(
        t("Captions can't be posted here. Choose a text channel with the option “text”.")
    )
