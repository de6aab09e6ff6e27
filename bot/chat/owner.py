"""Messages to the bot's owner: whoever the application belongs to in Discord."""

import aiohttp
import discord

from bot.logs import get_logger

log = get_logger(__name__)


class OwnerMessages:
    """Writes to the owner of the application; of a team, to its owner.

    Args:
        client: The bot, logged in.
    """

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def tell(self, text: str) -> None:
        """Send a direct message; where that can't be done, the log says so."""
        try:
            application = await self._client.application_info()  # it may be another's by now
            team = application.team
            owner_id = application.owner.id if team is None else team.owner_id
            if owner_id is not None:
                owner = await self._client.fetch_user(owner_id)
                await owner.send(text, allowed_mentions=discord.AllowedMentions.none())
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.info("the bot's owner could not be written to", error=type(error).__name__)
