"""Much work on a thread beside an event loop that must not wait.

Python runs one thread at a time. One that computes for long gives way only each 5 ms, and everybody
else waits for that each time they come back from the system: with a few calls going on, a hundred
times before a caption stands. So whoever reads through much rests in between.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar, overload

T = TypeVar("T")

_WORK_S: Final = 0.002
_REST_S: Final = 0.004
_LOOK_EACH: Final = 8  # items


def _gently(items: Iterable[T]) -> Iterator[T]:
    rested_at = time.perf_counter()
    for number, item in enumerate(items):
        yield item
        if number % _LOOK_EACH == 0 and time.perf_counter() - rested_at > _WORK_S:
            time.sleep(_REST_S)
            rested_at = time.perf_counter()


class Gently(Sequence[T]):
    """A sequence whose readers rest. Not for the event loop's thread.

    Args:
        items: What is in it.
    """

    def __init__(self, items: Sequence[T]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        return self._items[index]

    def __iter__(self) -> Iterator[T]:
        return _gently(self._items)

    def __reversed__(self) -> Iterator[T]:
        return _gently(reversed(self._items))
