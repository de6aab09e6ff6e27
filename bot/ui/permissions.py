"""What a person and the bot must be allowed to, checked before anything starts.

Some permissions are needed; without the others something is done in a lesser way. `findings` walks
all of them, `check_start` refuses with everything that is missing at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import discord

from bot.domain.stored import GuildSettings
from bot.errors import PermissionMissing, PermissionsMissing, StarterError, UsageError
from bot.words import command, listing, t

Voice = discord.VoiceChannel | discord.StageChannel
Text = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread

NAMES: Final[dict[str, str]] = {  # discord.py's name -> as Discord's settings show it
    "view_channel": t("View Channel"),
    "connect": t("Connect"),
    "speak": t("Speak"),
    "request_to_speak": t("Request to Speak"),
    "set_voice_channel_status": t("Set Voice Channel Status"),
    "send_messages": t("Send Messages"),
    "send_messages_in_threads": t("Send Messages in Threads"),
    "create_public_threads": t("Create Public Threads"),
    "manage_webhooks": t("Manage Webhooks"),
    "read_message_history": t("Read Message History"),
    "manage_messages": t("Manage Messages"),
    "manage_guild": t("Manage Server"),
}


class Who(StrEnum):
    """Whose permission it is, as errors say it."""

    BOT = "I"
    PERSON = "You"


@dataclass(frozen=True, slots=True)
class Finding:
    """One permission of the bot or the person in one channel.

    Attributes:
        permission: Its name in discord.py.
        without: What is done in a lesser way without it; None: nothing starts.
    """

    who: Who
    channel: Voice | Text
    permission: str
    granted: bool
    without: str | None = None


def check_start(
    me: discord.Member,
    person: discord.Member,
    voice: Voice,
    text: Text,
    *,
    speaks: bool,
) -> None:
    """Pass when the bot can hear (and speak) and write, and the person may be there themselves.

    Raises:
        PermissionMissing: Who lacks what, and where; everything at once.
        UsageError: The text channel is a private thread.
    """
    if isinstance(text, discord.Thread) and text.is_private():
        # A bot can't know to whom the channel was opened, so nobody could be heard.
        raise UsageError(
            t(
                "Captions can't be posted in a private thread. Choose another channel with the "
                "option “text”."
            )
        )
    refuse(findings(me, person, voice, text, speaks=speaks))


def check_starter(person: discord.Member, settings: GuildSettings) -> None:
    """Pass when this person may start rooms.

    Raises:
        StarterError: Others may.
    """
    wanted = settings.starter_roles
    if not wanted or person.guild_permissions.manage_guild:
        return
    if any(role.id in wanted for role in person.roles):
        return
    roles = [role.name for role in person.guild.roles if role.id in wanted]
    if not roles:  # they were all deleted: rather nobody than everybody
        raise StarterError(
            t(
                "Only members with Manage Server can do this, unless they allow other roles "
                "with {command}.",
                command=command("settings starters"),
            )
        )
    raise StarterError(
        t(
            "In this server, only members with one of these roles can do this: {roles}.",
            roles=listing(f"@{role}" for role in roles),
        )
    )


def check_present(person: discord.Member, voice: Voice) -> None:
    """Pass when this person is in the voice channel, or may manage the server.

    From outside nobody else makes the bot listen: those in the channel would not know who does.

    Raises:
        StarterError: They are not.
    """
    if not (is_in(person, voice.id) or person.guild_permissions.manage_guild):
        raise StarterError(
            t(
                "Join {channel} first. From outside the channel, only members with Manage "
                "Server can start translation there.",
                channel=voice.mention,
            )
        )


def is_in(person: discord.Member, channel_id: int) -> bool:
    """Return whether this person is in a voice channel."""
    state = person.voice
    return state is not None and state.channel is not None and state.channel.id == channel_id


def may_view(person: discord.Member, channel_id: int) -> bool:
    """Return whether this person sees a channel; everybody sees one that is gone."""
    channel = person.guild.get_channel(channel_id)
    return channel is None or channel.permissions_for(person).view_channel


def more_private(voice: Voice, text: Text) -> bool:
    """Return whether some who can view the text channel can't view the voice channel."""
    at = text.parent if isinstance(text, discord.Thread) else text
    if at is None or at.id == voice.id:
        return False
    for role in voice.guild.roles:
        if at.permissions_for(role).view_channel and not voice.permissions_for(role).view_channel:
            return True
    named = {who.id for who, allowed in voice.overwrites.items() if allowed.view_channel}
    denied = {who.id for who, allowed in voice.overwrites.items() if allowed.view_channel is False}
    hidden = not voice.permissions_for(voice.guild.default_role).view_channel
    return any(
        allowed.view_channel and (who.id in denied or (hidden and who.id not in named))
        for who, allowed in at.overwrites.items()
        if not isinstance(who, discord.Role)
    ) or any(not isinstance(who, discord.Role) and who.id in denied for who in voice.overwrites)


