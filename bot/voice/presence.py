"""Where the bot is, who is there with it, and what others did to its voice, as Discord says.

discord.py's objects change under whoever keeps them, and are others once its session was made anew.
So what an event tells is compared with what was known here, never with what they say meanwhile, and
where events may have been missed they are looked at in one go.
"""

from enum import Enum
from typing import Protocol

import discord

from bot.tasks import TaskOwner
from bot.voice.people import Change, People, Survey, VoiceChannel


class Whereabouts(Enum):
    """What became of the bot while nothing was heard of it."""

    THERE = "there"
    ABSENT = "absent"  # in no voice channel
    DELETED = "deleted"  # and its channel is gone
    PUT_OUT = "put out"  # of the server
    UNKNOWN = "unknown"  # as the server is out of order


class Watcher(Protocol):
    """What is told of where the bot is and who is there."""

    def moved(self) -> None:
        """Record that the bot is in another channel."""

    def stands(self, state: discord.VoiceState) -> None:
        """Note the bot's own voice state."""

    def people_changed(self, change: Change) -> None:
        """Record that somebody came or left."""


class Presence:
    """Follows the bot, and knows who is with it.

    Args:
        channel: The voice channel it is to be in.
        watcher: Is told of what changes.
        tasks: Owns what runs here.

    Attributes:
        channel: Where it is, by the newest of discord.py's objects.
        people: Who is there.
    """

    def __init__(self, channel: VoiceChannel, watcher: Watcher, tasks: TaskOwner) -> None:
        self.channel = channel
        self.people = People(channel.guild.me.id)
        self._own_id = channel.guild.me.id
        self._watcher = watcher
        self._tasks = tasks
        self._survey = Survey(self.people, watcher.people_changed)

    def state_changed(self, member: discord.Member, state: discord.VoiceState) -> None:
        """Take a newer voice state of somebody in this server."""
        if member.id == self._own_id:
            if isinstance(state.channel, VoiceChannel):
                self._placed(state.channel, state)
            return
        inside = state.channel is not None and state.channel.id == self.channel.id
        if (change := self.people.moved(member, inside=inside)) is not None:
            self._watcher.people_changed(change)

    def refresh(self, client: discord.Client) -> Whereabouts:
        """Find the bot again, by the objects that discord.py has now."""
        guild = client.get_guild(self.channel.guild.id)
        if guild is None:
            return Whereabouts.PUT_OUT
        if guild.unavailable:
            return Whereabouts.UNKNOWN
        state = guild.me.voice
        if state is not None and isinstance(state.channel, VoiceChannel):
            self._placed(state.channel, state)
            return Whereabouts.THERE
        channel = guild.get_channel(self.channel.id)
        if not isinstance(channel, VoiceChannel):
            return Whereabouts.DELETED
        self.channel = channel
        return Whereabouts.ABSENT

    async def survey(self) -> None:
        """Look who is there; returns when everybody has a name."""
        await self._survey.take(self.channel)

    def _placed(self, channel: VoiceChannel, state: discord.VoiceState) -> None:
        before, self.channel = self.channel, channel
        if channel.id != before.id:
            self._watcher.moved()
            self._tasks.start(self.survey(), "survey")
        self._watcher.stands(state)
