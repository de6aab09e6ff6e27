"""What the bot may do in servers, in words for who set them up."""

from collections.abc import Iterable, Sequence
from typing import Final

import discord

from bot.doctor.checks import Diagnosis, fault, ok, warning
from bot.doctor.discord_account import DiscordAccount
from bot.ui import permissions
from bot.ui.permissions import NAMES, Finding

_MOST: Final = 100  # servers; each takes three requests
_NAMED: Final = 3  # channels

VoiceRoom = discord.VoiceChannel | discord.StageChannel


async def servers(account: DiscordAccount, wanted: Sequence[int]) -> list[Diagnosis]:
    """Check the permissions in servers.

    Args:
        account: Logged in.
        wanted: Ids of servers; empty means all, up to a hundred.
    """
    client = account.client
    ids = list(wanted)
    if not ids:
        ids = [guild.id async for guild in client.fetch_guilds(limit=_MOST, with_counts=False)]
    if not ids:
        return [warning("It is in no server.", f"Invite it: {account.invitation()}")]
    return [await _server(account, server) for server in ids]


async def _server(account: DiscordAccount, server: int) -> Diagnosis:
    client = account.client
    try:
        guild = await client.fetch_guild(server, with_counts=False)
        channels = await guild.fetch_channels()
        me = await guild.fetch_member(client.user.id if client.user is not None else 0)
    except (discord.NotFound, discord.Forbidden):
        return fault(f"It is not in server {server}.", f"Invite it: {account.invitation()}")
    except discord.HTTPException as error:
        return fault(
            f"Discord does not tell of server {server} (HTTP {error.status}).",
            "Check the id: Copy Server ID, with Developer Mode on in Discord's settings.",
        )
    voices = [one for one in channels if isinstance(one, VoiceRoom)]
    texts = [one for one in channels if isinstance(one, discord.TextChannel)]
    return judged(guild, me, voices, texts)


def judged(
    guild: discord.Guild,
    me: discord.Member,
    voices: Sequence[VoiceRoom],
    texts: Sequence[discord.TextChannel],
) -> Diagnosis:
    """Return what is missing in a server.

    A channel that is hidden from the bot is taken for one that it has no business in, unless all
    are.
    """
    if not voices:
        return warning(
            f"{guild.name}: there is no voice channel that it could hear.",
            "Add one, or let the bot view one.",
        )
    found: list[Finding] = []
    for voice in voices:
        found += permissions.findings(me, me, voice, voice, speaks=True)
    for text in texts:
        found += [
            finding
            for finding in permissions.findings(me, me, voices[0], text, speaks=True, threads=True)
            if finding.channel.id == text.id
        ]
    lacking = [finding for finding in found if not finding.granted]
    hidden = {f.channel.id for f in lacking if f.permission == "view_channel"}
    usable = [
        voice
        for voice in voices
        if not any(f.channel.id == voice.id and f.without is None for f in lacking)
    ]
    seen = [f for f in lacking if f.channel.id not in hidden]
    needed = [f for f in (seen if seen or usable else lacking) if f.without is None]
    where = f"Server Settings > Roles, or the channel's Permissions, in {guild.name}"
    if not usable:
        return fault(
            f"{guild.name}: it can translate in none of {len(voices)} voice channels: "
            f"{_said(needed)}.",
            f"Give its role {_names(needed)}: {where}.",
        )
    if needed or seen:
        what = needed or seen
        return warning(
            f"{guild.name}: {_said(what)}{_without(what)}.",
            f"Give its role {_names(what)}: {where}.",
        )
    return ok(
        f"{guild.name}: all that it needs, in {len(usable)} voice and "
        f"{sum(text.id not in hidden for text in texts)} text channels."
    )


def _said(findings: Iterable[Finding]) -> str:
    """Return which permission is missing where."""
    places: dict[str, list[str]] = {}
    for finding in findings:
        places.setdefault(finding.permission, []).append(finding.channel.name)
    return "; ".join(f"no {NAMES[name]} in {_some(where)}" for name, where in places.items())


def _names(findings: Iterable[Finding]) -> str:
    return ", ".join(dict.fromkeys(str(NAMES[finding.permission]) for finding in findings))


def _without(findings: Iterable[Finding]) -> str:
    """Return what is done in a lesser way, where that is all."""
    lesser = dict.fromkeys(str(f.without) for f in findings if f.without is not None)
    return f" ({'; '.join(lesser)})" if lesser else ""


def _some(names: Sequence[str]) -> str:
    """Return a few names, and how many there are besides."""
    shown = ", ".join(names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown
