"""What people read of being heard: the notice of a room, the word to newcomers, two buttons.

With opt-in nobody is heard before they press "Join in", except the one who started the room, to
whom the command said so. The buttons carry fixed ids and answer after a restart of the bot too.
`announcer` posts what is worded here.
"""

from collections.abc import Iterable
from typing import Any, Final, Self

import discord

from bot.consent.newcomers import SAY_NO_S
from bot.domain.notices import Announcement, Notice, Occasion
from bot.domain.plan import RoomStatus, SpeakerStatus
from bot.domain.spent import NOBODY
from bot.domain.stored import ConsentMode, GuildSettings
from bot.domain.trouble import ServiceTrouble
from bot.errors import NoRoomError, ParleyError, StoreError
from bot.room.rooms import Rooms
from bot.ui.answers import answer, done_at_once, take_time
from bot.ui.cooldowns import PacedView
from bot.ui.status import service_trouble
from bot.words import Text, command, language_name, lines, listing, render, t, tn

Interaction = discord.Interaction[Any]

_OPT_IN: Final = GuildSettings()
_MOST_NAMED: Final = 40  # people in one message; their mentions fit its 2,000 characters


_JOIN_IN: Final = "parley:consent:join"
_STAY_OUT: Final = "parley:consent:leave"


def consent_buttons(locale: str) -> discord.ui.View:
    """Return the two buttons as they are posted; the registered `ConsentButtons` answer them."""
    view = discord.ui.View(timeout=None)
    success, secondary = discord.ButtonStyle.success, discord.ButtonStyle.secondary
    for style, label, custom_id in (
        (success, t("Join in"), _JOIN_IN),
        (secondary, t("Stay out"), _STAY_OUT),
    ):
        view.add_item(
            discord.ui.Button(style=style, label=render(label, locale), custom_id=custom_id)
        )
    view.stop()  # discord.py would keep each that was sent
    return view


class ConsentButtons(PacedView):
    """The buttons to join in and to stay out, for any guild.

    Args:
        rooms: Know each guild's consent.
        locale: Locale of the labels; None is English.
    """

    def __init__(self, rooms: Rooms, locale: str | None = None) -> None:
        super().__init__(timeout=None)
        self._rooms = rooms
        self.join_in.label = render(t("Join in"), locale)
        self.stay_out.label = render(t("Stay out"), locale)

    @discord.ui.button(style=discord.ButtonStyle.success, custom_id=_JOIN_IN)
    async def join_in(self, interaction: Interaction, _: discord.ui.Button[Self]) -> None:
        """Hear this person from now on."""
        await take_time(interaction)
        await answer(interaction, await joined_in(self._rooms, interaction))

    @discord.ui.button(style=discord.ButtonStyle.secondary, custom_id=_STAY_OUT)
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


async def joined_in(rooms: Rooms, interaction: Interaction) -> str:
    """Hear who pressed or asked from now on; returns what to answer them.

    Raises:
        StoreError: It could not be remembered, and they are not heard.
    """
    guild_id, user_id = _guild_id(interaction), interaction.user.id
    guild = interaction.guild
    consent = await rooms.consent(guild_id)
    changed = await consent.agree(user_id)
    if not changed and consent.stays_out(user_id):  # they said no while this was stored
        return t("You stay out: you are not heard.")
    try:
        room = rooms.status(guild_id)
    except NoRoomError:
        room = None
    speakers = () if room is None else room.speakers
    here = next((speaker for speaker in speakers if speaker.member.id == user_id), None)
    trouble = None if room is None else room.trouble
    if not changed and (here is None or here.sees):
        return _joined(t("You've already joined in."), trouble)
    if room is not None and here is not None and (but := _not_yet(room, here)) is not None:
        return _joined(but, trouble if here.sees else None)
    server = "" if guild is None else f"**{discord.utils.escape_markdown(guild.name)}**"
    if room is None or here is None:
        return t(
            "You've joined in: what you say in translated voice channels in {server} is "
            "heard and shown as captions.",
            server=server,
        )
    joined = t(
        "You've joined in: what you say in translated voice channels in {server} is heard "
        "from now on. Captions of this call appear in {channel}.",
        server=server,
        channel=f"<#{room.plan.text_channel_id}>",
    )
    return _joined(joined, trouble)


def _joined(answered: Text, trouble: ServiceTrouble | None) -> str:
    """Add to an answer why there is no translation at the moment, if so."""
    return answered if trouble is None else lines((answered, service_trouble(trouble)))


def _not_yet(room: RoomStatus, here: SpeakerStatus) -> Text | None:
    """Say what keeps a person who joined in from being heard; None: nothing."""
    channel = f"<#{room.plan.text_channel_id}>"
    if not here.sees:
        return t(
            "You've joined in. But you can't see the channel where this call's captions "
            "appear, so you are not heard in it."
        )
    if not here.reads:
        return t(
            "You've joined in. In this call you are heard as soon as a message in {channel} has "
            "told you so.",
            channel=channel,
        )
    if room.paused or room.hears_nobody:
        return t(
            "You've joined in. Nobody is being heard in this call right now; you will be as "
            "soon as it resumes. Its captions appear in {channel}.",
            channel=channel,
        )
    return None


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
            "You're staying out: nothing you say is heard. But this couldn't be saved and "
            "would be lost when I restart. Please press Stay out again in a few minutes."
        )
    if consent.mode is ConsentMode.ANNOUNCED:
        return t(
            "You're staying out: nothing you say is heard. This server hears everyone who "
            "was told and didn't say no, so only your no is remembered."
        )
    if changed:
        return t("You're staying out: nothing you say is heard or kept.")
    return t("You are not being heard, and nothing is kept about this.")


