"""Iteration that pauses now and then, for long work on a thread beside the event loop.

Python runs one thread at a time, and a busy one yields only every 5 ms. All other threads wait for
that each time they return from a system call; with a few calls running, a caption would wait a
hundred times. So iterating over much data sleeps in between.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeVar, overload

T = TypeVar("T")

_WORK_S: Final = 0.002
_REST_S: Final = 0.004
_CHECK_EACH: Final = 8  # items


def _with_pauses(items: Iterable[T]) -> Iterator[T]:
    rested_at = time.perf_counter()
    for number, item in enumerate(items):
        yield item
        if number % _CHECK_EACH == 0 and time.perf_counter() - rested_at > _WORK_S:
            time.sleep(_REST_S)
            rested_at = time.perf_counter()


class PausingSequence(Sequence[T]):
    """A sequence that sleeps now and then while it is iterated. Not for the event loop's thread.

    Args:
        items: The items.
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
        return _with_pauses(self._items)

    def __reversed__(self) -> Iterator[T]:
        return _with_pauses(reversed(self._items))
