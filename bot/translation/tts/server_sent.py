"""Server-sent events: bytes in, the data of each event out. No I/O in here.

Reference: "Server-sent events" of the HTML standard. Names, ids and comments are passed over: what
they say is in the data too.
"""

from collections.abc import Iterator
from typing import Final

from bot.translation.protocol.bounds import MESSAGE_BYTES

_DATA: Final = b"data"


class TooLongEventError(ValueError):
    """An event is longer than any that makes sense."""


class EventStream:
    """Reads one answer."""

    def __init__(self) -> None:
        self._rest = bytearray()  # of a line
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the data of each event that a piece of the answer completes.

        Raises:
            TooLongEventError: No end of an event is in sight.
        """
        self._rest += piece
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest = bytearray(rest)
        for line in lines:
            if (event := self._line(line.removesuffix(b"\r"))) is not None:
                yield event
        if self._size + len(self._rest) > MESSAGE_BYTES:
            raise TooLongEventError

    def _line(self, line: bytes) -> bytes | None:
        if not line:
            data, self._data, self._size = self._data, [], 0
            return b"\n".join(data) if data else None
        name, _, value = line.partition(b":")
        if name == _DATA:
            self._size += len(value)
            if self._size > MESSAGE_BYTES:
                raise TooLongEventError
            self._data.append(value.removeprefix(b" "))
        return None
