"""The voice links of one client: joined by channel id, and told what Discord says."""

from collections.abc import Mapping

import discord

from bot.audio.silero import SileroDetector
from bot.clock import Clock
from bot.domain.ports import Listener
from bot.errors import VoiceLinkError
from bot.tasks import TaskOwner
from bot.totals import Totals
from bot.voice.link import DiscordVoiceLink, connect
from bot.voice.noise_gate import GatedListener
from bot.words import t


class VoiceLinks:
    """Joins voice channels for rooms, and keeps each link up to date.

    Args:
        client: Finds channels.
        clock: Tells the time and calls back.
        noise_gate: Whether rooms hear speech only.

    Attributes:
        links: The links that were joined; some may have been closed since.
    """

    def __init__(self, client: discord.Client, clock: Clock, *, noise_gate: bool) -> None:
        self._client = client
        self._clock = clock
        self._noise_gate = noise_gate
        self._tasks = TaskOwner("voice links")
        self.links: list[DiscordVoiceLink] = []
        self._totals = Totals()
        self._rejoins = Totals()

    async def join(self, channel_id: int, listener: Listener, *, speaks: bool) -> DiscordVoiceLink:
        """Join a voice channel; implements JoinVoice."""
        channel = self._client.get_channel(channel_id)
        if not isinstance(channel, discord.VoiceChannel | discord.StageChannel):
            raise VoiceLinkError(t("The voice channel no longer exists."), retryable=False)
        if self._noise_gate:
            listener = GatedListener(listener, SileroDetector)
        link = await connect(channel, listener, self._clock, speaks=speaks)
        self.links = self.open
        self.links.append(link)
        link.when_closed(self._totals.add(link.counters))
        link.when_closed(self._rejoins.add(link.rejoins))
        return link

    def counters(self) -> Mapping[str, float]:
        """Return the sums of the counters of all links there are and were; see `Figures`."""
        return self._totals.read()

    def rejoins(self) -> Mapping[str, float]:
        """Return how often they joined afresh, by the reason; see `health.REASONS`."""
        return self._rejoins.read()

    @property
    def open(self) -> list[DiscordVoiceLink]:
        """Those that are not closed."""
        return [link for link in self.links if not link.closed]

    def voice_state_changed(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        """Let each link know of a change of somebody's voice state."""
        for link in self.links:
            link.voice_state_changed(member, before, after)

    def look_again(self) -> None:
        """Have each link see anew who is there, as Discord may not have told all changes."""
        for link in self.open:
            self._tasks.start(
                link.look_again(), f"look again {link.channel_id}", room=link.channel_id
            )

    async def close(self) -> None:
        """End what goes on behind the links. Idempotent."""
        await self._tasks.close()
