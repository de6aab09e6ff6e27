"""Logs the bot in, and says in one line why it could not be."""

import asyncio

import discord

from bot.client import ParleyBot
from bot.errors import LoginError, ParleyError, SettingsError
from bot.tasks import TaskOwner

_LOGIN_WITHIN_S = 60.0


async def log_in(bot: ParleyBot, token: str, tasks: TaskOwner) -> None:
    """Return once the bot is ready.

    Raises:
        SettingsError: Discord refuses the token.
        LoginError: Discord can't be reached, or does not let the bot in in time.
    """

    async def session() -> ParleyError | None:
        try:
            await bot.start(token)
        except discord.LoginFailure:
            return SettingsError(
                "DISCORD_TOKEN is refused by Discord: copy it again from the Bot page."
            )
        except (discord.DiscordException, OSError) as error:
            return LoginError(f"Discord can't be reached: {error}.")
        finally:
            await bot.close()
        return None

    started = tasks.start(session(), "session")
    ready = tasks.start(bot.ready(), "ready")
    done: set[asyncio.Task[ParleyError | None] | asyncio.Task[None]] = set()
    while not done:
        done, _ = await asyncio.wait(
            {started, ready}, timeout=_LOGIN_WITHIN_S, return_when=asyncio.FIRST_COMPLETED
        )
        if not bot.queued:
            break
    if started in done:
        raise (await started) or LoginError("Discord ended the session at once.")
    if not done:
        raise LoginError(f"Discord did not let the bot in within {_LOGIN_WITHIN_S:.0f} s.")
