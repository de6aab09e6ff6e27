"""Counters of parts that come and go, summed: the sum goes on when a part has ended."""

from collections import Counter
from collections.abc import Callable, Mapping

Read = Callable[[], Mapping[str, float]]


class Totals:
    """Sums counters by name over all parts there are and were."""

    def __init__(self) -> None:
        self._ended: Counter[str] = Counter()
        self._parts: list[Read] = []

    def add(self, read: Read) -> Callable[[], None]:
        """Count a part in.

        Args:
            read: Returns its counters, which never fall.

        Returns:
            To be called when the part has ended: its counters are read a last time. Idempotent.
        """
        self._parts.append(read)

        def end() -> None:
            if read in self._parts:
                self._parts.remove(read)
                self._ended.update(read())

        return end

    def read(self) -> Mapping[str, float]:
        """Return the sums."""
        sums = Counter(self._ended)
        for read in self._parts:
            sums.update(read())
        return sums
