"""Every fault that the loopback Discord and the scripted service know, one after the other."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from bot.loopback import LoopbackDiscord, Permissions
from tests.integration.translation.translation_service import Service
from tests.soak.service import FAILURES, SoakService
from tests.soak.town import BROKEN, SoakServer

_EACH_S: Final = (2.0, 6.0)  # from one fault's end to the next
_HELD_S: Final = (0.5, 8.0)
_GATEWAY_CODES: Final = (1001, 4000, 4001, 4007, 4008, 4009)
_VOICE_CODES: Final = (1001, 4000, 4006, 4009, 4014, 4015)
_STATUSES: Final = (429, 500, 502, 503)
_WRITES: Final = r"/webhooks/|/messages"


class Chaos:
    """Breaks one thing at a time, or several.

    Args:
        discord: The Discord.
        cloud: The service's server.
        service: Its scripts.
        servers: Where people are.
        chance: Chooses.
        log: Is told what is done.

    Attributes:
        done: How often each fault was made.
    """

    def __init__(
        self,
        discord: LoopbackDiscord,
        cloud: Service,
        service: SoakService,
        servers: list[SoakServer],
        *,
        chance: random.Random,
        log: Callable[[str], None],
    ) -> None:
        self._discord = discord
        self._cloud = cloud
        self._service = service
        self._servers = servers
        self._chance = chance
        self._log = log
        self.done: Counter[str] = Counter()
        self.stopping = False
        self._left: list[str] = []
        self._failures: list[str] = []

    @property
    def faults(self) -> dict[str, Callable[[SoakServer], Awaitable[str]]]:
        """Every fault, by its name."""
        names = [name for name in dir(self) if name.startswith("make_")]
        return {name.removeprefix("make_"): getattr(self, name) for name in names}

    async def rage(self) -> None:
        """Make faults, each once before any comes again: what is used once has been by then."""
        while not self.stopping:
            if not self._left:
                self._left = sorted(self.faults)
                self._chance.shuffle(self._left)
            name, server = self._left.pop(), self._chance.choice(self._servers)
            with suppress(*BROKEN):
                what = await self.faults[name](server)
                self._log(f"{server.guild.name} {name} {what}")
            self.done[name] += 1
            await asyncio.sleep(self._chance.uniform(*_EACH_S))

    async def _hold(self, most_s: float = _HELD_S[1]) -> str:
        held_s = self._chance.uniform(_HELD_S[0], most_s)
        await asyncio.sleep(held_s)
        return f"for {held_s:.1f} s"

    # Requests to Discord

    async def make_refused_requests(self, server: SoakServer) -> str:
        status = self._chance.choice(_STATUSES)
        trouble = self._discord.trouble(
            _WRITES, guild=server.guild, status=status, retry_after_s=1.0
        )
        held = await self._hold()
        trouble.end()
        return f"{status} {held}, met by {trouble.met}"

    async def make_single_errors(self, server: SoakServer) -> str:  # noqa: ARG002 - all servers
        status, times = self._chance.choice(_STATUSES[1:]), self._chance.randint(1, 5)
        method = self._chance.choice(("POST", "PATCH", "DELETE", "GET"))
        trouble = self._discord.fail_next(method, "", status, times)
        held = await self._hold()
        trouble.end()
        return f"{method} {status} x{trouble.met} {held}"

    async def make_slow_requests(self, server: SoakServer) -> str:
        trouble = self._discord.trouble(_WRITES, guild=server.guild, delay_s=60.0)
        held = await self._hold()
        trouble.end()
        return f"{held}, met by {trouble.met}"

    async def make_a_far_discord(self, server: SoakServer) -> str:  # noqa: ARG002 - all servers
        self._discord.set_distance(self._chance.uniform(0.1, 0.8))
        held = await self._hold()
        self._discord.set_distance(0.0)
        return held

    # Channels and webhooks

    async def make_a_webhook_vanish(self, server: SoakServer) -> str:
        found = [
            w for w in self._discord._backend.world.webhooks.values() if w.channel is server.text
        ]
        for webhook in found:
            server.guild.delete_webhook(webhook)
        return f"{len(found)}"

    async def make_a_webhook_move(self, server: SoakServer) -> str:
        other = server.guild.add_text_channel("elsewhere")
        found = [
            w for w in self._discord._backend.world.webhooks.values() if w.channel is server.text
        ]
        for webhook in found:
            server.guild.move_webhook(webhook, other)
        held = await self._hold()
        server.guild.delete_channel(other)
        return f"{len(found)} {held}"

    async def make_the_text_channel_vanish(self, server: SoakServer) -> str:
        gone, server.text = server.text, server.guild.add_text_channel("captions")
        server.guild.delete_channel(gone)
        return ""

    async def make_the_voice_channel_vanish(self, server: SoakServer) -> str:
        gone, server.lounge = server.lounge, server.guild.add_voice_channel("Lounge")
        server.guild.delete_channel(gone)
        return ""

    async def make_the_text_channel_shut(self, server: SoakServer) -> str:
        what = Permissions.SEND_MESSAGES | Permissions.MANAGE_WEBHOOKS
        channel = server.text
        server.guild.deny(channel, server.account, what)
        held = await self._hold()
        server.guild.allow(channel, server.account, what)
        return held

    async def make_the_voice_channel_shut(self, server: SoakServer) -> str:
        channel = server.lounge
        server.guild.deny(channel, server.account, Permissions.CONNECT)
        held = await self._hold()
        server.guild.allow(channel, server.account, Permissions.CONNECT)
        return held

    # Servers

    async def make_an_outage(self, server: SoakServer) -> str:
        server.guild.begin_outage(server.account)
        held = await self._hold()
        server.guild.end_outage(server.account)
        return held

    async def make_the_bot_leave_the_server(self, server: SoakServer) -> str:
        server.guild.remove(server.account)
        server.agreed.clear()
        held = await self._hold(3.0)
        server.guild.invite(server.account)
        return held

    async def make_the_bot_thrown_out_of_voice(self, server: SoakServer) -> str:
        if server.bot_in is not None:
            server.guild.disconnect(server.account)
        return ""

    async def make_the_bot_moved(self, server: SoakServer) -> str:
        if server.bot_in is None:
            return "not there"
        server.guild.move(server.account, server.second)
        held = await self._hold()
        if server.bot_in is not None:
            server.guild.move(server.account, server.lounge)
        return held

    # The gateway

    async def make_the_gateway_close(self, server: SoakServer) -> str:
        code, resumable = self._chance.choice(_GATEWAY_CODES), self._chance.random() < 0.7
        self._discord.close_gateway(server.account, code, resumable=resumable)
        return f"{code}{'' if resumable else ' for good'}"

    async def make_the_gateway_ask_for_another(self, server: SoakServer) -> str:
        self._discord.gateway.ask_to_reconnect(server.account)
        return ""

    async def make_the_gateway_freeze(self, server: SoakServer) -> str:
        self._discord.freeze_gateway(server.account)
        held = await self._hold()
        self._discord.thaw_gateway(server.account)
        return held

    # Voice

    async def make_a_voice_socket_close(self, server: SoakServer) -> str:
        channel = server.bot_in
        if channel is None:
            return "not there"
        code = self._chance.choice(_VOICE_CODES)
        self._discord.voice.close_client(channel.id, server.account.id, code)
        return f"{code}"

    async def make_bad_lines(self, server: SoakServer) -> str:  # noqa: ARG002 - all calls
        faults, chance = self._discord.voice.faults, self._chance
        faults.loss, faults.burst = chance.uniform(0, 0.1), chance.randint(1, 4)
        faults.duplicate, faults.padding = chance.uniform(0, 0.1), chance.uniform(0, 0.5)
        faults.reorder_ms, faults.delay_ms = chance.uniform(0, 60), chance.uniform(0, 200)
        faults.gateway_ms = chance.uniform(0, 500)
        held = await self._hold()
        self._good_lines()
        return held

    async def make_voice_silent(self, server: SoakServer) -> str:  # noqa: ARG002 - all calls
        self._discord.voice.faults.silent = True
        held = await self._hold(5.0)
        self._discord.voice.faults.silent = False
        return held

    async def make_streams_unannounced(self, server: SoakServer) -> str:
        ids = {person.id for person in server.people}
        self._discord.voice.faults.unannounced |= ids
        held = await self._hold()
        self._discord.voice.faults.unannounced -= ids
        return held

    def _good_lines(self) -> None:
        faults = self._discord.voice.faults
        faults.loss = faults.duplicate = faults.padding = 0.0
        faults.reorder_ms = faults.delay_ms = faults.gateway_ms = 0.0
        faults.burst = 1

    # The service

    async def make_conversations_fail(self, server: SoakServer) -> str:  # noqa: ARG002 - all
        if not self._failures:
            self._failures = sorted(FAILURES)
            self._chance.shuffle(self._failures)
        failure, times = self._failures.pop(), self._chance.randint(1, 3)
        self._service.order(failure, times)
        return f"{failure} x{times}"

    async def make_conversations_fail_again(self, server: SoakServer) -> str:
        return await self.make_conversations_fail(server)

    async def make_conversations_fail_once_more(self, server: SoakServer) -> str:
        return await self.make_conversations_fail(server)

    async def make_the_service_crash(self, server: SoakServer) -> str:  # noqa: ARG002 - all
        down_s = self._chance.uniform(0.5, 6.0)
        await self._cloud.crash(down_s)
        return f"down for {down_s:.1f} s"

    async def make_the_service_refuse(self, server: SoakServer) -> str:  # noqa: ARG002 - all
        status = self._chance.choice((429, 500, 503, 418))
        self._cloud.refuse(status)
        for session in self._cloud.sessions[-40:]:
            if self._chance.random() < 0.3:
                session.reset()
        held = await self._hold()
        self._cloud.accept()
        return f"{status} {held}"

    async def make_slow_handshakes(self, server: SoakServer) -> str:  # noqa: ARG002 - all
        self._cloud._handshakes_s = [self._chance.uniform(1.0, 12.0)]
        held = await self._hold()
        self._cloud._handshakes_s = [0.0]
        return held

    async def make_texts_fail(self, server: SoakServer) -> str:  # noqa: ARG002 - all
        self._service.text_status = self._chance.choice((429, 500))
        held = await self._hold()
        self._service.text_status = 200
        return held

    def calm(self) -> None:
        """Let all be well again."""
        self._good_lines()
        self._discord.set_distance(0.0)
        self._service.calm()
        self._cloud.accept()
