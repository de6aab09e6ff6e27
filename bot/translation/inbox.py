"""The bytes of a websocket as they come, cut into frames. No I/O."""

from typing import Final, NamedTuple

from bot.errors import ProtocolError
from bot.translation import bounds

ROOM: Final = 32 * 1024  # bytes; four deltas of voice

_FEWEST: Final = 2  # bytes of a frame
_MASKED: Final = 0x80
_TWO: Final = 126  # says that the length has two bytes
_EIGHT: Final = 127
_LAST: Final = 0x80  # FIN: no fragment follows
_CONTROL: Final = 0x08  # an opcode's bit: not of a message, may come amid its fragments


class Frame(NamedTuple):
    """A whole frame: where it lies in the inbox."""

    first: int  # byte: FIN, RSV and the opcode
    begin: int
    payload: int
    end: int


class Inbox:
    """A buffer that is filled in place and read frame by frame.

    `room` is where to receive to, `filled` says how much came, `frame` finds the next whole frame,
    `text` reads its payload, `take` its bytes as a socket would give them, and `drop` ends it.
    """

    def __init__(self) -> None:
        self._data = bytearray(ROOM)
        self._view = memoryview(self._data)
        self._begin = 0
        self._end = 0
        self._taken = 0
        self._wanted = 0  # bytes that the frame begun needs in all
        self._fragments = 0  # of the message begun
        self._fragment_bytes = 0

    def room(self) -> memoryview:
        """Free bytes, never none."""
        held = self._end - self._begin
        if held == 0:
            self._begin = self._end = 0
            if len(self._data) > ROOM:
                self._move(ROOM)
        elif max(self._wanted, held + 1) > len(self._data):
            self._move(max(self._wanted, 2 * len(self._data)))
        elif self._end == len(self._data) or self._begin + self._wanted > len(self._data):
            self._move(len(self._data))
        return self._view[self._end :]

    def filled(self, count: int) -> None:
        """So many bytes of the room were written."""
        self._end += count

    def frame(self) -> Frame | None:
        """The next frame, once it is whole.

        Raises:
            ProtocolError: It, or its message so far, is longer than anything that makes sense.
        """
        data, begin = self._data, self._begin
        held = self._end - begin
        if held < _FEWEST:
            self._wanted = _FEWEST
            return None
        second = data[begin + 1]
        size = second & ~_MASKED
        head = 2
        if size >= _TWO:
            head = 4 if size == _TWO else 10
            if held < head:
                self._wanted = head
                return None
            size = int.from_bytes(data[begin + 2 : begin + head])
        if second & _MASKED:
            head += 4
        if size > bounds.MESSAGE_BYTES:
            raise ProtocolError("A message is too long.")
        if held < head + size:
            self._wanted = head + size
            return None
        self._wanted = 0
        self._taken = begin
        if not data[begin] & _CONTROL:
            self._count_fragment(size, last=bool(data[begin] & _LAST))
        return Frame(data[begin], begin, begin + head, begin + head + size)

    def _count_fragment(self, size: int, *, last: bool) -> None:
        self._fragments += 1
        self._fragment_bytes += size
        if self._fragment_bytes > bounds.MESSAGE_BYTES or self._fragments > bounds.FRAGMENTS:
            raise ProtocolError("A message comes in too many pieces.")
        if last:
            self._fragments = self._fragment_bytes = 0

    def text(self, frame: Frame) -> str:
        """The payload of an unmasked text frame.

        Raises:
            UnicodeDecodeError: It is none.
        """
        return str(self._view[frame.payload : frame.end], "utf-8")

    def take(self, count: int, frame: Frame) -> bytes:
        """Up to so many of the frame's bytes; each once."""
        taken = bytes(self._view[self._taken : min(self._taken + count, frame.end)])
        self._taken += len(taken)
        return taken

    def drop(self, frame: Frame) -> None:
        """The frame was read."""
        self._begin = frame.end

    def _move(self, size: int) -> None:
        data = bytearray(size)
        held = self._end - self._begin
        data[:held] = self._view[self._begin : self._end]
        self._data, self._view = data, memoryview(data)
        self._begin, self._end = 0, held