def _guild_id(interaction: Interaction) -> int:
    if interaction.guild_id is None:
        raise TypeError("a notice stands in a server's channel")
    return interaction.guild_id


def announced(
    announcement: Announcement,
    service: str,
    *,
    settings: GuildSettings = _OPT_IN,
    locale: str | None = None,
) -> str:
    """Return the words to newcomers.

    Args:
        announcement: Whom to tell what.
        service: Who hears the speech.
        settings: Say what is kept.
        locale: The locale of the reader, as Discord names it.
    """
    said: list[str] = []
    if announcement.others:
        said.append(_to_others(announcement))
    if announcement.heard:
        said.append(_to_heard(announcement))
    if announcement.mode is ConsentMode.ANNOUNCED:
        # In the other mode the room's notice says it, and this message makes nobody heard.
        said += _kept(service, settings)
    return render(lines(said), locale)


def _to_others(announcement: Announcement) -> Text:
    people = _mentions(announcement.others)
    if announcement.mode is ConsentMode.OPT_IN:
        return t(
            "{people}: this voice channel is being translated. You are not heard unless you "
            "join in.",
            people=people,
        )
    if announcement.paused:
        return t(
            "{people}: this voice channel is being translated. It is paused, and **you'll be "
            "heard when it resumes**. If you don't want that, stay out now or at any time.",
            people=people,
        )
    return t(
        "{people}: this voice channel is being translated, and **you'll be heard in "
        "{seconds} seconds**. If you don't want that, stay out now or at any time.",
        people=people,
        seconds=f"{SAY_NO_S:.0f}",
    )


def _to_heard(announcement: Announcement) -> Text:
    people = _mentions(announcement.heard)
    if announcement.paused:
        return t(
            "{people}: this voice channel is being translated. It is paused; when it "
            "resumes, you'll be heard because you joined in. You can stay out at any time.",
            people=people,
        )
    return t(
        "{people}: this voice channel is being translated, and you are heard because you "
        "joined in. You can stay out at any time.",
        people=people,
    )


def _mentions(user_ids: Iterable[int]) -> str:
    return ", ".join(f"<@{user_id}>" for user_id in user_ids)


def text(
    notice: Notice,
    service: str,
    server: str,
    *,
    settings: GuildSettings = _OPT_IN,
    locale: str | None = None,
) -> str:
    """Return the words of a notice.

    Args:
        notice: What it is to say.
        service: Who hears the speech.
        server: The server's name; who joins in does so for all of it.
        settings: Say how consent is given and what is kept.
        locale: The locale of the reader, as Discord names it.
    """
    plan = notice.plan
    said: list[str] = [
        t(
            "### {channel} is being translated into {languages}",
            channel=f"<#{plan.voice_channel_id}>",
            languages=listing(language_name(target) for target in plan.targets),
        ),
        _why(notice),
    ]
    if notice.heard:
        said.append(t("Heard from now on: {people}.", people=_mentions(notice.heard[:_MOST_NAMED])))
    if plan.spoken is not None:
        language = language_name(plan.spoken)
        said.append(t("The {language} translation is also read aloud there.", language=language))
    said.append(
        t(
            "**You are heard only if you join in**, and you can stay out again at any time. "
            "Joining in applies to every translated voice channel in {server}.",
            server=discord.utils.escape_markdown(server),
        )
        if settings.consent is ConsentMode.OPT_IN
        else t(
            "**Everyone there is named here and heard {seconds} seconds later, unless they "
            "stay out.** You can stay out at any time, and your choice is remembered.",
            seconds=f"{SAY_NO_S:.0f}",
        )
    )
    said += _kept(service, settings)
    return render(lines(said), locale)


def _why(notice: Notice) -> Text:
    match notice.occasion:
        case Occasion.BACK:
            return t(
                "I'm back after a restart. What was said in the meantime was not heard. "
                "Captions appear here."
            )
        case Occasion.MOVED:
            return t("Translation has moved to this voice channel. Captions appear here.")
        case _ if notice.starter_id == NOBODY:
            return t("Translation starts automatically when someone joins. Captions appear here.")
        case _:
            person = f"<@{notice.starter_id}>"
            return t("Started by {person}. Captions appear here.", person=person)


def privacy(service: str, settings: GuildSettings) -> list[Text]:
    """Say who hears the speech, and what is kept of it."""
    said = [
        t(
            "-# Speech is sent to {service} for translation. Parley doesn't record it. For "
            "each person who is heard it keeps their choice and how many of their minutes "
            "were translated.",
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
    return said


def _kept(service: str, settings: GuildSettings) -> list[Text]:
    """Say who hears the speech, what is kept of it, and what becomes of the captions."""
    said = privacy(service, settings)
    said.append(
        tn(
            "-# Captions in this channel are deleted after {count} minute.",
            "-# Captions in this channel are deleted after {count} minutes.",
            settings.caption_minutes,
        )
        if settings.caption_minutes
        else t("-# Captions stay in this channel.")
    )
    return said
