"""What can keep the bot out of a voice channel, as sentences for its people."""

from collections.abc import Iterator
from contextlib import contextmanager

import discord
from discord.errors import ClientException, ConnectionClosed

from bot.errors import VoiceLinkError
from bot.voice.people import VoiceChannel
from bot.words import number, t


def check_entry(channel: VoiceChannel) -> None:
    """Pass when the bot may enter.

    Raises:
        VoiceLinkError: It lacks permissions, or the channel is full.
    """
    allowed = channel.permissions_for(channel.guild.me)
    if not (allowed.view_channel and allowed.connect):
        raise VoiceLinkError(
            t(
                "I need the View Channel and Connect permissions in {channel}.",
                channel=channel.name,
            ),
            retryable=False,
        )
    limit = channel.user_limit
    if limit and len(channel.voice_states) >= limit and not allowed.move_members:
        raise VoiceLinkError(t("{channel} is full.", channel=channel.name))


def not_encrypted(channel: VoiceChannel, timeout_s: float) -> VoiceLinkError:
    """Return the error for a channel whose end-to-end encryption was not ready in time."""
    return VoiceLinkError(
        t(
            "The encryption of {channel} wasn't ready within {seconds} s.",
            channel=channel.name,
            seconds=number(timeout_s),
        )
    )


@contextmanager
def explained(channel: VoiceChannel, timeout_s: float) -> Iterator[None]:
    """Turn what discord.py raises while joining into a VoiceLinkError that says why."""
    try:
        yield
    except TimeoutError as error:
        raise VoiceLinkError(
            t(
                "Discord didn't let me into {channel} within {seconds} s.",
                channel=channel.name,
                seconds=number(timeout_s),
            )
        ) from error
    except ConnectionClosed as error:
        raise VoiceLinkError(
            t(
                "Discord's voice server closed the connection to {channel} (code {code}).",
                channel=channel.name,
                code=error.code,
            )
        ) from error
    except ClientException as error:
        raise VoiceLinkError(
            t("I'm already in a voice channel in this server."), retryable=False
        ) from error
    except (discord.DiscordException, OSError, ValueError) as error:
        raise VoiceLinkError(
            t(
                "Joining {channel} failed ({error}).",
                channel=channel.name,
                error=type(error).__name__,
            )
        ) from error
