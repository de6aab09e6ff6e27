"""What is fine and what is missing before a room can start, in words."""

from collections.abc import Iterable, Mapping

import discord

from bot.domain.cost import Today
from bot.domain.stored import GuildSettings, Layout
from bot.guild.settings import SettingsService
from bot.ui.permissions import NAMES, Finding, Text, Voice, Who, findings
from bot.usage.daily_allowance import Accounts
from bot.words import Renderable, command, language_name, lines, listing, number, t, tn


class Checkup:
    """Walks through all that a room needs.

    Args:
        service: Knows the settings.
        accounts: What servers spent today.
    """

    def __init__(self, service: SettingsService, accounts: Accounts) -> None:
        self._service = service
        self._accounts = accounts

    async def of(self, person: discord.Member, voice: Voice, captions: Text) -> Renderable:
        """Say what is fine and what is missing, for a room that this person would start.

        Raises:
            StoreError: The settings can't be read.
        """
        guild = person.guild
        settings = await self._service.settings(guild.id)
        account = await self._accounts.of(guild.id)
        found = findings(
            guild.me,
            person,
            voice,
            captions,
            speaks=settings.spoken is not None,
            threads=settings.layout is Layout.THREADS,
            removes=settings.caption_minutes > 0,
        )
        return text(
            found,
            voice=voice,
            settings=settings,
            languages=self._service.languages,
            today=account.today(),
            stopped=account.stopped,
        )


def text(
    findings: Iterable[Finding],
    *,
    voice: Voice,
    settings: GuildSettings,
    languages: Mapping[str, bool],
    today: Today,
    stopped: str | None = None,
) -> Renderable:
    """Return the answer to `/settings check`.

    Args:
        findings: The permissions.
        voice: The channel that would be heard.
        settings: The server's settings.
        languages: The languages that can be translated into.
        today: What the server spent.
        stopped: Why the bot translates nothing, in any server or in this one.
    """
    fine: list[str] = []
    missing: list[str] = []
    lesser: list[str] = []
    for (who, channel), found in _by_place(findings).items():
        granted = [f for f in found if f.granted]
        needed = [f for f in found if not f.granted and f.without is None]
        if granted:
            fine.append(_fine(who, channel, _names(granted)))
        if needed:
            missing.append(_missing(who, channel, _names(needed)))
        lesser += [
            t(
                "⚠️ I don't have {permission} in {channel}: {without}.",
                permission=NAMES[f.permission],
                channel=channel.mention,
                without=f.without,
            )
            for f in found
            if not f.granted and f.without is not None
        ]
    unknown = [code for code in settings.targets if code not in languages]
    if unknown:
        missing.append(
            t(
                "❌ I can no longer translate into {languages}. Choose others with {command}.",
                languages=listing(language_name(code) for code in unknown),
                command=command("settings languages"),
            )
        )
    if stopped is not None:
        missing.append(t("❌ {reason}", reason=stopped))
    (missing if _used_up(today) else fine).append(_minutes(today))
    if _is_full(voice):
        missing.append(
            t("❌ {channel} is full, and I can't get in.", channel=voice.mention),
        )
    head = (
        t("**Translation can't start here yet.**")
        if missing
        else t("**Translation can start here.**")
    )
    return lines((head, *missing, *lesser, *fine))


def _by_place(findings: Iterable[Finding]) -> dict[tuple[Who, Voice | Text], list[Finding]]:
    places: dict[tuple[Who, Voice | Text], list[Finding]] = {}
    for finding in findings:
        places.setdefault((finding.who, finding.channel), []).append(finding)
    return places


def _names(findings: Iterable[Finding]) -> Renderable:
    return listing(NAMES[finding.permission] for finding in findings)


def _fine(who: Who, channel: Voice | Text, permissions: Renderable) -> str:
    if who is Who.BOT:
        return t(
            "✅ I have in {channel}: {permissions}",
            channel=channel.mention,
            permissions=permissions,
        )
    return t(
        "✅ You have in {channel}: {permissions}", channel=channel.mention, permissions=permissions
    )


def _missing(who: Who, channel: Voice | Text, permissions: Renderable) -> str:
    if who is Who.BOT:
        return t(
            "❌ I need in {channel}: {permissions}",
            channel=channel.mention,
            permissions=permissions,
        )
    return t(
        "❌ You need in {channel}: {permissions}", channel=channel.mention, permissions=permissions
    )


def _used_up(today: Today) -> bool:
    return 0 < today.limit <= today.minutes


def _minutes(today: Today) -> str:
    used = number(today.minutes, 1)
    if not today.limit:
        return t("✅ {minutes} minutes translated today (no limit)", minutes=used)
    if _used_up(today):
        return tn(
            "❌ Today's {limit} minute is used up until midnight UTC",
            "❌ Today's {limit} minutes are used up until midnight UTC",
            today.limit,
            limit=number(today.limit),
        )
    return tn(
        "✅ {minutes} of {limit} minute translated today",
        "✅ {minutes} of {limit} minutes translated today",
        today.limit,
        minutes=used,
        limit=number(today.limit),
    )


def _is_full(voice: Voice) -> bool:
    me = voice.guild.me
    allowed = voice.permissions_for(me).move_members
    return (
        0 < voice.user_limit <= len(voice.voice_states)
        and me.id not in voice.voice_states
        and not allowed
    )
