"""Members as Discord last described them, for a bot that is not told when they change.

Without the privileged intent for members no event says that somebody left the server or lost a
role, unless they are in a voice channel. Discord answers all the same who up to a hundred given
users are (Request Guild Members), with one message of the 120 that a connection may send in a
minute. So questions wait for each other: those of one server go together, and one goes each second.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

import discord

from bot.chat.faults import FAULTS
from bot.clock import Clock
from bot.locks import KeyedLimit
from bot.logs import get_logger

log = get_logger(__name__)

PAUSE_S: Final = 1.0  # between two questions
FRESH_S: Final = 2.0  # an answer is not asked for again
ANSWER_S: Final = 5.0
MOST: Final = 100  # of Discord's, in one question

_Key = tuple[int, int]  # guild and user


class MemberLookup:
    """Asks Discord who is in a server, and with which roles.

    Args:
        clock: Tells the time and calls back.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[_Key, discord.Member | None] = {}  # None: not in the server
        self._asked_at: dict[_Key, float] = {}
        self._wanted: dict[int, dict[int, None]] = {}  # users by guild, in order
        self._turns = KeyedLimit()
        self._next_at = clock.now()

    def member(self, guild: discord.Guild, user_id: int) -> discord.Member | None:
        """Return a member as Discord last described them; None: not in the server, or unknown."""
        return self._known.get((guild.id, user_id)) or guild.get_member(user_id)

    def absent(self, guild: discord.Guild, user_id: int) -> bool:
        """Return whether Discord said that somebody is not in the server."""
        return (guild.id, user_id) in self._known and self.member(guild, user_id) is None

    def note(self, member: discord.Member) -> None:
        """Take over what an event said of a member who was asked about."""
        if (key := (member.guild.id, member.id)) in self._known:
            self._known[key] = member

    def put(self, guild_id: int, user_id: int, member: discord.Member) -> None:
        """Keep a member who was asked for in another way."""
        self._known[guild_id, user_id] = member

    def forget(self, guild_id: int, user_id: int | None = None) -> None:
        """Forget what was said of somebody; None: of everybody in the server."""
        for key in [key for key in self._known if key[0] == guild_id]:
            if user_id in (None, key[1]):
                del self._known[key]
                self._asked_at.pop(key, None)

    async def ask(self, guild: discord.Guild, user_ids: Iterable[int]) -> bool:
        """Bring up to date what is known of these users.

        Args:
            guild: The server.
            user_ids: Those of whom there is an answer of the last moments are not asked about.

        Returns:
            Whether it is; if it is not, what was known stays.
        """
        users = [one for one in user_ids if not self._fresh(guild.id, one)]
        if not users or guild.unavailable:
            return not users
        self._wanted.setdefault(guild.id, {}).update(dict.fromkeys(users))
        async with self._turns.of(guild.id):
            # Whoever was first has asked for those who waited.
            while any(user in self._wanted.get(guild.id, ()) for user in users):
                await self._turn()
                await self._ask_some(guild)
        return all(self._fresh(guild.id, one, ANSWER_S) for one in users)

    def _fresh(self, guild_id: int, user_id: int, within_s: float = FRESH_S) -> bool:
        at = self._asked_at.get((guild_id, user_id))
        return at is not None and self._clock.now() - at <= within_s

    async def _turn(self) -> None:
        """Wait until the next question may be sent."""
        now = self._clock.now()
        at, self._next_at = max(now, self._next_at), max(now, self._next_at) + PAUSE_S
        if at > now:
            due = asyncio.Event()
            timer = self._clock.call_at(at, due.set)
            try:
                await due.wait()
            finally:
                timer.cancel()

    async def _ask_some(self, guild: discord.Guild) -> None:
        wanted = self._wanted.get(guild.id, {})
        users = list(wanted)[:MOST]
        try:
            async with asyncio.timeout(ANSWER_S):
                found = await guild.query_members(user_ids=users, limit=MOST, cache=False)
        except FAULTS as error:
            log.info("members could not be asked for", error=type(error).__name__)
        else:
            by_id = {member.id: member for member in found}
            for user in users:
                self._known[guild.id, user] = by_id.get(user)
                self._asked_at[guild.id, user] = self._clock.now()
        for user in users:  # not before: who is cancelled meanwhile leaves them to the next
            wanted.pop(user, None)
        if not wanted:
            self._wanted.pop(guild.id, None)
