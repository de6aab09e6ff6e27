"""Measuring in a process of its own, and packets sent at the pace of speech."""

import gc
import multiprocessing
import os
import resource
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import NamedTuple

_CONTEXT = multiprocessing.get_context("fork")  # a DAVE session can't be sent, only inherited


class Cost(NamedTuple):
    """CPU seconds of a process, and the packets it heard for them."""

    cpu_s: float
    packets: int

    @property
    def us(self) -> float:
        """Microseconds of CPU per packet."""
        return self.cpu_s / self.packets * 1e6


def settle() -> None:
    """Let the garbage collector look at nothing of what there is, as the bot does when it runs."""
    gc.collect()
    gc.freeze()


def cpu_s() -> float:
    """CPU seconds of this process: all threads, in the kernel too."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def resident_kb() -> float:
    """Memory of this process that no other shares, in kB."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no file on a disk
        _, resident, shared, *_ = map(int, file.read().split())
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE") / 1024


class Child:
    """Runs `work` in a forked process; both ends of a pipe are given what the other sends."""

    def __init__(self, work: Callable[[Connection], None]) -> None:
        self.pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=work, args=(theirs,))
        self._process.start()
        theirs.close()

    def result(self) -> object:
        """The next thing it sends.

        Raises:
            EOFError: It ended without.
        """
        if not self.pipe.poll(60):
            raise TimeoutError("A measured process isn't answering.")
        return self.pipe.recv()

    def end(self) -> None:
        """Wait for its end."""
        self._process.join(20)
        if self._process.is_alive():
            self._process.kill()
        self.pipe.close()


def alone(work: Callable[[], Cost]) -> Cost:
    """The cost that `work` measures, in a process of its own."""
    child = Child(lambda pipe: pipe.send(work()))
    try:
        cost = child.result()
    finally:
        child.end()
    assert isinstance(cost, Cost)
    return cost


def listening_socket() -> socket.socket:
    """A UDP socket on this machine, roomy enough that nothing is lost to scheduling."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
    sock.bind(("127.0.0.1", 0))
    return sock


def send_paced(datagrams: list[bytes], speakers: int, to: tuple[str, int]) -> list[float]:
    """Send each speaker's packets every 20 ms, the speakers spread evenly; returns when."""
    step = 0.02 / speakers
    times = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        start = time.monotonic()
        for index, datagram in enumerate(datagrams):
            wait = start + index * step - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            times.append(time.monotonic())
            sock.sendto(datagram, to)
        time.sleep(0.1)
        sock.sendto(b"\0", to)
    return times
