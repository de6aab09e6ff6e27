"""A link's connection to Discord's voice servers: one voice client after the other."""

import asyncio
from collections.abc import Callable

import discord

from bot.voice.discord_internals import Client, Observer, leave
from bot.voice.joining import explained, not_encrypted
from bot.voice.live_keys import LiveKeys
from bot.voice.people import VoiceChannel

READY_TIMEOUT_S = 10.0  # to get into the DAVE group
_LEAVE_TIMEOUT_S = 5.0


class VoiceConnection:
    """Joins and leaves.

    Args:
        observer: Is told what happens on it.
        use: Is given the keys of each new connection.
        alone: Whether nobody else is in the channel, so that there is no group to be in.
        timeout_s: How long a join may take, not counting the way into the DAVE group.

    Attributes:
        client: The voice client; None while there is none.
        bot: The client whose voice it is; None before the first join.
        joining: A join is under way.
    """

    def __init__(
        self,
        observer: Observer,
        use: Callable[[LiveKeys], None],
        alone: Callable[[], bool],
        timeout_s: float,
    ) -> None:
        self.client: Client | None = None
        self.bot: discord.Client | None = None
        self.joining = False
        self._observer = observer
        self._use = use
        self._alone = alone
        self._timeout_s = timeout_s
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Check again who waits, as the keys or the people in the channel may have changed."""
        self._changed.set()

    @property
    def encrypted(self) -> bool:
        """Whether what is sent now can be read by the call, and by nobody else."""
        client = self.client
        return client is not None and client.connection.encrypted

    @property
    def ready(self) -> bool:
        """Whether what is sent now gets there, and can be read by the call alone."""
        client = self.client
        return client is not None and client.is_connected() and client.connection.encrypted

    async def join(self, channel: VoiceChannel) -> None:
        """Join a channel, and wait until it can be heard and spoken in.

        Raises:
            VoiceLinkError: It could not be joined.
        """

        def make(client: discord.Client, to: discord.abc.Connectable) -> Client:
            self.bot = client
            self.client = Client(client, to, self._observer)
            self._use(LiveKeys(self.client.connection))
            return self.client

        self.joining = True
        try:
            with explained(channel, self._timeout_s):
                await channel.connect(
                    cls=make, timeout=self._timeout_s, reconnect=True, self_deaf=False
                )
        finally:
            self.joining = False

    async def until_encrypted(self, channel: VoiceChannel) -> None:
        """Wait until the bot is in the DAVE group; when alone there is none to be in.

        Raises:
            VoiceLinkError: It takes too long.
        """
        deadline = asyncio.get_running_loop().time() + READY_TIMEOUT_S
        while not self._alone() and self.client is not None:
            self._changed.clear()
            if self.encrypted:
                return
            try:
                async with asyncio.timeout_at(deadline):
                    await self._changed.wait()
            except TimeoutError:
                raise not_encrypted(channel, READY_TIMEOUT_S) from None

    async def leave(self) -> None:
        """Leave whatever channel it is in. Idempotent."""
        client, self.client = self.client, None
        if client is not None:
            await leave(client, _LEAVE_TIMEOUT_S)

    def start_playing(
        self, source: discord.AudioSource, ended: Callable[[Exception | None], None]
    ) -> bool:
        """Play a source, and call back on another thread when it ended; false if it can't now."""
        client = self.client
        if client is None or not client.is_connected() or client.is_playing():
            return False
        client.play(source, after=ended)
        return True
