import socket
import sys

import pytest

from bot.voice.receive import drops


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell")
def test_datagrams_that_the_kernel_had_no_room_for_are_counted() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as full,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        full.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)  # the least there is
        full.bind(("127.0.0.1", 0))
        full.settimeout(0)
        assert drops.of(full) == 0
        for _ in range(100):
            sender.sendto(b"x" * 100, full.getsockname())
        read = 0
        while True:
            try:
                full.recv(2048)
            except BlockingIOError:
                break
            read += 1
        assert 0 < read < 100
        assert drops.of(full) == 100 - read


def test_a_closed_socket_tells_nothing() -> None:
    closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.close()
    assert drops.of(closed) is None
