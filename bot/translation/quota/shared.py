"""The account's limits, as far as this process may use them beside others.

Each says what is used and waited for, and obeys what is granted (`bot.sharding.shares`).
"""

from collections.abc import Callable

from bot.translation.quota.quota import ConnectBudget


class SharedConnects:
    """Connects a minute, of a process's budget."""

    def __init__(self, budget: ConnectBudget) -> None:
        self._budget = budget

    def used(self) -> int:
        """Return the connects of the last minute."""
        return self._budget.figures().connects

    def wanted(self) -> int:
        """Return how many conversations wait for one."""
        return self._budget.waiting

    def limit_to(self, granted: int, reachable: int, _elsewhere: int) -> None:
        """Make no more than are granted."""
        self._budget.limit_connects(granted, reachable)


class SharedConversations:
    """Conversations open at once, of a process's budget."""

    def __init__(self, budget: ConnectBudget) -> None:
        self._budget = budget

    def used(self) -> int:
        """Return how many are open."""
        return self._budget.figures().open

    def wanted(self) -> int:
        """Return how many wait."""
        return self._budget.waiting

    def limit_to(self, granted: int, reachable: int, _elsewhere: int) -> None:
        """Open no more than are granted."""
        self._budget.limit_open(granted, reachable)


class SharedTokens:
    """Tokens a minute: counted together, and known a second late, so that none are granted."""

    def __init__(self, budget: ConnectBudget) -> None:
        self._budget = budget

    def used(self) -> int:
        """Return the tokens of the last minute."""
        return self._budget.figures().tokens

    def wanted(self) -> int:
        """Return that nobody waits for a token."""
        return 0

    def limit_to(self, _granted: int, _reachable: int, elsewhere: int) -> None:
        """Count what other processes used."""
        self._budget.used_elsewhere(elsewhere)


class SharedRequests:
    """Requests a minute, for texts to be translated or read aloud.

    Args:
        used: Returns the requests of the last minute.
        wanted: Returns how many wait.
        limit_to: Takes how many are granted, and how many would be.
    """

    def __init__(
        self,
        used: Callable[[], int],
        wanted: Callable[[], int],
        limit_to: Callable[[int, int], None],
    ) -> None:
        self.used = used
        self.wanted = wanted
        self._limit_to = limit_to

    def limit_to(self, granted: int, reachable: int, _elsewhere: int) -> None:
        """Send no more than are granted."""
        self._limit_to(granted, reachable)
