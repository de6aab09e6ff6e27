"""The REST routes without sockets: a request in, what its handler answers out, time by hand."""

from typing import Any

from bot.loopback.backend import Backend
from bot.loopback.rest import (
    channels,
    commands,
    guilds,
    interactions,
    login,
    messages,
    threads,
    webhooks,
)
from bot.loopback.rest.call import Reply, RestCall
from bot.loopback.rest.limits import Limits
from bot.loopback.rest.table import Table
from bot.loopback.state.chat import Chat
from bot.loopback.state.entities import ChannelType
from bot.loopback.state.intents import NONE
from bot.loopback.state.interactions import Interactions
from bot.loopback.state.permissions import INVITED, Permissions
from bot.loopback.state.voice_states import VoiceStates
from bot.loopback.state.world import World
from bot.loopback.voice import VoiceServer
from tests.support.clock import WallClock

TABLE = Table.joined(
    module.table
    for module in (login, commands, interactions, channels, messages, threads, webhooks, guilds)
)


class Bench:
    def __init__(self, permissions: Permissions = INVITED) -> None:
        self.clock = WallClock()
        self.world = World(self.clock, self.clock.wall)
        chat = Chat(self.world)
        voice = VoiceStates(self.world, VoiceServer(complain=self._complain))
        self.backend = Backend(self.world, chat, voice, Interactions(self.world, chat))
        self.limits = Limits(lambda: 0.0)
        self.guild = self.world.new_guild("Village", "en-US")
        self.text = self.world.new_channel(self.guild, ChannelType.TEXT, "captions")
        self.lounge = self.world.new_channel(self.guild, ChannelType.VOICE, "Lounge")
        self.stage = self.world.new_channel(self.guild, ChannelType.STAGE, "Stage")
        self.bot = self.world.new_bot("Parley", NONE)
        role = self.world.new_role(self.guild, "Parley", permissions, bot_id=self.bot.id)
        self.world.new_member(self.guild, self.bot.user).role_ids.add(role.id)
        self.role = role
        self.ana = self.world.new_user("Ana")
        self.world.new_member(self.guild, self.ana)

    def _complain(self, message: str) -> None:
        raise AssertionError(message)

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> Reply:
        """Let the path's handler answer the bot."""
        route, params = TABLE.find(method, path)
        call = RestCall(self.backend, self.limits, self.bot, params, query, body)
        return route.handler(call)

    def posted(self, content: str = "Hello") -> dict[str, Any]:
        """A message of the bot's."""
        answer = self.ask("POST", f"/channels/{self.text.id}/messages", {"content": content})
        assert isinstance(answer, dict)
        return answer