def check_manager(person: discord.Member) -> None:
    """Pass when this person may manage the server.

    Raises:
        StarterError: They may not.
    """
    if not person.guild_permissions.manage_guild:
        raise StarterError(
            t(
                "You need the {permission} permission for this.",
                permission=NAMES["manage_guild"],
            )
        )


def findings(
    me: discord.Member,
    person: discord.Member,
    voice: Voice,
    text: Text,
    *,
    speaks: bool,
    threads: bool = False,
    removes: bool = False,
) -> list[Finding]:
    """Return everything that the bot and the person need or had better have.

    Args:
        me: The bot.
        person: Who asks; the bot itself when nobody does.
        voice: What is to be heard.
        text: Where the captions go.
        speaks: The translation is to be spoken.
        threads: Each language is to have a thread.
        removes: Captions are to be removed after a while.
    """
    writing = "send_messages_in_threads" if isinstance(text, discord.Thread) else "send_messages"
    found = [
        *_each(me, Who.BOT, voice, _needed_to_hear(me, voice, speaks=speaks)),
        *_each(me, Who.BOT, text, {"view_channel": None, writing: None, **_BETTER_TO_WRITE}),
    ]
    if person != me:
        found += _each(person, Who.PERSON, voice, {"view_channel": None, "connect": None})
        found += _each(person, Who.PERSON, text, {"view_channel": None, writing: None})
    if threads and isinstance(text, discord.TextChannel):
        found += _each(me, Who.BOT, text, _BETTER_WITH_THREADS)
    if removes:
        found += _each(me, Who.BOT, text, _BETTER_TO_REMOVE)
    seen: dict[tuple[Who, int, str], Finding] = {}
    for finding in found:  # a voice channel's chat is both
        seen.setdefault((finding.who, finding.channel.id, finding.permission), finding)
    return list(seen.values())


def refuse(found: Iterable[Finding]) -> None:
    """Pass when nothing that is needed is missing.

    Raises:
        PermissionMissing: Who lacks what, and where; everything at once.
    """
    places: dict[tuple[Who, int], list[Finding]] = {}
    for finding in found:
        if not finding.granted and finding.without is None:
            places.setdefault((finding.who, finding.channel.id), []).append(finding)
    missing = [
        PermissionMissing(
            first.who, tuple(NAMES[f.permission] for f in (first, *others)), first.channel.name
        )
        for first, *others in places.values()
    ]
    if len(missing) > 1:
        raise PermissionsMissing(missing)
    if missing:
        raise missing[0]


ASKED_FOR: Final = frozenset(NAMES) - {"manage_messages", "manage_guild"}
"""What the bot's invitation asks for: all that it needs or had better have in every server."""

_BETTER_TO_WRITE: Final[dict[str, str | None]] = {
    "manage_webhooks": t("captions are posted under my name, with the speaker's in bold"),
    "read_message_history": t("I can't find what I posted before a restart"),
}
_BETTER_WITH_THREADS: Final[dict[str, str | None]] = {
    "create_public_threads": t("all languages together"),
    "send_messages_in_threads": t("all languages together"),
}
_BETTER_TO_REMOVE: Final[dict[str, str | None]] = {
    "manage_messages": t("captions are deleted one by one, which takes longer"),
}


def _needed_to_hear(me: discord.Member, voice: Voice, *, speaks: bool) -> dict[str, str | None]:
    needed: dict[str, str | None] = {"view_channel": None, "connect": None}
    if isinstance(voice, discord.StageChannel):
        # On a stage everybody enters as audience; who may mute members asks nobody.
        if speaks and not voice.permissions_for(me).mute_members:
            needed["request_to_speak"] = None
        return needed
    if speaks:
        needed["speak"] = None
    needed["set_voice_channel_status"] = t("the channel doesn't show that it is being translated")
    return needed


def _each(
    member: discord.Member, who: Who, channel: Voice | Text, wanted: dict[str, str | None]
) -> Iterator[Finding]:
    granted = channel.permissions_for(member)
    for permission, without in wanted.items():
        yield Finding(who, channel, permission, getattr(granted, permission), without)
