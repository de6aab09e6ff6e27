"""Consent and usage, as the first versions made them without migrations."""

import sqlalchemy as sa
from alembic.operations import Operations

revision = "0001"
down_revision = None

_AMOUNTS = (
    "audio_in_samples",
    "audio_out_samples",
    "tokens_in",
    "tokens_out",
    "tokens_voice",
    "connects",
)


def upgrade(op: Operations) -> None:
    """Make the tables where they are missing."""
    op.create_table(
        "consent",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.func.current_timestamp(),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("guild_id", "user_id", name="pk_consent"),
        if_not_exists=True,
    )
    op.create_table(
        "usage",
        sa.Column("guild_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("user_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, server_default=sa.text("0"), nullable=False)
            for name in _AMOUNTS
        ),
        sa.PrimaryKeyConstraint("guild_id", "day", "user_id", "model", name="pk_usage"),
        if_not_exists=True,
    )
