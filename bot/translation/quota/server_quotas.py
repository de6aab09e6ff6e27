"""Each server's quota of the account's limits, at one moment; `quota` states the rule."""

from collections import Counter
from dataclasses import dataclass

from bot.translation.quota.connects import ConnectRate
from bot.translation.quota.tokens import NEAR, TokenRate


@dataclass(frozen=True, slots=True)
class Quotas:
    """What each server may use, by what all of them use.

    Attributes:
        now: Clock seconds.
        rate: Connects of the last minute.
        made: How many of them each server made.
        tokens: Tokens of the last minute.
        most_open: Conversations that may be open at once.
        held: Conversations open by server, without those that are ending.
        guilds: The servers that take part.
        others: Whether a server may come that does not take part yet.
    """

    now: float
    rate: ConnectRate
    made: Counter[int]
    tokens: TokenRate
    most_open: int
    held: Counter[int]
    guilds: frozenset[int]
    others: bool

    # The quotas

    @property
    def connects(self) -> int:
        """A server's quota of the connects of a minute."""
        kept = self.rate.kept if self.others else 0
        return max(1, (self.rate.per_minute - kept) // len(self.guilds))

    @property
    def places(self) -> float:
        """A server's quota of open conversations; below 1 with more servers than places."""
        return self.most_open / len(self.guilds)

    def token_use(self, guild_id: int) -> float:
        """Return how much of its quota of a minute's tokens a server used; 1 is all of it."""
        return self.tokens.of(self.now, guild_id) * len(self.guilds) / self.tokens.per_minute

    # What a server may have

    def within(self, guild_id: int) -> bool:
        """Return whether one conversation more is within a server's quotas."""
        return (
            self.made[guild_id] < self.connects
            and self.may_hold(guild_id)
            and self.token_use(guild_id) < 1
        )

    def may_hold(self, guild_id: int, more: int = 1) -> bool:
        """Return whether so many more open conversations are within a server's quota."""
        return self.held[guild_id] + more <= max(1.0, self.places)

    def beyond(self, guild_id: int) -> bool:
        """Return whether a server has more open conversations than its quota."""
        return self.held[guild_id] > self.places

    def connect_at(self, guild_id: int, *, ahead: bool = False) -> float:
        """Return when a server may make its next connect; `now` when it may at once.

        Args:
            guild_id: The guild.
            ahead: Nobody has spoken yet for whom it would be.
        """
        half, made = self.rate.per_minute // 2, self.made[guild_id]
        if ahead and made > 0 and (self.others or len(self.guilds) > 1):
            return self.rate.next_leaving(self.now, half)
        if made < self.connects:
            return self.rate.next_at(self.now)
        return self.rate.next_leaving(self.now, min(self._unused_beside(guild_id), half))

    def _unused_beside(self, guild_id: int) -> int:
        """Return how many connects to leave to the other servers and to one that may come."""
        kept = self.rate.kept if self.others else 0
        unused = sum(max(0, self.connects - self.made[other]) for other in self.guilds - {guild_id})
        return max(kept, unused)

    def admits(self, guild_id: int, *, further: bool) -> bool:
        """Return whether the tokens allow a server one more conversation."""
        own_limit = NEAR if further else 1.0
        return self.token_use(guild_id) < own_limit or self.tokens.used(self.now) < NEAR

    def fits(self, guild_id: int, conversations: int, *, within_s: float, tokens: float) -> bool:
        """Return whether a server could open so many more soon, all of them within its quotas.

        Args:
            guild_id: The guild.
            conversations: How many conversations.
            within_s: In how many seconds.
            tokens: What they would use in a minute.
        """
        soon = self.now + within_s
        more = tokens * len(self.guilds) / self.tokens.per_minute
        return (
            self.rate.possible(self.now, within_s) >= conversations
            and self.rate.used(soon)[guild_id] + conversations <= self.connects
            and self.may_hold(guild_id, conversations)
            and self.token_use(guild_id) + more < NEAR
        )
