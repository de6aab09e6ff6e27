"""What the host decides of servers, their names, and what all spent together in a month."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0004"
down_revision = "0003"

_AMOUNTS = (
    "audio_in_samples",
    "audio_out_samples",
    "tokens_in",
    "tokens_out",
    "tokens_voice",
    "connects",
)


def upgrade(op: Operations) -> None:
    """Add the tables, and count this month as far as it is known."""
    op.create_table(
        "guild_names",
        _id("guild_id"),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="pk_guild_names"),
    )
    op.create_table(
        "host_grants",
        _id("guild_id"),
        sa.Column("allowed", sa.Boolean, nullable=False),
        sa.Column("daily_minutes", sa.Double),
        sa.PrimaryKeyConstraint("guild_id", name="pk_host_grants"),
    )
    op.create_table(
        "account_warnings",
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("percent", sa.Integer, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("month", "percent", name="pk_account_warnings"),
    )
    months = op.create_table(
        "account_usage",
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, server_default=sa.text("0"), nullable=False)
            for name in _AMOUNTS
        ),
        sa.PrimaryKeyConstraint("month", "model", name="pk_account_usage"),
    )
    _count(op, months)


def _count(op: Operations, months: sa.Table) -> None:
    amounts = [sa.column(name, sa.BigInteger) for name in _AMOUNTS]
    day, model = sa.column("day", sa.Date), sa.column("model", sa.Text)
    usage = sa.table("usage", day, model, *amounts)
    month = datetime.now(UTC).date().replace(day=1)
    query = (
        # PostgreSQL's sums of bigint are decimals.
        sa.select(
            sa.literal(month, sa.Date),
            model,
            *(sa.cast(sa.func.sum(amount), sa.BigInteger) for amount in amounts),
        )
        .select_from(usage)
        .where(day >= month)
        .group_by(model)
    )
    op.execute(months.insert().from_select(["month", "model", *_AMOUNTS], query))


def _id(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, autoincrement=False, nullable=False)
