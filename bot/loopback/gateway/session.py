"""A gateway session: who identified with what, and the events it can be given again.

Outlives its connections: events are numbered and kept, so that a client that lost its link can
resume where it was. Pure: text in and out, no socket.
"""

import json
import secrets
from collections import deque
from dataclasses import dataclass
from typing import Any

from bot.loopback.state.entities import Bot, GuildState, Json
from bot.loopback.state.intents import KNOWN, PRIVILEGED, Intents
from bot.loopback.state.world import Dispatch

REPLAY_LIMIT = 1000


class GatewayClose(Exception):  # noqa: N818 - an order, not an error of ours
    """The connection must be closed with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Identity:
    """A checked identify payload."""

    bot: Bot
    intents: Intents
    shard: int
    shards: int


def check_identify(data: Any, bot: Bot | None) -> Identity:
    """Read an identify payload whose token opened `bot`.

    Raises:
        GatewayClose: 4004 wrong token, 4010 wrong shard, 4013 and 4014 wrong intents.
    """
    if bot is None or not isinstance(data, dict):
        raise GatewayClose(4004, "Authentication failed.")
    shard, shards = _shard(data.get("shard"))
    wanted = data.get("intents")
    if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted & ~KNOWN or wanted < 0:
        raise GatewayClose(4013, "Invalid intent(s).")
    if wanted & PRIVILEGED & ~bot.privileged:
        raise GatewayClose(4014, "Disallowed intent(s).")
    if not isinstance(data.get("properties"), dict):
        raise GatewayClose(4002, "Error while decoding payload.")
    return Identity(bot, Intents(wanted), shard, shards)


def _shard(value: Any) -> tuple[int, int]:
    if value is None:
        return 0, 1
    match value:
        case [int() as shard, int() as shards] if 0 <= shard < shards:
            return shard, shards
    raise GatewayClose(4010, "Invalid shard.")


class GatewaySession:
    """Numbers a session's events and keeps the last thousand."""

    def __init__(self, identity: Identity) -> None:
        self.id = secrets.token_hex(16)
        self.voice_session_id = secrets.token_hex(16)
        self.identity = identity
        self.sequence = 0
        self._kept: deque[tuple[int, str]] = deque(maxlen=REPLAY_LIMIT)

    @property
    def bot(self) -> Bot:
        """The bot that the session is of."""
        return self.identity.bot

    def serves(self, guild: GuildState) -> bool:
        """Return whether the bot is in the guild and the guild falls to this shard."""
        shard = 0 if guild.direct else (guild.id >> 22) % self.identity.shards
        return self.bot.id in guild.members and shard == self.identity.shard

    def wants(self, event: Dispatch) -> bool:
        """Return whether this session is told of an event."""
        if event.to is not None and event.to is not self.bot:
            return False
        if not self.serves(event.guild):
            return False
        if event.intents and not event.intents & self.identity.intents:
            return False
        return event.channel is None or bool(event.guild.permissions(self.bot.id, event.channel))

    def take(self, event: Dispatch) -> str:
        """Keep an event under the next number; return what to send to this bot."""
        payload = event.payload
        data = payload(self.bot, self.identity.intents) if callable(payload) else payload
        return self.number(event.name, data)

    def number(self, name: str, data: Json) -> str:
        """Keep an event under the next number; return what to send."""
        self.sequence += 1
        text = json.dumps({"t": name, "s": self.sequence, "op": 0, "d": data})
        self._kept.append((self.sequence, text))
        return text

    def since(self, sequence: Any) -> list[str] | None:
        """Return what was sent after an event, or None when that can't be told any more."""
        if isinstance(sequence, bool) or not isinstance(sequence, int):
            return None
        if not 0 <= sequence <= self.sequence:
            return None
        oldest = self._kept[0][0] if self._kept else self.sequence + 1
        if sequence + 1 < oldest:
            return None
        return [text for number, text in self._kept if number > sequence]
