"""One reader's connection."""

import asyncio
from typing import Final

from bot.page import packets
from bot.page.packets import CloseCode

MOST_WAITING: Final = 64 * 1024  # bytes for a reader whose network is slow
_CLOSED_WITHIN_S: Final = 2.0


class SocketReader:
    """Writes frames to a connection as they are. Implements `feed.Reader`.

    Not by aiohttp's `send_str`, which makes each frame anew for each reader, and waits for those
    that do not read: see `packets`.

    Args:
        transport: The connection, once it is a WebSocket.
        member_id: Who reads.
    """

    def __init__(self, transport: asyncio.Transport, member_id: int) -> None:
        self._transport = transport
        self._member_id = member_id
        self._ended = False

    @property
    def member_id(self) -> int:
        """Who reads."""
        return self._member_id

    def ready(self) -> bool:
        """Return whether more can be sent without piling up."""
        return not self._gone and self._transport.get_write_buffer_size() <= MOST_WAITING

    def send(self, frame: bytes) -> None:
        """Send a frame."""
        if not self._gone:
            self._transport.write(frame)

    def end(self, code: CloseCode) -> None:
        """Close the connection, with the reason; cut it, if that is not answered in time."""
        if not self._gone:
            self._transport.write(packets.close(code))
            asyncio.get_running_loop().call_later(_CLOSED_WITHIN_S, self.drop)
        self._ended = True

    def drop(self) -> None:
        """Cut the connection."""
        self._ended = True
        self._transport.abort()

    @property
    def _gone(self) -> bool:
        return self._ended or self._transport.is_closing()
