"""Tokens of one session, whichever way the service counts them.

Some models count each response, some the whole session so far, and which of them does what is known
from observation alone. A sum never falls. A single count that does, out of its order or broken, is
no proof that there are no sums: taken for a response, each sum after it would be counted whole.
"""

from typing import Final

from bot.translation.protocol.server_events import TokenCount

_FALLS: Final = 0.25  # of all counts: from so many on there are no sums


class Tally:
    """What each count adds.

    Args:
        cumulative: Whether the counts are thought to be those of the whole session.
        before: Counted in this session already.
    """

    def __init__(self, *, cumulative: bool, before: TokenCount | None = None) -> None:
        self._cumulative = cumulative
        self._told = self._top = self._whole = before or TokenCount(0, 0)
        self._counts = 0
        self._falls = 0

    def add(self, count: TokenCount) -> TokenCount:
        """Take a count of the service and return what it adds."""
        self._counts += 1
        self._whole += count
        self._falls += not _covers(count, self._top)
        self._top = _highest(self._top, count)
        sums = self._cumulative and self._falls < max(1.0, _FALLS * self._counts)
        told, self._told = self._told, _highest(self._told, self._top if sums else self._whole)
        return self._told - told


def _covers(count: TokenCount, other: TokenCount) -> bool:
    return count.tokens_in >= other.tokens_in and count.tokens_out >= other.tokens_out


def _highest(one: TokenCount, other: TokenCount) -> TokenCount:
    return TokenCount(
        max(one.tokens_in, other.tokens_in),
        max(one.tokens_out, other.tokens_out),
        max(one.tokens_voice, other.tokens_voice),
    )
