"""Whether the source text of a conversation's turns comes, as asked for and then as learned."""

from typing import Final

LEARNED: Final = 3  # translated turns in a row without any: then none is waited for


class Originals:
    """Whether a conversation's source texts come; where they don't, nobody waits for them.

    Args:
        wanted: Whether it was asked for.
    """

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted
        self._missing = 0  # in a row

    @property
    def expected(self) -> bool:
        """Whether it is worth waiting for."""
        return self._wanted and self._missing < LEARNED

    def came(self) -> None:
        """Record that the service sent a source text, be it late."""
        self._missing = 0

    def missed(self) -> None:
        """Record that a turn was translated and ended without a source text."""
        self._missing += 1
