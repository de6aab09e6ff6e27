"""What an error of discord.py means for a caption.

Codes: Discord's API documentation, "JSON error codes".
"""

import aiohttp
import discord

from bot.errors import ChatError, MessageGoneError, RateLimitError
from bot.words import t

UNKNOWN_CHANNEL = 10003
UNKNOWN_MESSAGE = 10008
UNKNOWN_WEBHOOK = 10015
EDITED_TOO_OFTEN = 30046  # of a message older than an hour
INVALID_WEBHOOK_TOKEN = 50027
NOT_THE_AUTHOR = 50005  # of a message that is to be edited
THREAD_ARCHIVED = 50083
THREAD_LOCKED = 160005
TOO_MANY_THREADS = 160006  # active ones of the server

# Answers by which a webhook is known to be gone.
NO_WEBHOOK = frozenset({UNKNOWN_WEBHOOK, INVALID_WEBHOOK_TOKEN})

# What a request of discord.py's raises.
FAULTS = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)

_WAIT_S = 5.0  # after a 429 that does not say how long


class UnwritableError(ChatError):
    """Nothing can be written in the channel or thread any more."""

    code = "unwritable"


class ChannelGoneError(UnwritableError):
    """The channel or thread was deleted."""

    code = "channel_gone"


class ThreadClosedError(UnwritableError):
    """The thread is archived or locked."""

    code = "thread_closed"


def chat_error(error: Exception) -> ChatError:
    """Return the ChatError for what discord.py or aiohttp raised. Quotes nothing of it."""
    if isinstance(error, discord.RateLimited):
        return RateLimitError(error.retry_after)
    if not isinstance(error, discord.HTTPException) or error.status >= 500:
        return ChatError(t("Discord couldn't be reached."), retryable=True)
    if error.status == 429:
        return RateLimitError(_retry_after(error))
    return _refusal(error)


def _refusal(error: discord.HTTPException) -> ChatError:
    if error.code == UNKNOWN_MESSAGE:
        return MessageGoneError(removed=True)
    if error.code in {*NO_WEBHOOK, EDITED_TOO_OFTEN}:
        return MessageGoneError(removed=False)
    if error.code == UNKNOWN_CHANNEL:
        return ChannelGoneError(t("The text channel no longer exists."))
    if error.code in {THREAD_ARCHIVED, THREAD_LOCKED}:
        return ThreadClosedError(t("The thread is locked or archived, so I can't post there."))
    if error.status == 403 and error.code != NOT_THE_AUTHOR:
        return UnwritableError(t("I'm not allowed to post in the text channel."))
    return ChatError(
        t(
            "Discord refused a message ({status}, code {code}).",
            status=error.status,
            code=error.code,
        )
    )


def _retry_after(error: discord.HTTPException) -> float:
    try:
        seconds = float(error.response.headers.get("Retry-After", _WAIT_S))
    except ValueError:
        return _WAIT_S
    return seconds if 0 <= seconds < float("inf") else _WAIT_S
