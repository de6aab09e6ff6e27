"""The C floor: built when needed, run beside the others."""

import shutil
import socket
import struct
import subprocess
import tempfile
from pathlib import Path

from tests.bench.measure import Cost

_SOURCE = Path(__file__).with_name("floor.c")
_BUILT = Path(__file__).with_name("build") / "floor"


class MissingError(Exception):
    """Something that has to be installed is not; the message is one line for the user."""


def build() -> Path:
    """The program, built anew when its source is newer.

    Raises:
        MissingError: The compiler or a header is not there.
    """
    if _BUILT.exists() and _BUILT.stat().st_mtime > _SOURCE.stat().st_mtime:
        return _BUILT
    compiler = shutil.which("gcc")
    need = "make bench needs gcc, libopus-dev and libssl-dev (Debian: apt install {})"
    if compiler is None:
        raise MissingError(need.format("gcc libopus-dev libssl-dev"))
    _BUILT.parent.mkdir(exist_ok=True)
    command = [compiler, "-O3", "-march=native", "-Wall", "-Wextra", "-o", str(_BUILT)]
    libraries = ["-lopus", "-lcrypto"]
    done = subprocess.run(  # noqa: S603 - a fixed command
        [*command, str(_SOURCE), *libraries], capture_output=True, text=True, check=False
    )
    if done.returncode:
        if "opus" in done.stderr or "openssl" in done.stderr or "crypto" in done.stderr:
            raise MissingError(need.format("gcc libopus-dev libssl-dev"))
        raise MissingError(f"gcc did not build the floor: {done.stderr.strip().splitlines()[0]}")
    return _BUILT


def _cost(output: str) -> Cost:
    cpu_s, packets, _ = output.split()
    return Cost(float(cpu_s), int(packets))


def saturated(program: Path, datagrams: list[bytes], speakers: int) -> Cost:
    """All packets as fast as it goes."""
    with tempfile.NamedTemporaryFile() as file:
        for datagram in datagrams:
            file.write(struct.pack("<H", len(datagram)) + datagram)
        file.flush()
        return _cost(
            subprocess.check_output(  # noqa: S603 - our own program
                [str(program), "file", file.name, str(speakers)], text=True
            )
        )


class Paced:
    """Hears from a UDP socket what is sent to it."""

    def __init__(self, program: Path, listening: socket.socket, speakers: int) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [str(program), "fd", str(listening.fileno()), str(speakers)],
            pass_fds=[listening.fileno()],
            stdout=subprocess.PIPE,
            text=True,
        )

    def result(self) -> Cost:
        """What it took, once the last packet was sent."""
        output, _ = self._process.communicate(timeout=10)
        return _cost(output)
