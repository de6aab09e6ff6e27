"""A look at a database that changes nothing: no file, no table and no row is made."""

import asyncio
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from bot.errors import StoreError
from bot.store import faults, migrations
from bot.store.database import engine_of
from bot.store.ownership import processes

_BUSY_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class DatabaseLook:
    """What was seen.

    Attributes:
        kind: "SQLite" or "PostgreSQL".
        file: SQLite's file; None where it has none.
        exists: Whether there is something to open; what is missing is made when the bot starts.
        steps: Where its tables are; None while there are none.
        held: Whether a process of the bot uses it.
    """

    kind: str
    file: Path | None
    exists: bool
    steps: migrations.Steps | None
    held: bool


def folder_of(url: str) -> Path | None:
    """Return the folder of a database's file; None where it has none on this machine."""
    file = file_of(url)
    return None if file is None else file.parent


def file_of(url: str) -> Path | None:
    """Return a database's file; None where it has none on this machine."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    named = parsed.database
    if parsed.get_backend_name() != "sqlite" or not named or named == ":memory:":
        return None
    return None if named.startswith("file:") else Path(named)


async def look(url: str) -> DatabaseLook:
    """Look at the database at `url`.

    Raises:
        StoreError: It can't be used; says what to do about it.
    """
    if make_url(url).get_backend_name() != "sqlite":
        return await _look_at_server(url)
    file = file_of(url)
    if file is None:
        return DatabaseLook("SQLite", None, exists=False, steps=None, held=False)
    try:
        return await asyncio.to_thread(_look_at_file, file)
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise faults.at_start(error) from None


async def _look_at_server(url: str) -> DatabaseLook:
    engine = engine_of(url)
    try:
        async with engine.connect() as connection:
            steps = await connection.run_sync(migrations.steps)
            held = await processes.run_on(connection)
    except (SQLAlchemyError, OSError) as error:
        raise faults.at_start(error) from None
    finally:
        await engine.dispose()
    return DatabaseLook("PostgreSQL", None, exists=True, steps=steps, held=held)


def _look_at_file(file: Path) -> DatabaseLook:
    there = next(parent for parent in file.absolute().parents if parent.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise StoreError(
            f"The database can't be used: this user may not write in {there}. Let it, or name "
            "another file in DATABASE_URL."
        )
    if not file.exists():
        return DatabaseLook("SQLite", file, exists=False, steps=None, held=False)
    # Not made where it is missing, and none that only can be read.
    engine = create_engine("sqlite://", creator=_opener(file), poolclass=NullPool)
    with engine.connect() as connection:
        steps = migrations.steps(connection)
        held = _held(file.with_name(f"{file.name}-lease"))
        if not held:  # a bot that runs would make it wait
            _check_writable(connection)
    return DatabaseLook("SQLite", file, exists=True, steps=steps, held=held)


def _opener(file: Path) -> Callable[[], sqlite3.Connection]:
    address = f"{file.absolute().as_uri()}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, timeout=_BUSY_S, isolation_level=None, uri=True)

    return connect


def _check_writable(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.execute("BEGIN IMMEDIATE")  # the lock that a writer takes
        driver.execute("ROLLBACK")


def _held(file: Path) -> bool:
    """Return whether a process holds the file's lease: it is tried for a moment."""
    if not file.exists():
        return False
    connection = _opener(file)()
    try:
        connection.execute("PRAGMA busy_timeout=0")
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return True
    finally:
        connection.close()
    return False
