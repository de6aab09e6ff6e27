"""How many datagrams the kernel dropped, as nobody read them in time.

Linux counts them for each socket and tells in three ways. `SO_RXQ_OVFL` puts the counter beside
each datagram, so that each has to be read by `recvmsg`, which costs more than all else that is done
to read it. `/proc/net/udp` lists every socket of the machine, to be searched for one.
`SO_MEMINFO` is one call of some 2 µs, made once a second.
"""

import socket
import struct
import sys
from typing import Final, Protocol

WRAPS: Final = 1 << 32  # the counter has 32 bits

_SO_MEMINFO: Final = 55  # of Linux; Python has no name for it
_FIELDS: Final = struct.Struct("=9I")
_DROPS: Final = 8  # the last of them, SK_MEMINFO_DROPS


class Socket(Protocol):
    """What is used of a socket."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...  # noqa: D102


def of(source: Socket) -> int | None:
    """Return how many datagrams to this socket were dropped since it was opened, modulo `WRAPS`.

    None where the system does not tell, or the socket is closed.
    """
    if sys.platform != "linux":
        return None
    try:
        read = source.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _FIELDS.size)
    except OSError:
        return None
    return int(_FIELDS.unpack(read)[_DROPS]) if len(read) == _FIELDS.size else None
