"""What can keep the bot out of a voice channel, as sentences for its people."""

from collections.abc import Iterator
from contextlib import contextmanager

import discord
from discord.errors import ClientException, ConnectionClosed

from bot.errors import VoiceLinkError
from bot.voice.people import VoiceChannel


def check_entry(channel: VoiceChannel) -> None:
    """Pass when the bot may enter.

    Raises:
        VoiceLinkError: It lacks permissions, or the channel is full.
    """
    allowed = channel.permissions_for(channel.guild.me)
    if not (allowed.view_channel and allowed.connect):
        raise VoiceLinkError(
            f"I need the permissions View Channel and Connect in {channel.name}.",
            retryable=False,
        )
    limit = channel.user_limit
    if limit and len(channel.voice_states) >= limit and not allowed.move_members:
        raise VoiceLinkError(f"{channel.name} is full.")


@contextmanager
def explained(channel: VoiceChannel, timeout_s: float) -> Iterator[None]:
    """Around discord.py's joining: what it raises becomes a VoiceLinkError that says why."""
    try:
        yield
    except TimeoutError as error:
        raise VoiceLinkError(
            f"Discord did not let me into {channel.name} within {timeout_s:g} s."
        ) from error
    except ConnectionClosed as error:
        raise VoiceLinkError(
            f"Discord's voice server closed the connection to {channel.name} (code {error.code})."
        ) from error
    except ClientException as error:
        raise VoiceLinkError(
            "I am already in a voice channel of this server.", retryable=False
        ) from error
    except (discord.DiscordException, OSError, ValueError) as error:
        raise VoiceLinkError(f"Joining {channel.name} failed ({type(error).__name__}).") from error
