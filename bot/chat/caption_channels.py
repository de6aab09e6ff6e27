"""The text channels of one client that captions go to."""

from collections.abc import Callable

import discord

from bot.chat.board import ChannelBoard
from bot.chat.boards import Boards
from bot.chat.readers import Readers
from bot.chat.webhooks import CaptionChannel
from bot.clock import Clock
from bot.domain.meters import Meters
from bot.domain.ports import Look
from bot.errors import ChatError
from bot.wall_clock import Wall
from bot.words import t


class CaptionChannels:
    """Opens boards by channel id, and knows who can read them.

    To be made on the running event loop.

    Args:
        client: Finds channels. Has to be logged in before a board is opened.
        clock: Tells the time and calls back.
        wall: Tells the date and time of day.
        meters: Told how late captions are, and what failed.

    Attributes:
        boards: Opens them, and keeps what outlives them.
        readers: Knows who can read a channel, and whether it can be written to.
    """

    def __init__(self, client: discord.Client, clock: Clock, wall: Wall, meters: Meters) -> None:
        self._client = client
        self.boards = Boards(self._own_id, clock, wall, meters)
        self.readers = Readers(client.get_guild, clock)

    def _own_id(self) -> int:
        if self._client.user is None:
            raise TypeError("the client is not logged in yet")
        return self._client.user.id

    async def open(
        self, channel_id: int, look: Look, refused: Callable[[str], None]
    ) -> ChannelBoard:
        """Open a board in a text channel; implements OpenBoard."""
        channel = self._client.get_channel(channel_id)
        if not isinstance(channel, CaptionChannel):
            raise ChatError(t("The text channel no longer exists."))
        self.readers.use(channel)
        return await self.boards.open(channel, look, refused)
