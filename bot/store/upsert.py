"""Rows that are put where they are missing and changed where they stand, on both databases."""

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that can say what happens on conflicts."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def put(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that replaces the row with the same primary key."""
    row = insert(dialect, table)
    keys = [column.name for column in table.primary_key]
    rest = {c.name: row.excluded[c.name] for c in table.columns if c.name not in keys}
    return row.on_conflict_do_update(index_elements=keys, set_=rest)
