"""The schema's history: one file in `versions/` for each step.

A step is written by hand; `alembic.autogenerate.compare_metadata`, which a test runs on both
databases, says what is still missing for the tables as they are (`bot/store/tables.py`). Steps
that were released are not changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bot.errors import StoreError
from bot.logs import get_logger

log = get_logger(__name__)

_FOLDER = Path(__file__).parent
# Of this project's: other programs in the same PostgreSQL take other numbers.
_LOCK = 0x7061726C6579


@dataclass(frozen=True, slots=True)
class Steps:
    """Where a database's tables are in the schema's history.

    Attributes:
        current: The step that they are at; None: there are none, or of before there were steps.
        pending: The steps that are still to be taken, first to last.
        newest: The last step of this version.
        unknown: Whether a newer version made them.
    """

    current: str | None
    pending: tuple[str, ...]
    newest: str
    unknown: bool


def steps(connection: Connection) -> Steps:
    """Return where the tables are; changes nothing."""
    scripts = ScriptDirectory(str(_FOLDER))
    known = [step.revision for step in reversed(list(scripts.walk_revisions()))]
    heads = MigrationContext.configure(connection).get_current_heads()
    current = heads[0] if heads else None
    unknown = current is not None and current not in known
    done = 0 if current is None or unknown else known.index(current) + 1
    return Steps(current, () if unknown else tuple(known[done:]), known[-1], unknown)


def upgrade(connection: Connection) -> None:
    """Bring the tables to this version, in the connection's transaction.

    A database of before there were migrations has no version and holds the first step's tables:
    that step makes only those that are missing.

    Raises:
        StoreError: A newer version made this database.
    """
    if connection.dialect.name == "postgresql":
        # Two processes that start at once; SQLite's transaction is alone from its beginning.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    scripts = ScriptDirectory(str(_FOLDER))

    def steps(heads: Any, _context: MigrationContext) -> Iterable[Any]:
        return scripts._upgrade_revs("head", heads)  # noqa: SLF001 - as Alembic's manual does it

    context = MigrationContext.configure(connection, opts={"fn": steps, "script": scripts})
    before = context.get_current_heads()
    _refuse_newer(scripts, before)
    # Given to the steps, as Alembic's global `op` would be shared by two databases opened at once.
    context.run_migrations(op=Operations(context))
    if before != (after := context.get_current_heads()):
        log.info(
            "the database was migrated",
            from_step=", ".join(before) or "none",
            to_step=", ".join(after) or "none",
        )


def check(connection: Connection) -> None:
    """Leave the tables as they are.

    Raises:
        StoreError: They are not this version's.
    """
    scripts = ScriptDirectory(str(_FOLDER))
    before = MigrationContext.configure(connection).get_current_heads()
    _refuse_newer(scripts, before)
    if list(before) != list(scripts.get_heads()):
        raise StoreError(
            "The database was made by an older version of Parley: start this version of the bot "
            "once, which brings it up to date."
        )


def _refuse_newer(scripts: ScriptDirectory, heads: Iterable[str]) -> None:
    known = {step.revision for step in scripts.walk_revisions()}
    if unknown := set(heads) - known:
        raise StoreError(
            f"The database was made by a newer version of Parley (it is at step "
            f"{', '.join(sorted(unknown))}, this one ends at {scripts.get_current_head()}): "
            "update Parley, or name another database in DATABASE_URL."
        )
