"""Whose link goes on to another speaker, or ends to make room for one; `quota` states the rule."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from bot.translation.quota.client import Share
from bot.translation.quota.server_quotas import Quotas

GRACE_S: Final = 2.0  # a pause is waited for so long before somebody's sentence is cut
ROUND_S: Final = 30.0  # with fewer places than servers, each keeps its only one for so long


class Givers:
    """The conversations that have a link, at one moment.

    Args:
        shares: The shares of those who may give.
        quotas: What their servers may use.
    """

    def __init__(self, shares: Sequence[Share], quotas: Quotas) -> None:
        self._shares = shares
        self._quotas = quotas
        resting = [
            (share.lease.active_at, share)
            for share in shares
            if share.lease is not None and share.tenant.resting and share.lease.quiet
        ]
        resting.sort(key=lambda pair: pair[0])
        self._resting = [share for _, share in resting]  # the longest first

    def lender(self, borrower: Share) -> Share | None:
        """Return whose idle link can serve another speaker of the same server as it is."""
        settings = borrower.claim.settings()
        if settings is None:
            return None
        for share in self._resting:
            passes = share.lease is not None and share.lease.passes and share.tenant.complete
            if (
                passes
                and share.guild_id == borrower.guild_id
                and share.claim.settings() == settings
            ):
                return share
        return None

    def making_room(self, taker: Share) -> Share | None:
        """Return whose link ends for another's: of its own server, or of one beyond its quota."""
        within = self._quotas.may_hold(taker.guild_id)
        resting = [
            share
            for share in self._resting
            if share.guild_id == taker.guild_id or self._quotas.beyond(share.guild_id)
        ]
        if resting:
            giver = min(resting, key=lambda share: (share.guild_id == taker.guild_id) is within)
            self._resting.remove(giver)
            return giver
        if not within or self._quotas.now < taker.asked_at + GRACE_S:
            return None
        held = self._quotas.held
        beyond = {guild_id: held[guild_id] for guild_id in held if self._quotas.beyond(guild_id)}
        return self._talking(beyond, only_one_after_s=ROUND_S)

    def saving_tokens(self) -> Share | None:
        """Return whose link ends as tokens are used up, if that helps one within its quota."""
        use = {guild_id: self._quotas.token_use(guild_id) for guild_id in self._quotas.guilds}
        if all(part >= 1 for part in use.values()):
            return None
        beyond = {guild_id: part for guild_id, part in use.items() if part > 1}
        return self._talking(beyond, only_one_after_s=math.inf)

    def _talking(self, beyond: Mapping[int, float], *, only_one_after_s: float) -> Share | None:
        """Return who stops although they speak: of the busiest server, the one it hurts least.

        That is a speaker's further language, one between two sentences, the one open longest.
        """
        may = [
            share
            for share in self._shares
            if share.guild_id in beyond
            and share.tenant.talking
            and (self._quotas.held[share.guild_id] > 1 or self._open_s(share) >= only_one_after_s)
        ]
        return min(
            may,
            key=lambda share: (
                -beyond[share.guild_id],
                not share.further,
                not share.tenant.between_turns,
                -self._open_s(share),
            ),
            default=None,
        )

    def _open_s(self, share: Share) -> float:
        return 0.0 if share.lease is None else self._quotas.now - share.lease.opened_at
