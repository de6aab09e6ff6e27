"""Trouble that a test orders for requests to come: refusals and delays, of one guild or all."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

from bot.loopback.state.refusal import Refusal, TooMany
from bot.loopback.state.world import World


class Ordered(Refusal):
    """An answer that was ordered; the client did nothing wrong."""


@dataclass(slots=True, eq=False)
class RestTrouble:
    """What befalls requests.

    Attributes:
        method: HTTP method, as "POST"; empty for any.
        pattern: Found anywhere in the path below `/api/v10`.
        guild_id: Only those about this guild, its channels and webhooks; None: about anything. An
            interaction belongs to no guild.
        status: The answer; 0 answers as ever.
        delay_s: Before it, unless the trouble ends earlier.
        retry_after_s: What a 429 says.
        left: How many requests; None: all, until `end`.
        met: How many requests met it.
    """

    method: str
    pattern: re.Pattern[str]
    guild_id: int | None = None
    status: int = 0
    delay_s: float = 0.0
    retry_after_s: float = 1.0
    left: int | None = None
    met: int = 0
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self) -> None:
        """Stop making trouble, and let what waits be answered. Idempotent."""
        self.left = 0
        self._over.set()

    async def delay(self) -> None:
        """Let a request wait."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.delay_s):
                await self._over.wait()


class Troubles:
    """All that was ordered; a request meets the first that it fits.

    Args:
        world: Knows what belongs to which guild.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._ordered: list[RestTrouble] = []

    def order(self, trouble: RestTrouble) -> None:
        """Let it befall requests from now on."""
        self._ordered.append(trouble)

    async def befall(self, method: str, path: str, params: Mapping[str, str]) -> None:
        """Let a request have what was ordered for it.

        Args:
            method: The HTTP method, as "POST".
            path: Below `/api/v10`.
            params: The variable parts of the path.

        Raises:
            Ordered: The answer, if there is to be another than ever.
            TooMany: The trouble is a 429.
        """
        guild_id = self._guild_of(params)
        self._ordered = [trouble for trouble in self._ordered if trouble.left != 0]
        for trouble in self._ordered:
            if (
                trouble.method in {"", method}
                and trouble.guild_id in {None, guild_id}
                and trouble.pattern.search(path)
            ):
                break
        else:
            return
        trouble.met += 1
        if trouble.left is not None:
            trouble.left -= 1
        await trouble.delay()
        if trouble.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise TooMany(trouble.retry_after_s)
        if trouble.status:
            raise Ordered(trouble.status, 0, f"{trouble.status}: ordered by the test")

    def _guild_of(self, params: Mapping[str, str]) -> int | None:
        channel = None
        if (named := params.get("channel_id", "")).isdecimal():
            channel = self._world.channels.get(int(named))
        elif (named := params.get("webhook_id", "")).isdecimal():
            webhook = self._world.webhooks.get(int(named))
            channel = None if webhook is None else webhook.channel
        elif (named := params.get("guild_id", "")).isdecimal():
            return int(named)
        return None if channel is None else channel.guild.id
